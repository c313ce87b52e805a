import { viewOf } from './ascii.ts'
import { type Masker, toNull } from './rule.ts'

/**
 * Arrays in binary format (PostgreSQL source, array_send): dimensions, whether a NULL is among the elements, the type of
 * the elements, then size and first index of each dimension, then each element with its length, -1 for NULL.
 */

const HEADER_BYTES = 12
const DIMENSION_BYTES = 8
const LENGTH_BYTES = 4
/** Dimensions that an array can have (MAXDIM). */
const DEPTH_MAX = 6
const NULL_LENGTH = -1

/** Each element masked in its place. What is not exactly such an array of this element type gives NULL as a whole. */
export function arrayBinaryMasker(element: Masker, elementOid: number): Masker {
  if (element === toNull) return toNull
  return (value) => {
    const body = elementsAt(value, elementOid)
    const masked = body === null ? null : maskedElements(value, body.at, body.count, element)
    return body === null || masked === null ? null : assembled(value.subarray(0, body.at), masked)
  }
}

function elementsAt(value: Uint8Array, elementOid: number): { readonly at: number; readonly count: number } | null {
  if (value.length < HEADER_BYTES) return null
  const view = viewOf(value)
  const depth = view.getInt32(0)
  if (depth < 0 || depth > DEPTH_MAX || view.getUint32(8) !== elementOid) return null
  const at = HEADER_BYTES + depth * DIMENSION_BYTES
  if (value.length < at) return null
  let count = depth === 0 ? 0 : 1
  for (let dimension = 0; dimension < depth; dimension += 1) {
    count *= view.getInt32(HEADER_BYTES + dimension * DIMENSION_BYTES)
    // Each element takes its length at least.
    if (count < 0 || count * LENGTH_BYTES > value.length - at) return null
  }
  return { at, count }
}

type Elements = readonly (Uint8Array | null)[]

function maskedElements(value: Uint8Array, start: number, count: number, element: Masker): Elements | null {
  const view = viewOf(value)
  const masked: (Uint8Array | null)[] = []
  let at = start
  for (let index = 0; index < count; index += 1) {
    if (value.length - at < LENGTH_BYTES) return null
    const length = view.getInt32(at)
    at += LENGTH_BYTES
    if (length < NULL_LENGTH || length > value.length - at) return null
    masked.push(length === NULL_LENGTH ? null : element(value.subarray(at, at + length)))
    at += Math.max(length, 0)
  }
  return at === value.length ? masked : null
}

function assembled(header: Uint8Array, elements: Elements): Uint8Array {
  const size = elements.reduce((sum, element) => sum + LENGTH_BYTES + (element?.length ?? 0), header.length)
  const out = new Uint8Array(size)
  out.set(header)
  const view = viewOf(out)
  view.setInt32(4, elements.includes(null) ? 1 : 0)
  let at = header.length
  for (const element of elements) {
    view.setInt32(at, element === null ? NULL_LENGTH : element.length)
    at += LENGTH_BYTES
    if (element !== null) out.set(element, at)
    at += element?.length ?? 0
  }
  return out
}

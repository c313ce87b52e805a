import { SallyportError } from '../errors.ts'
import type { Entry } from './entries.ts'

/**
 * The content of one sealed frame:
 *
 *     32 bytes  SHA-256 of the clear head of the file
 *     4 bytes   the number of the frame from 0, big-endian
 *     1 byte    1 in the last one, else 0
 *     4 bytes   length of the JSON, big-endian
 *     JSON      the entries; of `bytes` only how many
 *     the rest  those bytes, one after the other
 */
const DIGEST_BYTES = 32
const NUMBER_AT = DIGEST_BYTES
const LAST_AT = NUMBER_AT + 4
const LENGTH_AT = LAST_AT + 1
const JSON_AT = LENGTH_AT + 4

export interface Frame {
  readonly head: Uint8Array
  readonly number: number
  readonly last: boolean
  readonly entries: readonly Entry[]
}

export function encodeFrame({ head, number, last, entries }: Frame): Uint8Array {
  const pieces: Uint8Array[] = []
  const shown = entries.map((entry) => {
    if (entry.kind !== 'bytes') return entry
    pieces.push(entry.bytes)
    return { ...entry, bytes: entry.bytes.length }
  })
  const json = new TextEncoder().encode(JSON.stringify(shown))
  const start = new Uint8Array(JSON_AT)
  start.set(head)
  const view = new DataView(start.buffer)
  view.setUint32(NUMBER_AT, number)
  view.setUint8(LAST_AT, last ? 1 : 0)
  view.setUint32(LENGTH_AT, json.length)
  return Buffer.concat([start, json, ...pieces])
}

/** Rejects what is no frame with `SP-INPUT`: it was opened, so who held the session's key wrote it. */
export function decodeFrame(plain: Uint8Array): Frame {
  if (plain.length < JSON_AT) throw misshapen()
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength)
  const bytesAt = JSON_AT + view.getUint32(LENGTH_AT)
  if (bytesAt > plain.length) throw misshapen()
  const head = plain.slice(0, DIGEST_BYTES)
  const shown = entriesOf(new TextDecoder('utf-8', { ignoreBOM: true }).decode(plain.subarray(JSON_AT, bytesAt)))
  const entries = withBytes(shown, plain.subarray(bytesAt))
  return { head, number: view.getUint32(NUMBER_AT), last: view.getUint8(LAST_AT) === 1, entries }
}

type Shown = Exclude<Entry, { kind: 'bytes' }> | { readonly kind: 'bytes'; readonly at: number; readonly bytes: number }

function entriesOf(json: string): readonly Shown[] {
  try {
    return JSON.parse(json) as readonly Shown[]
  } catch {
    throw misshapen()
  }
}

function withBytes(shown: readonly Shown[], bytes: Uint8Array): Entry[] {
  let at = 0
  const entries = shown.map((entry): Entry => {
    if (entry.kind !== 'bytes') return entry
    const end = at + entry.bytes
    if (end > bytes.length) throw misshapen()
    const taken = bytes.slice(at, end)
    at = end
    return { ...entry, bytes: taken }
  })
  if (at !== bytes.length) throw misshapen()
  return entries
}

function misshapen(): SallyportError {
  return new SallyportError('SP-INPUT', 'a frame of the recording has a form that is not known')
}

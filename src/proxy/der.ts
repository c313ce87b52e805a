import { SallyportError } from '../errors.ts'

/** The little of DER (X.690) that certificates of our own are made of, and requests for them read by. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

export interface Element {
  readonly tag: number
  /** With tag and length. */
  readonly whole: Uint8Array
  readonly content: Uint8Array
}

/** One element; a length over 127 takes the long form (X.690, 8.1.3.5). */
export function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content)
  if (body.length < 0x80) return Buffer.concat([Uint8Array.of(tag, body.length), body])
  const hex = body.length.toString(16)
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Uint8Array.of(tag, 0x80 | length.length), length, body])
}

export function sequence(...content: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, ...content)
}

/** `2.5.29.17` and the like: the first two arcs share a byte, the others are in base 128 (X.690, 8.19). */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(TAG.oid, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** GeneralizedTime in seconds and UTC (RFC 5280, 4.1.2.5.2 asks for it from 2050 on, and every client reads it before). */
export function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')
  return der(TAG.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'))
}

/** The elements of a constructed one, read strictly: definite and shortest lengths, nothing left over. Throws `SP-INPUT`. */
export function elementsOf(bytes: Uint8Array): Element[] {
  const found: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number
    const { start, end } = extentOf(bytes, at)
    found.push({ tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) })
    at = end
  }
  return found
}

const LONGEST_LENGTH_BYTES = 3

function extentOf(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } {
  const first = bytes[at + 1] ?? 0x80
  const more = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || more > LONGEST_LENGTH_BYTES) throw malformed()
  const lengthBytes = bytes.subarray(at + 2, at + 2 + more)
  const length = more === 0 ? first : lengthBytes.reduce((sum, byte) => sum * 256 + byte, 0)
  if (more > 0 && (lengthBytes[0] === 0 || length < 0x80)) throw malformed()
  const start = at + 2 + more
  const end = start + length
  if (end > bytes.length || (bytes[at] as number & 0x1f) === 0x1f) throw malformed()
  return { start, end }
}

function malformed(): SallyportError {
  return new SallyportError('SP-INPUT', 'the certification request is malformed')
}

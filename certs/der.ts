/** The little of DER (X.690) and X.509 (RFC 5280) that a development certificate needs; Node signs, but writes no X.509. */
import { isIPv4, isIPv6 } from 'node:net'

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

/** One element; a length over 127 takes the long form (X.690, 8.1.3.5). */
export function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content)
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const hex = body.length.toString(16)
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}

export function sequence(...content: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, ...content)
}

/** `2.5.29.17` and the like: the first two arcs share a byte, the others are in base 128 (X.690, 8.19). */
export function oid(dotted: string): Uint8Array {
  const arcs = dotted.split('.').map(Number)
  const [first = 0, second = 0, ...rest] = arcs
  return der(TAG.oid, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

/** A non-negative INTEGER from big-endian bytes. */
export function unsignedInteger(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  const shortest = start < 0 ? Uint8Array.of(0) : bytes.subarray(start)
  const first = shortest[0] ?? 0
  return der(TAG.integer, first >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), shortest)
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return der(TAG.bitString, Uint8Array.of(unusedBits), bytes)
}

/** GeneralizedTime in seconds and UTC (RFC 5280, 4.1.2.5.2). */
export function time(date: Date): Uint8Array {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  return der(TAG.generalizedTime, Buffer.from(digits, 'latin1'))
}

/** A distinguished name of a common name alone. */
export function commonName(name: string): Uint8Array {
  return sequence(der(TAG.set, sequence(oid('2.5.4.3'), der(TAG.utf8, Buffer.from(name)))))
}

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const mark = critical ? [der(TAG.boolean, Uint8Array.of(0xff))] : []
  return sequence(oid(id), ...mark, der(TAG.octetString, value))
}

/** A GeneralName: an address (tag 7) or a DNS name (tag 2), RFC 5280, 4.2.1.6. */
export function generalName(name: string): Uint8Array {
  if (isIPv4(name)) return der(0x87, Uint8Array.from(name.split('.').map(Number)))
  if (isIPv6(name)) return der(0x87, ipv6Bytes(name))
  return der(0x82, Buffer.from(name, 'latin1'))
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

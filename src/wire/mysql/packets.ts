import { broken } from './text.ts'

/** Length (3 bytes, little-endian) and sequence number before each payload ("MySQL Packets"). */
export const HEADER_BYTES = 4
/** A payload of this many bytes or more goes on in the next packet; the last one is always shorter, if need be empty. */
export const CHUNK_BYTES = 0xffffff

/** The payload in as many packets as it needs; the first has `firstSequence`, the others count on modulo 256. */
export function encodePackets(payload: Uint8Array, firstSequence: number): Uint8Array {
  const packets = packetCount(payload.length)
  const out = new Uint8Array(payload.length + packets * HEADER_BYTES)
  let from = 0
  let at = 0
  for (let i = 0; i < packets; i++) {
    const length = Math.min(payload.length - from, CHUNK_BYTES)
    putHeader(out, at, length, firstSequence + i)
    out.set(packets === 1 ? payload : payload.subarray(from, from + length), at + HEADER_BYTES)
    from += length
    at += HEADER_BYTES + length
  }
  return out
}

/** How many packets, and so sequence numbers, a payload of `bytes` takes. */
export function packetCount(bytes: number): number {
  return Math.floor(bytes / CHUNK_BYTES) + 1
}

function putHeader(target: Uint8Array, at: number, length: number, sequence: number): void {
  target[at] = length
  target[at + 1] = length >>> 8
  target[at + 2] = length >>> 16
  target[at + 3] = sequence
}

export function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16)
}

/**
 * Gives whole packets that lie side by side new sequence numbers from `firstSequence` on, in place: for a proxy that
 * sent more or fewer packets than it received. Answers the number that follows the last.
 */
export function renumberPackets(packets: Uint8Array, firstSequence: number): number {
  let sequence = firstSequence & 0xff
  let at = 0
  while (at < packets.length) {
    const next = at + HEADER_BYTES <= packets.length ? at + HEADER_BYTES + lengthAt(packets, at) : packets.length + 1
    if (next > packets.length) throw broken('a run of packets ends early')
    packets[at + 3] = sequence
    sequence = (sequence + 1) & 0xff
    at = next
  }
  return sequence
}

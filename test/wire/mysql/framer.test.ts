import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Packet, PacketFramer } from '../../../src/wire/mysql/framer.ts'
import { CHUNK_BYTES, encodePackets, packetCount, renumberPackets } from '../../../src/wire/mysql/packets.ts'
import { hex, join, text, toHex } from './samples.ts'

const MAX = { maxPayloadBytes: 1 << 16 }

function all(framer: PacketFramer): Packet[] {
  const packets: Packet[] = []
  for (let packet = framer.next(); packet !== null; packet = framer.next()) packets.push(packet)
  return packets
}

describe('PacketFramer', () => {
  it('gives views of a chunk, and nothing of it twice', () => {
    const chunk = join([encodePackets(text('one'), 0), encodePackets(text(''), 1), encodePackets(text('two'), 255)])
    const framer = new PacketFramer(MAX)
    framer.push(chunk)
    const packets = all(framer)
    expect(packets.map(({ sequence, payload }) => [sequence, Buffer.from(payload).toString()])).toEqual([
      [0, 'one'],
      [1, ''],
      [255, 'two'],
    ])
    expect(
      packets.every(({ payload, bytes }) => payload.buffer === chunk.buffer && bytes?.buffer === chunk.buffer),
    ).toBe(true)
    expect(framer.buffered).toBe(0)
  })

  it('gives the same packets however the bytes are split', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 })
    const cuts = fc.array(fc.nat(400), { maxLength: 12 })
    const check = fc.property(payloads, cuts, (parts, places) => {
      const bytes = join(parts.map((part, i) => encodePackets(part, i)))
      const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
      const framer = new PacketFramer(MAX)
      const got: Packet[] = []
      let from = 0
      for (const end of [...ends, bytes.length]) {
        framer.push(bytes.slice(from, end))
        from = end
        got.push(...all(framer))
      }
      expect(got.map(({ payload }) => toHex(payload))).toEqual(parts.map(toHex))
      expect(got.map(({ sequence }) => sequence)).toEqual(parts.map((_, i) => i))
      expect(toHex(join(got.map(({ bytes: raw }) => raw!)))).toBe(toHex(bytes))
      expect(framer.buffered).toBe(0)
    })
    fc.assert(check, { numRuns: 300 })
  })

  it('counts what it holds', () => {
    const framer = new PacketFramer(MAX)
    framer.push(hex('0500'))
    expect([framer.next(), framer.buffered]).toEqual([null, 2])
    framer.push(hex('0000 6162'))
    expect([framer.next(), framer.buffered]).toEqual([null, 6])
    framer.push(hex('636465 01'))
    expect(Buffer.from(framer.next()!.payload).toString()).toBe('abcde')
    expect(framer.buffered).toBe(1)
  })

  it('refuses a payload over the limit before its bytes have come', () => {
    const framer = new PacketFramer({ maxPayloadBytes: 10 })
    framer.push(hex('0b0000 00'))
    expect(() => framer.next()).toThrow(/larger than 10 bytes/)
    const split = new PacketFramer({ maxPayloadBytes: 10 })
    split.push(hex('0b'))
    split.next()
    split.push(hex('0000 00'))
    expect(() => split.next()).toThrow(/larger than 10 bytes/)
  })
})

describe('payloads of several packets', () => {
  it.each([CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 5, 2 * CHUNK_BYTES])('%i bytes', (size) => {
    const payload = new Uint8Array(size)
    payload[0] = 3
    payload[size - 1] = 7
    const bytes = encodePackets(payload, 254)
    expect(bytes.length).toBe(size + 4 * packetCount(size))
    const framer = new PacketFramer({ maxPayloadBytes: size })
    for (let at = 0; at < bytes.length; at += 1 << 20) framer.push(bytes.subarray(at, at + (1 << 20)))
    const packet = framer.next()!
    expect(Buffer.compare(packet.payload, payload)).toBe(0)
    expect([packet.firstSequence, packet.sequence]).toEqual([254, (254 + packetCount(size) - 1) & 0xff])
    expect(packet.bytes === null).toBe(packetCount(size) > 1)
    expect([framer.next(), framer.buffered]).toEqual([null, 0])
  })

  it('refuses a continuation out of order, and one over the limit', () => {
    const bytes = encodePackets(new Uint8Array(CHUNK_BYTES + 1), 0)
    const small = new PacketFramer({ maxPayloadBytes: CHUNK_BYTES })
    small.push(bytes)
    expect(() => small.next()).toThrow(/larger/)
    bytes[CHUNK_BYTES + 4 + 3] = 2
    const framer = new PacketFramer({ maxPayloadBytes: CHUNK_BYTES * 2 })
    framer.push(bytes)
    expect(() => framer.next()).toThrow(/out of order/)
  })
})

describe('takeRun', () => {
  const isRow = (first: number) => first >= 0 && first < 0xfe
  const rows = join([encodePackets(text('aa'), 254), encodePackets(text('b'), 255), encodePackets(text('cc'), 0)])
  const end = encodePackets(hex('fe00000200'), 1)

  it('takes whole consecutive rows as one view and leaves the rest', () => {
    const framer = new PacketFramer(MAX)
    framer.push(join([rows, end]))
    const run = framer.takeRun(isRow)!
    expect([toHex(run.bytes), run.count, run.firstSequence, run.sequence]).toEqual([toHex(rows), 3, 254, 0])
    expect(framer.takeRun(isRow)).toBeNull()
    expect(toHex(framer.next()!.payload)).toBe('fe00000200')
  })

  it('stops at its maximum, at a gap of the numbers and at a row that is not whole', () => {
    const framer = new PacketFramer(MAX)
    framer.push(join([rows, encodePackets(text('d'), 7), rows.subarray(0, 5)]))
    expect(framer.takeRun(isRow, 2)?.count).toBe(2)
    expect(framer.takeRun(isRow)?.count).toBe(1)
    expect(framer.takeRun(isRow)?.firstSequence).toBe(7)
    expect(framer.takeRun(isRow)).toBeNull()
    expect(framer.next()).toBeNull()
    framer.push(rows.subarray(5))
    expect(framer.takeRun(isRow)).toBeNull()
    expect(Buffer.from(framer.next()!.payload).toString()).toBe('aa')
    expect(framer.takeRun(isRow)?.count).toBe(2)
  })

  it('renumbers a run in place', () => {
    const copy = rows.slice()
    expect(renumberPackets(copy, 255)).toBe(2)
    const framer = new PacketFramer(MAX)
    framer.push(copy)
    expect(all(framer).map(({ sequence }) => sequence)).toEqual([255, 0, 1])
    expect(() => renumberPackets(rows.slice(0, 9), 0)).toThrow(/ends early/)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, Framer } from '../../../src/wire/postgres/framer.ts'
import { message } from '../../../src/wire/postgres/message.ts'
import { encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { SERVER } from '../../../src/wire/postgres/type-bytes.ts'
import { hex, join, text, toHex } from './samples.ts'

const MAX_BYTES = 4096
const row = (value: string): Uint8Array => message(SERVER.dataRow, (writer) => writer.text(value))
const ready = hex('5a 00000005 49')

function drain(framer: Framer): Frame[] {
  const frames: Frame[] = []
  for (let frame = framer.next(); frame !== null; frame = framer.next()) frames.push(frame)
  return frames
}

describe('Framer', () => {
  it('cuts a chunk without copying', () => {
    const chunk = join([row('a'), ready])
    const framer = new Framer({ maxBytes: MAX_BYTES })
    framer.push(chunk)
    const frames = drain(framer)
    expect(frames.map((frame) => frame.type)).toEqual([SERVER.dataRow, SERVER.readyForQuery])
    expect(frames.every((frame) => frame.bytes.buffer === chunk.buffer && frame.body.buffer === chunk.buffer)).toBe(
      true,
    )
    expect(toHex(frames[1]!.body)).toBe('49')
  })

  it('yields the same frames however the bytes are split', () => {
    const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 60 })))
    const check = fc.property(messages, fc.array(fc.nat({ max: 40 })), fc.boolean(), (input, sizes, eager) => {
      const wanted = input.map(([type, body]) => toHex(message(type, (writer) => writer.bytes(body))))
      const bytes = hex(wanted.join(''))
      const framer = new Framer({ maxBytes: MAX_BYTES })
      const seen: string[] = []
      const take = () => seen.push(...drain(framer).map((frame) => toHex(frame.bytes)))
      let at = 0
      for (const size of [...sizes, bytes.length]) {
        // A reused read buffer: what was not handed out must have been copied.
        const chunk = bytes.slice(at, at + size)
        at += chunk.length
        framer.push(chunk)
        if (eager) {
          take()
          chunk.fill(0xee)
        }
      }
      take()
      expect(seen).toEqual(wanted)
      expect(framer.buffered).toBe(0)
    })
    fc.assert(check, { numRuns: 300 })
  })

  it('gathers a large message that arrives byte by byte, and allocates by what has arrived', () => {
    const framer = new Framer({ maxBytes: 1 << 30 })
    const big = row('x'.repeat(200_000))
    for (let i = 0; i < big.length; i++) {
      expect(framer.next()).toBeNull()
      framer.push(big.subarray(i, i + 1))
    }
    expect(framer.next()?.bytes.length).toBe(big.length)
    framer.push(hex('44 3fffffff 00'))
    expect(framer.next()).toBeNull()
    expect(framer.buffered).toBe(6)
  })

  it.each([
    ['3', '44 00000003'],
    ['0', '44 00000000'],
    ['-1', '44 ffffffff'],
    ['the most negative one', '44 80000000'],
    ['above the limit', '44 00001000'],
  ])('refuses a length of %s, again and again', (_, bytes) => {
    for (const chunks of [[hex(bytes)], [...hex(bytes)].map((byte) => Uint8Array.of(byte))]) {
      const framer = new Framer({ maxBytes: MAX_BYTES })
      for (const chunk of chunks) framer.push(chunk)
      expect(() => framer.next()).toThrow(/SP-PROTOCOL/)
      expect(() => framer.next()).toThrow(/SP-PROTOCOL/)
      expect(() => framer.takeRun(SERVER.dataRow)).toThrow(/SP-PROTOCOL/)
    }
  })

  it('takes a message of exactly the limit and can change the limit', () => {
    const framer = new Framer({ maxBytes: 6 })
    framer.push(join([ready, row('ab')]))
    expect(framer.next()?.type).toBe(SERVER.readyForQuery)
    expect(() => framer.next()).toThrow(/larger than 6 bytes/)
    framer.limit(7)
    expect(framer.next()?.type).toBe(SERVER.dataRow)
  })

  it('counts what is buffered', () => {
    const framer = new Framer({ maxBytes: MAX_BYTES })
    framer.push(hex('5a0000'))
    framer.push(new Uint8Array(0))
    framer.push(hex('000549'))
    framer.push(hex('31'))
    expect(framer.buffered).toBe(7)
    expect(toHex(framer.next()!.bytes)).toBe('5a0000000549')
    expect(framer.buffered).toBe(1)
  })
})

describe('startup framing', () => {
  it('shares the stream with what follows', () => {
    const framer = new Framer({ maxBytes: MAX_BYTES })
    const startup = encodeStartup({ kind: 'startupMessage', minor: 0, parameters: [['user', 'alice']] })
    for (const byte of join([encodeStartup({ kind: 'sslRequest' }), startup, ready])) framer.push(Uint8Array.of(byte))
    expect(framer.nextStartup()).toMatchObject({ type: 0, body: hex('04d2162f') })
    expect(framer.buffered).toBe(startup.length + ready.length)
    expect(toHex(framer.nextStartup()!.bytes)).toBe(toHex(startup))
    expect(framer.next()?.type).toBe(SERVER.readyForQuery)
  })

  it.each([
    ['an HTTP request', text('GET / HTTP/1.1\r\n')],
    ['more than 10000 bytes', hex('00002715')],
    ['a TLS ClientHello', hex('16030100f6')],
    ['a length below four', hex('00000003')],
  ])('refuses %s', (_, bytes) => {
    const framer = new Framer({ maxBytes: 1 << 30 })
    framer.push(bytes)
    expect(() => framer.nextStartup()).toThrow(/SP-PROTOCOL/)
  })

  it('takes 10000 bytes after the length', () => {
    const framer = new Framer({ maxBytes: 8 })
    framer.push(join([hex('00002714'), new Uint8Array(10_000)]))
    expect(framer.nextStartup()?.body.length).toBe(10_000)
  })
})

describe('takeRun', () => {
  it('covers consecutive messages of one type with one view', () => {
    const chunk = join([row('a'), row('bb'), row('ccc'), ready])
    const framer = new Framer({ maxBytes: MAX_BYTES })
    framer.push(chunk)
    const run = framer.takeRun(SERVER.dataRow)
    expect(run?.count).toBe(3)
    expect(run?.bytes.buffer).toBe(chunk.buffer)
    expect(run?.bytes.length).toBe(chunk.length - ready.length)
    expect(framer.takeRun(SERVER.dataRow)).toBeNull()
    expect(framer.next()?.type).toBe(SERVER.readyForQuery)
    expect(framer.takeRun(SERVER.dataRow)).toBeNull()
  })

  it('stops at the wanted number of frames', () => {
    const framer = new Framer({ maxBytes: MAX_BYTES })
    framer.push(join([row('a'), row('b'), row('c')]))
    expect(framer.takeRun(SERVER.dataRow, 0)).toBeNull()
    expect(framer.takeRun(SERVER.dataRow, 2)?.count).toBe(2)
    expect(framer.takeRun(SERVER.dataRow, 2)?.count).toBe(1)
  })

  it('hands out the rows before a bad length, then throws', () => {
    const framer = new Framer({ maxBytes: MAX_BYTES })
    framer.push(join([row('a'), hex('44 00000003')]))
    expect(framer.takeRun(SERVER.dataRow)?.count).toBe(1)
    expect(() => framer.takeRun(SERVER.dataRow)).toThrow(/SP-PROTOCOL/)
  })

  it('gives the same bytes as frame by frame, however they are split', () => {
    const rows = fc.array(fc.tuple(fc.boolean(), fc.string({ maxLength: 12 })), { maxLength: 30 })
    const check = fc.property(rows, fc.array(fc.nat({ max: 30 })), (input, sizes) => {
      const bytes = join(input.map(([isRow, value]) => (isRow ? row(value) : ready)))
      const framer = new Framer({ maxBytes: MAX_BYTES })
      const seen: Uint8Array[] = []
      let count = 0
      let at = 0
      for (const size of [...sizes, bytes.length]) {
        framer.push(bytes.slice(at, at + size))
        at += size
        for (;;) {
          const run = framer.takeRun(SERVER.dataRow)
          const piece = run ?? framer.next()
          if (piece === null) break
          seen.push(piece.bytes)
          count += run?.count ?? 1
        }
      }
      expect(toHex(join(seen))).toBe(toHex(bytes))
      expect(count).toBe(input.length)
    })
    fc.assert(check, { numRuns: 300 })
  })
})

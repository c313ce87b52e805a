import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { SallyportError } from '../../src/errors.ts'

const forms = [
  ['u8', fc.nat(0xff), (w: Writer, v: number) => w.u8(v), (r: Reader) => r.u8()],
  ['i16be', fc.integer({ min: -0x8000, max: 0x7fff }), (w: Writer, v: number) => w.i16be(v), (r: Reader) => r.i16be()],
  ['i32be', fc.integer(), (w: Writer, v: number) => w.i32be(v), (r: Reader) => r.i32be()],
  ['u16le', fc.nat(0xffff), (w: Writer, v: number) => w.u16le(v), (r: Reader) => r.u16le()],
  ['u24le', fc.nat(0xffffff), (w: Writer, v: number) => w.u24le(v), (r: Reader) => r.u24le()],
  ['u32le', fc.nat(0xffffffff), (w: Writer, v: number) => w.u32le(v), (r: Reader) => r.u32le()],
] as const

describe('Writer and Reader', () => {
  it.each(forms)('%s comes back, also where the buffer has to grow', (_name, numbers, write, read) => {
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 400 }), (values) => {
        const writer = new Writer(1)
        for (const value of values) write(writer, value)
        const reader = new Reader(writer.finish())
        expect(values.map(() => read(reader))).toEqual(values)
        reader.expectEnd()
      }),
    )
  })

  it('keeps text as it is, a leading byte order mark included', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).map((text) => `\ufeff${text.replaceAll('\0', '')}`),
        (text) => {
          expect(new Reader(new Writer(1).cstring(text).finish()).cstring()).toBe(text)
        },
      ),
    )
  })

  it('refuses to read over the end, and bytes that nobody read', () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3), 0, 2)
    expect(() => reader.i32be()).toThrowError(SallyportError)
    expect(reader.u8()).toBe(1)
    expect(() => reader.expectEnd()).toThrowError(SallyportError)
    expect(() => reader.bytes(-1)).toThrowError(SallyportError)
    expect(() => reader.cstring()).toThrowError(SallyportError)
    expect(() => new Reader(Uint8Array.of(0xc3, 0x28, 0)).cstring()).toThrowError(SallyportError)
  })
})

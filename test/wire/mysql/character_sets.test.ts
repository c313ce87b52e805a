import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRead, readingOfCharset, readingOfCollation, readText } from '../../../src/wire/mysql/character-sets.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('character sets of a client', () => {
  it.each([
    ['utf8mb4', 'utf8'],
    ['UTF8', 'utf8'],
    ['latin1', 'bytes'],
    ['koi8r', 'bytes'],
    ['ujis', 'bytes'],
    ['gbk', null],
    ['sjis', null],
    ['big5', null],
    ['gb18030', null],
    ['cp932', null],
    ['utf16', null],
    ['swe7', null],
    ['nothing', null],
  ])('%s is read as %s', (name, reading) => {
    expect(readingOfCharset(name)).toBe(reading)
  })

  it.each([
    [0, 'utf8'],
    [8, 'bytes'],
    [7, 'bytes'],
    [33, 'utf8'],
    [45, 'utf8'],
    [51, 'bytes'],
    [63, 'bytes'],
    [224, 'utf8'],
    [255, 'utf8'],
    [28, null],
    [13, null],
    [95, null],
    [35, null],
    [60, null],
    [101, null],
    [183, null],
    [248, null],
    [10, null],
  ])('collation %i is read as %s', (id, reading) => {
    expect(readingOfCollation(id)).toBe(reading)
  })
})

describe('text of a statement', () => {
  it('is what was sent where it is UTF-8', () => {
    expect(readText(bytesOf("SELECT 'Ä💩'"), 'utf8')).toEqual({ text: "SELECT 'Ä💩'", reading: 'utf8' })
  })

  it('is read as bytes where it is not, whatever the session speaks', () => {
    const bytes = Uint8Array.of(0x27, 0xff, 0x80, 0x27)
    expect(readText(bytes, 'utf8')).toEqual({ text: "'\uf7ff\uf780'", reading: 'bytes' })
    expect(readText(bytesOf("'Ä'"), 'bytes').text).toBe("'\uf7c3\uf784'")
  })

  it('gives the same bytes again, and every byte of ASCII as itself', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40_000 }), fc.constantFrom('utf8', 'bytes'), (bytes, reading) => {
        const read = readText(bytes, reading)
        expect(encodeRead(read)).toEqual(bytes)
        if (read.reading !== 'bytes') return
        expect(read.text.length).toBe(bytes.length)
        for (const [at, byte] of bytes.entries()) if (byte < 0x80) expect(read.text.charCodeAt(at)).toBe(byte)
      }),
      { numRuns: 60 },
    )
  })

  it('can not be given back with a character that the client did not send', () => {
    expect(() => encodeRead({ text: 'SELECT `Ä`', reading: 'bytes' })).toThrow(/utf8mb4/)
  })
})

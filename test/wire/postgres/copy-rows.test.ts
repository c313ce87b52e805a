import { describe, expect, it } from 'vitest'
import { type CopyStyle, copyRows } from '../../../src/wire/postgres/copy-rows.ts'
import { encodeDataRow } from '../../../src/wire/postgres/data-row.ts'

const TEXT: CopyStyle = { format: 'text', header: false, delimiter: '\t', quote: '"', escape: '"', nullText: '\\N' }
const CSV: CopyStyle = { ...TEXT, format: 'csv', delimiter: ',', nullText: '' }

/** Buffers as sockets give them, whose slice is a view. */
const run = (...rows: readonly (string | null)[][]) =>
  Buffer.concat(rows.map((row) => encodeDataRow(row.map((value) => (value === null ? null : Buffer.from(value))))))

/** What the CopyData messages carry. */
function carried(messages: Uint8Array): string {
  const bytes = Buffer.from(messages)
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    expect(String.fromCharCode(bytes[at] ?? 0)).toBe('d')
    const length = bytes.readInt32BE(at + 1)
    text += bytes.toString('utf8', at + 5, at + 1 + length)
    at += 1 + length
  }
  return text
}

describe('COPY data from rows', () => {
  it.each([
    ['values and NULL', TEXT, ['a', null, ''], 'a\t\\N\t\n'],
    ['what the text format escapes', TEXT, ['\b\t\n\v\f\r\\', '\u0001é'], '\\b\\t\\n\\v\\f\\r\\\\\t\u0001é\n'],
    ['another delimiter', { ...TEXT, delimiter: '|' }, ['a|b\t', 'c'], 'a\\|b\\t|c\n'],
    ['a control character as the delimiter', { ...TEXT, delimiter: '\u0001' }, ['a\u0001', 'b'], 'a\\\u0001\u0001b\n'],
    ['plain CSV', CSV, ['a', 'b c', null], 'a,b c,\n'],
    ['what CSV quotes', CSV, ['a,b', '"', 'x\ny', 'z\r', ''], '"a,b","""","x\ny","z\r",""\n'],
    ['the end of data alone on its line', CSV, ['\\.'], '"\\."\n'],
    ['and not beside another value', CSV, ['\\.', 'a'], '\\.,a\n'],
    [
      'another quote and escape',
      { ...CSV, quote: "'", escape: '\\' },
      ["it's", 'a\\b', "\\'"],
      "'it\\'s',a\\b,'\\\\\\''\n",
    ],
    ['the NULL text as a value', { ...CSV, nullText: 'nil' }, ['nil', null], '"nil",nil\n'],
  ] as const)('%s', (_what, style, row, expected) => {
    const made = copyRows(style, row.map(String), [])
    expect(carried(made.rows(run([...row]), true))).toBe(expected)
  })

  it('quotes what is forced, but no NULL', () => {
    expect(carried(copyRows(CSV, ['a', 'b'], [true, true]).rows(run(['1', null]), true))).toBe('"1",\n')
  })

  it('has a header of names, which nothing forces to be quoted', () => {
    expect(carried(copyRows({ ...CSV, header: true }, ['a', 'b,c'], [true, true]).head)).toBe('a,"b,c"\n')
    expect(carried(copyRows({ ...TEXT, header: true }, ['a\tb', 'c'], []).head)).toBe('a\\tb\tc\n')
    expect(copyRows(CSV, ['a'], []).head.length).toBe(0)
  })

  it('makes one message of each row, and leaves the rows as they were', () => {
    for (const style of [TEXT, { ...TEXT, format: 'binary' as const }]) {
      const rows = run(['1'], ['2'], ['3'])
      const before = rows.toString('hex')
      const out = Buffer.from(copyRows(style, ['a'], []).rows(rows, false))
      expect(out.toString('latin1').split('d\0\0').length).toBe(4)
      expect(rows.toString('hex')).toBe(before)
    }
  })

  it('puts the signature of the binary format in one message with the first row, or with the end', () => {
    const binary = copyRows({ ...TEXT, format: 'binary' }, ['a'], [])
    const signature = 'PGCOPY\n\xff\r\n\0'.padEnd(19, '\0')
    const rows = Buffer.from(binary.rows(run(['1'], ['2']), true)).toString('latin1')
    expect(rows).toBe(`d\0\0\0\x1e${signature}\0\x01\0\0\0\x011d\0\0\0\x0b\0\x01\0\0\0\x012`)
    expect([binary.head.length, Buffer.from(binary.tail(false)).toString('latin1')]).toEqual([0, 'd\0\0\0\x06\xff\xff'])
    expect(Buffer.from(binary.tail(true)).toString('latin1')).toBe(`d\0\0\0\x19${signature}\xff\xff`)
  })

  it('refuses rows that are not as described', () => {
    expect(() => copyRows(TEXT, ['a'], []).rows(run(['1', '2']), true)).toThrow(/described columns/)
    expect(() => copyRows(TEXT, ['a'], []).rows(run(['1']).subarray(0, -1), true)).toThrow(/ends early/)
    expect(() => copyRows({ ...TEXT, format: 'binary' }, ['a'], []).rows(Buffer.from('C\0\0\0\u0004'), true)).toThrow(
      /more than rows/,
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columns, encodeDataRow, rewriteDataRow } from '../../../src/wire/postgres/data-row.ts'
import { rewriteRows } from '../../../src/wire/postgres/row-rewriter.ts'
import { hex, join, text, toHex } from './samples.ts'

type Value = Uint8Array | null
const COLUMNS = 4

const value: fc.Arbitrary<Value> = fc.option(fc.uint8Array({ maxLength: 90 }), { freq: 5 })
const row = fc.tuple(value, value, value, value)
const ordinals = fc.subarray([0, 1, 2, 3])

function valuesOf(body: Uint8Array): Value[] {
  const offsets = columns(body)
  return Array.from({ length: offsets.length / 2 }, (_, i) => {
    const start = offsets[i * 2]!
    const length = offsets[i * 2 + 1]!
    return length < 0 ? null : body.subarray(start, start + length)
  })
}

const shown = (values: readonly Value[]): string => values.map((v) => (v === null ? 'NULL' : toHex(v))).join()

describe('columns', () => {
  it('finds the values', () => {
    expect([...columns(hex('0003 00000002 6162 ffffffff 00000000'))]).toEqual([6, 2, 12, -1, 16, 0])
    expect(columns(hex('0000')).length).toBe(0)
  })

  it.each([
    ['nothing', ''],
    ['half a count', '00'],
    ['a missing value', '0001'],
    ['a length cut short', '0001 000000'],
    ['a value cut short', '0001 00000002 61'],
    ['a length of -2', '0001 fffffffe'],
    ['a huge length', '0001 7fffffff 61'],
    ['a byte too many', '0001 00000000 00'],
  ])('refuses %s', (_, body) => {
    expect(() => columns(hex(body))).toThrow(/SP-PROTOCOL/)
  })
})

describe('rewriteDataRow', () => {
  it('replaces the named values and copies the others', () => {
    const check = fc.property(row, row, ordinals, (before, fresh, edits) => {
      const body = encodeDataRow(before).subarray(5)
      const rewritten = rewriteDataRow(
        body,
        edits,
        edits.map((ordinal) => fresh[ordinal]!),
      )
      const wanted = before.map((old, i) => (edits.includes(i) ? fresh[i]! : old))
      expect(toHex(rewritten)).toBe(toHex(encodeDataRow(wanted)))
      expect(shown(valuesOf(rewritten.subarray(5)))).toBe(shown(wanted))
    })
    fc.assert(check, { numRuns: 300 })
  })

  it('refuses an ordinal that the row lacks, ordinals that do not ascend, and a missing value', () => {
    const body = encodeDataRow([text('a'), text('b')]).subarray(5)
    expect(() => rewriteDataRow(body, [2], [null])).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteDataRow(body, [-1], [null])).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteDataRow(body, [1, 0], [null, null])).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteDataRow(body, [0, 0], [null, null])).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteDataRow(body, [0, 1], [null])).toThrow(/SP-PROTOCOL/)
  })
})

describe('rewriteRows', () => {
  it('does to a run what rewriteDataRow does to each row', () => {
    const rows = fc.array(fc.tuple(row, row), { maxLength: 20 })
    const check = fc.property(rows, ordinals, (pairs, edits) => {
      const run = join(pairs.map(([before]) => encodeDataRow(before)))
      const wanted = pairs.map(([before, fresh]) =>
        encodeDataRow(before.map((old, i) => (edits.includes(i) ? fresh[i]! : old))),
      )
      let call = 0
      const rewritten = rewriteRows(run, COLUMNS, edits, (ordinal, old) => {
        const [before, fresh] = pairs[Math.floor(call++ / edits.length)]!
        expect(shown([old])).toBe(shown([before[ordinal]!]))
        return fresh[ordinal]!
      })
      expect(toHex(rewritten)).toBe(toHex(join(wanted)))
      expect(call).toBe(pairs.length * edits.length)
    })
    fc.assert(check, { numRuns: 300 })
  })

  it('grows when the masks are larger than the values', () => {
    const run = join(Array.from({ length: 50 }, () => encodeDataRow([text('a'), null])))
    const mask = text('x'.repeat(500))
    const rewritten = rewriteRows(run, 2, [0, 1], () => mask)
    expect(toHex(rewritten)).toBe(toHex(join(Array.from({ length: 50 }, () => encodeDataRow([mask, mask])))))
  })

  const twoColumns = encodeDataRow([text('a'), text('secret')])
  it.each([
    ['more columns than described', join([twoColumns, encodeDataRow([null, null, null])]), [1]],
    ['fewer columns than described', join([twoColumns, encodeDataRow([text('secret')])]), [1]],
    ['another message', join([twoColumns, hex('5a 00000005 49')]), [1]],
    ['a row cut short', join([twoColumns, twoColumns.subarray(0, 9)]), [1]],
    ['a header cut short', join([twoColumns, hex('4400')]), [1]],
    ['a value that runs into the next row', join([hex('44 0000000f 0002 00000000 00000010 61'), twoColumns]), [1]],
    ['bytes after the last value', hex('44 0000000f 0002 00000000 00000000 61'), [1]],
    ['an ordinal beyond the columns', twoColumns, [2]],
    ['ordinals that do not ascend', twoColumns, [1, 0]],
    ['an ordinal twice', twoColumns, [0, 0]],
  ])('refuses %s', (_, run, edits) => {
    expect(() => rewriteRows(run, 2, edits, () => null)).toThrow(/SP-PROTOCOL/)
  })
})

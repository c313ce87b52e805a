import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binaryRowCells, encodeBinaryRow, rewriteBinaryRow } from '../../../src/wire/mysql/binary-row.ts'
import { COLUMN_TYPE } from '../../../src/wire/mysql/column-types.ts'
import { encodePackets } from '../../../src/wire/mysql/packets.ts'
import { rewriteBinaryRun, rewriteTextRun } from '../../../src/wire/mysql/row-run.ts'
import { encodeTextRow, rewriteTextRow, textRowCells } from '../../../src/wire/mysql/text-row.ts'
import { hex, join, text, toHex } from './samples.ts'

type Value = Uint8Array | null
const TYPES = [COLUMN_TYPE.long, COLUMN_TYPE.varString, COLUMN_TYPE.datetime, COLUMN_TYPE.longlong, COLUMN_TYPE.time]
const fixed = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const nullable = (value: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Value> => fc.option(value, { nil: null })
const string = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom(250, 251, 65535, 65536).map((n) => new Uint8Array(n)),
)
const textValues = fc.tuple(nullable(string), nullable(string), nullable(string))
const binaryValues = fc.tuple(
  nullable(fixed(4)),
  nullable(string),
  nullable(fc.oneof(fixed(0), fixed(4), fixed(7), fixed(11))),
  nullable(fixed(8)),
  nullable(fc.oneof(fixed(0), fixed(8), fixed(12))),
)

function valuesOf(payload: Uint8Array, cells: Int32Array): (string | null)[] {
  return Array.from({ length: cells.length / 2 }, (_, i) => {
    const [start, length] = [cells[i * 2]!, cells[i * 2 + 1]!]
    return length < 0 ? null : toHex(payload.subarray(start, start + length))
  })
}
const shown = (values: readonly Value[]) => values.map((value) => (value === null ? null : toHex(value)))
const runOf = (rows: readonly Uint8Array[]) => join(rows.map((row, i) => encodePackets(row, i + 3)))

describe('text rows', () => {
  it('known bytes', () => {
    expect(toHex(encodeTextRow([text('a'), null, text('')]))).toBe('0161fb00')
    const long = encodeTextRow([new Uint8Array(251)])
    expect(toHex(long.subarray(0, 3))).toBe('fcfb00')
    expect(() => textRowCells(hex('0161'), 2)).toThrow(/SP-PROTOCOL/)
    expect(() => textRowCells(hex('016100'), 1)).toThrow(/SP-PROTOCOL/)
    expect(() => textRowCells(hex('ff'), 1)).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteTextRow(hex('0161'), 1, new Map([[1, null]]))).toThrow(/SP-PROTOCOL/)
  })

  it('cells, edits and runs agree', () => {
    const check = fc.property(fc.array(textValues, { minLength: 1, maxLength: 4 }), nullable(string), (rows, mask) => {
      const payloads = rows.map(encodeTextRow)
      for (const [i, row] of rows.entries())
        expect(valuesOf(payloads[i]!, textRowCells(payloads[i]!, 3))).toEqual(shown(row))
      const wanted = payloads.map((payload) => rewriteTextRow(payload, 3, new Map([[1, mask]])))
      expect(wanted.map(toHex)).toEqual(rows.map(([a, , c]) => toHex(encodeTextRow([a, mask, c]))))
      const seen: Value[] = []
      const got = rewriteTextRun(runOf(payloads), 3, [1], (ordinal, value) => {
        seen.push(value)
        return ordinal === 1 ? mask : value
      })
      expect(toHex(got)).toBe(toHex(runOf(wanted)))
      expect(shown(seen)).toEqual(shown(rows.map((row) => row[1])))
      expect(toHex(rewriteTextRun(runOf(payloads), 3, [0, 1, 2], (_, value) => value))).toBe(toHex(runOf(payloads)))
    })
    fc.assert(check, { numRuns: 300 })
  })

  it('a run refuses another number of columns and ordinals that are not there', () => {
    const run = runOf([encodeTextRow([text('a'), text('b')])])
    const keep = (_: number, value: Value) => value
    expect(() => rewriteTextRun(run, 1, [0], keep)).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteTextRun(run, 3, [0], keep)).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteTextRun(run, 2, [2], keep)).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteTextRun(run, 2, [1, 0], keep)).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteTextRun(run.subarray(0, 6), 2, [0], keep)).toThrow(/SP-PROTOCOL/)
  })
})

describe('binary rows', () => {
  it('known bytes', () => {
    const row = encodeBinaryRow(
      [COLUMN_TYPE.long, COLUMN_TYPE.varString, COLUMN_TYPE.tiny],
      [hex('01000000'), null, hex('05')],
    )
    expect(toHex(row)).toBe('00 08 01000000 05'.replaceAll(' ', ''))
    expect(() => binaryRowCells(row, [COLUMN_TYPE.long, COLUMN_TYPE.varString])).toThrow(/SP-PROTOCOL/)
    expect(() => binaryRowCells(hex('0000 61'), [0x20])).toThrow(/SP-UNSUPPORTED/)
    expect(() => binaryRowCells(hex('0000 05 0000000000'), [COLUMN_TYPE.date])).toThrow(/SP-PROTOCOL/)
    expect(() => rewriteBinaryRow(row, [3, 0xfd, 1], new Map([[0, hex('01')]]))).toThrow(/width/)
  })

  it('cells, edits and runs agree', () => {
    const check = fc.property(
      fc.array(binaryValues, { minLength: 1, maxLength: 4 }),
      nullable(string),
      nullable(fixed(8)),
      (rows, first, second) => {
        const payloads = rows.map((row) => encodeBinaryRow(TYPES, row))
        for (const [i, row] of rows.entries()) {
          expect(valuesOf(payloads[i]!, binaryRowCells(payloads[i]!, TYPES))).toEqual(shown(row))
        }
        const edits = new Map([
          [1, first],
          [3, second],
        ])
        const wanted = payloads.map((payload) => rewriteBinaryRow(payload, TYPES, edits))
        expect(wanted.map(toHex)).toEqual(
          rows.map(([a, , c, , e]) => toHex(encodeBinaryRow(TYPES, [a, first, c, second, e]))),
        )
        const got = rewriteBinaryRun(runOf(payloads), TYPES, [1, 3], (ordinal) => edits.get(ordinal) ?? null)
        expect(toHex(got)).toBe(toHex(runOf(wanted)))
        expect(toHex(rewriteBinaryRun(runOf(payloads), TYPES, [0, 2, 4], (_, value) => value))).toBe(
          toHex(runOf(payloads)),
        )
      },
    )
    fc.assert(check, { numRuns: 300 })
  })
})

import { describe, expect, it } from 'vitest'
import { EXTENDED } from '../../../src/wire/mysql/capabilities.ts'
import { decodeColumn, encodeColumn, withMaskedFlags } from '../../../src/wire/mysql/column.ts'
import { ResponseMachine } from '../../../src/wire/mysql/response.ts'

const ID = {
  schema: 's',
  table: 't',
  orgTable: 't',
  name: 'id',
  orgName: 'id',
  charset: 63,
  length: 20,
  type: 8,
  decimals: 0,
}

it.each([
  [0x0001, 0x0000],
  [0x4223, 0x4020],
  [0x1009, 0x1008],
  [0x0060, 0x0060],
])('a masked field with the flags %i may be NULL, and is no key: %i', (flags, left) => {
  const definition = encodeColumn({ ...ID, flags })
  const before = definition.slice()
  expect(decodeColumn(withMaskedFlags(definition))).toEqual({ ...decodeColumn(definition), flags: left })
  expect(definition).toEqual(before)
})

describe("MariaDB's extended type information", () => {
  const uuid = Uint8Array.of(0, 4, ...new TextEncoder().encode('uuid'))
  const plain = encodeColumn({ ...ID, flags: 1 })
  const extended = encodeColumn({ ...ID, flags: 1, extendedType: uuid })

  it('is read where it was agreed, and only there', () => {
    expect(decodeColumn(extended, true)).toEqual({ ...decodeColumn(plain), extendedType: uuid })
    expect(() => decodeColumn(extended)).toThrow(/SP-PROTOCOL|unknown length/)
    expect(() => decodeColumn(plain, true)).toThrow()
  })

  it('is empty for a masked field, whose text need not be of that type', () => {
    expect(decodeColumn(withMaskedFlags(extended, true), true)).toEqual({
      ...decodeColumn(plain),
      flags: 0,
      extendedType: new Uint8Array(0),
    })
  })

  it('stands in each definition of an answer', () => {
    const machine = new ResponseMachine('query', 0, EXTENDED.extendedMetadata)
    expect(machine.next(Uint8Array.of(1))).toEqual({ kind: 'columnCount', count: 1 })
    expect(machine.next(extended)).toMatchObject({ kind: 'columnDefinition', column: { extendedType: uuid } })
  })
})

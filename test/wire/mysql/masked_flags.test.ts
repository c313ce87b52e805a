import { expect, it } from 'vitest'
import { decodeColumn, encodeColumn, withMaskedFlags } from '../../../src/wire/mysql/column.ts'

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

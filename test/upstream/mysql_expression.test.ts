import { describe, expect, it } from 'vitest'
import { columnsNamedIn } from '../../src/upstream/mysql_expression.ts'

const names = ['id', 'email', 'Name', 'e`mail']

describe('columnsNamedIn', () => {
  it.each([
    ['concat(lower(`email`),`id`)', ['id', 'email']],
    ['"name" > 3', ['Name']],
    ["`x` <> '`' and `email` > 0", ['email']],
    ['`email_hash` + `identity`', []],
    ['`e``mail` > 1', ['e`mail']],
    ['', []],
  ])('%s', (expression, expected) => {
    expect(columnsNamedIn(expression, names)).toEqual(expected)
  })
})

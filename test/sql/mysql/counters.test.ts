import { expect, it } from 'vitest'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { rewriteMysql } from '../../../src/sql/mysql/rewrite.ts'
import { shopContext } from './shop.ts'

const SHOWN = /`Variable_name` REGEXP '\^\([\w|]+\)'/

function rewrite(sql: string): string {
  const facts = analyzeMysql(sql, shopContext())
  expect(facts.statements[0]?.opaque).toBe(null)
  return rewriteMysql(facts, [new Map()], shopContext()).replace(SHOWN, 'SHOWN')
}

it.each([
  ['SHOW STATUS', 'SHOW STATUS WHERE SHOWN'],
  ['show global status;', 'show global status WHERE SHOWN;'],
  ["SHOW SESSION STATUS LIKE 'Handler_%' -- x", "SHOW SESSION STATUS WHERE `Variable_name` LIKE 'Handler_%' AND SHOWN"],
  ['SHOW STATUS WHERE 1 OR exp(Value)', 'SHOW STATUS WHERE IF(SHOWN, ( 1 OR exp(Value)), FALSE)'],
])('%s leaves out what counts rows', (sql, expected) => {
  expect(rewrite(sql).trim()).toBe(expected)
})

it.each(['SHOW TABLE STATUS', 'SHOW VARIABLES', 'SHOW PROCEDURE STATUS'])('%s stays as it is', (sql) => {
  expect(rewrite(sql)).toBe(sql)
})

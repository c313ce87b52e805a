import type { Cursor } from './cursor.ts'
import { readExpr } from './expression.ts'
import { windowSpec } from './query.ts'
import type { Reads } from './reads.ts'
import type { Token } from './token.ts'
import { INTERVAL_UNITS } from './words.ts'
import { columnName } from './write_value.ts'

/** Words that join the arguments of single functions in place of commas. */
const JOINERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['trim', ['FROM']],
  ['substring', ['FROM', 'FOR']],
  ['substr', ['FROM', 'FOR']],
  ['mid', ['FROM', 'FOR']],
])

const UNIT_FIRST = new Set(['timestampadd', 'timestampdiff'])

/** A call of `name(...)` or `qualifier.name(...)`; the cursor stands at the name. */
export function parseCall(cursor: Cursor, reads: Reads, qualifier: readonly Token[] | null): void {
  const token = cursor.next()
  const name = token.value.toLowerCase()
  if (qualifier !== null && qualifier.length !== 1) cursor.fail('a function name has too many parts')
  cursor.expect('(')
  reads.call()
  const args = qualifier === null ? argumentsOf(cursor, reads, name) : plainArguments(cursor, reads)
  cursor.expect(')')
  const schema = qualifier?.[0]?.value ?? ''
  cursor.notes.calls.push({ schema, name, userDefined: schema !== '', args })
  over(cursor, reads)
}

function plainArguments(cursor: Cursor, reads: Reads): number {
  return cursor.sees(')') ? 0 : cursor.list(() => readExpr(cursor, reads)).length
}

function argumentsOf(cursor: Cursor, reads: Reads, name: string): number {
  if (cursor.sees(')')) return 0
  if (name === 'count' && cursor.accept('*')) return 0
  if (name === 'values' && cursor.notes.onDuplicate) return givenValue(cursor)
  if (name === 'extract') return extract(cursor, reads)
  if (UNIT_FIRST.has(name)) return unitFirst(cursor, reads)
  if (name === 'get_format') return getFormat(cursor, reads)
  if (name === 'trim' && /^(?:LEADING|TRAILING|BOTH)$/.test(cursor.peek().upper)) return trimSide(cursor, reads)
  if (!cursor.accept('DISTINCT')) cursor.accept('ALL')
  let count = 0
  const joiners = JOINERS.get(name) ?? []
  do {
    readExpr(cursor, reads)
    count += 1
  } while (cursor.accept(',') || joiners.some((word) => cursor.accept(word)))
  tail(cursor, reads, name)
  return count
}

/** What may follow the arguments: USING of CHAR, ORDER BY and SEPARATOR of GROUP_CONCAT. */
function tail(cursor: Cursor, reads: Reads, name: string): void {
  if (name === 'char' && cursor.accept('USING') && !cursor.accept('BINARY')) cursor.name()
  if (name !== 'group_concat' && name !== 'json_arrayagg') return
  if (cursor.accept('ORDER', 'BY')) {
    cursor.list(() => {
      readExpr(cursor, reads)
      if (!cursor.accept('ASC')) cursor.accept('DESC')
    })
  }
  if (cursor.accept('SEPARATOR') && cursor.next().kind !== 'string') cursor.fail('SEPARATOR takes a string')
}

/** VALUES(column) is the value that the INSERT gives, not the one that is stored. */
function givenValue(cursor: Cursor): number {
  columnName(cursor)
  return 1
}

function extract(cursor: Cursor, reads: Reads): number {
  if (!cursor.seesAny(INTERVAL_UNITS)) cursor.fail('EXTRACT takes a unit')
  cursor.next()
  cursor.expect('FROM')
  readExpr(cursor, reads)
  return 1
}

function unitFirst(cursor: Cursor, reads: Reads): number {
  if (!cursor.seesAny(INTERVAL_UNITS)) cursor.fail('expected a unit')
  cursor.next()
  cursor.expect(',')
  return cursor.list(() => readExpr(cursor, reads)).length + 1
}

function getFormat(cursor: Cursor, reads: Reads): number {
  if (!/^(?:DATE|TIME|DATETIME|TIMESTAMP)$/.test(cursor.next().upper)) cursor.fail('expected a type')
  cursor.expect(',')
  readExpr(cursor, reads)
  return 2
}

function trimSide(cursor: Cursor, reads: Reads): number {
  cursor.next()
  if (cursor.accept('FROM')) {
    readExpr(cursor, reads)
    return 1
  }
  readExpr(cursor, reads)
  cursor.expect('FROM')
  readExpr(cursor, reads)
  return 2
}

function over(cursor: Cursor, reads: Reads): void {
  if (cursor.sees('RESPECT', 'NULLS', 'OVER')) cursor.accept('RESPECT', 'NULLS')
  if (!cursor.accept('OVER')) return
  if (cursor.seesName()) cursor.next()
  else windowSpec(cursor, reads)
}

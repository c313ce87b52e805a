import type { Cursor } from './cursor.ts'
import { readExpr } from './expression.ts'
import type { Reads } from './reads.ts'
import { parseType } from './type_name.ts'
import { INTERVAL_UNITS } from './words.ts'

type Reader = (cursor: Cursor, reads: Reads) => number

/** Functions among whose arguments stand words that are no expressions (Reference Manual, chapter 14). */
const READERS: ReadonlyMap<string, Reader> = new Map([
  ['extract', extract],
  ['timestampadd', unitFirst],
  ['timestampdiff', unitFirst],
  ['get_format', getFormat],
  ['trim', trim],
  ['weight_string', weightString],
  ['json_value', jsonValue],
])

/** How many arguments were read, or null where the function, or this call of it, takes plain ones. */
export function namedArguments(cursor: Cursor, reads: Reads, name: string): number | null {
  if (name === 'trim' && !/^(?:LEADING|TRAILING|BOTH)$/.test(cursor.peek().upper)) return null
  return READERS.get(name)?.(cursor, reads) ?? null
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

function trim(cursor: Cursor, reads: Reads): number {
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

/** `WEIGHT_STRING(x AS CHAR(n))`, and the levels that MariaDB still takes. */
function weightString(cursor: Cursor, reads: Reads): number {
  readExpr(cursor, reads)
  if (cursor.accept('AS')) parseType(cursor)
  if (cursor.accept('LEVEL')) {
    cursor.list(() => level(cursor))
    return 1
  }
  while (cursor.accept(',')) readExpr(cursor, reads)
  return 1
}

function level(cursor: Cursor): void {
  const number = (): void => {
    if (cursor.next().kind !== 'number') cursor.fail('expected a level')
  }
  number()
  if (cursor.accept('-')) number()
  while (cursor.accept('ASC') || cursor.accept('DESC') || cursor.accept('REVERSE'));
}

/** `JSON_VALUE(document, path RETURNING type DEFAULT x ON EMPTY ERROR ON ERROR)`. */
function jsonValue(cursor: Cursor, reads: Reads): number {
  readExpr(cursor, reads)
  cursor.expect(',')
  readExpr(cursor, reads)
  if (cursor.accept('RETURNING')) parseType(cursor)
  onEmptyOrError(cursor, reads)
  return 2
}

/** `NULL ON EMPTY`, `ERROR ON ERROR`, `DEFAULT x ON EMPTY`: one of each at most, which the server checks. */
export function onEmptyOrError(cursor: Cursor, reads: Reads): void {
  while (cursor.sees('NULL', 'ON') || cursor.sees('ERROR', 'ON') || cursor.sees('DEFAULT')) {
    if (cursor.accept('DEFAULT')) readExpr(cursor, reads)
    else cursor.next()
    cursor.expect('ON')
    if (!cursor.accept('EMPTY')) cursor.expect('ERROR')
  }
}

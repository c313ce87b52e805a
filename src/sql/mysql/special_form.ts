import type { Cursor } from './cursor.ts'
import { readExpr, readOperand } from './expression.ts'
import { plainTable } from './plain_table.ts'
import { atQuery, parseSubquery } from './query.ts'
import type { Reads } from './reads.ts'
import type { TableName } from './tree.ts'
import { parseType } from './type_name.ts'
import { INTERVAL_UNITS, NILADIC } from './words.ts'

type Reader = (cursor: Cursor, reads: Reads) => void

/** Forms that begin with a word or sign of their own and are neither names nor plain calls. */
const FORMS: ReadonlyMap<string, Reader> = new Map([
  ['CASE', caseForm],
  ['EXISTS', exists],
  ['INTERVAL', interval],
  ['CAST', cast],
  ['CONVERT', convert],
  ['MATCH', matchAgainst],
  ['ROW', row],
  ['NEXT', sequence],
  ['PREVIOUS', sequence],
  ['{', escaped],
])

const QUANTIFIERS = new Set(['ANY', 'SOME', 'ALL'])

/** True where such a form stood at the cursor and has been read. */
export function readSpecial(cursor: Cursor, reads: Reads): boolean {
  const { upper } = cursor.peek()
  const called = cursor.peek(1).upper === '('
  if (QUANTIFIERS.has(upper) && called && atQuery(cursor, 1)) {
    cursor.next()
    subquery(cursor, reads)
    return true
  }
  if (NILADIC.has(upper) && !called) {
    reads.noteCall(cursor, cursor.next().upper.toLowerCase(), 0)
    return true
  }
  const form = FORMS.get(upper)
  if (form === undefined || !standsAlone(cursor, upper, called)) return false
  form(cursor, reads)
  return true
}

/** CAST, ROW, NEXT and PREVIOUS are plain names where what makes the form does not follow. */
function standsAlone(cursor: Cursor, upper: string, called: boolean): boolean {
  if (upper === 'CAST' || upper === 'CONVERT' || upper === 'ROW') return called
  if (upper === 'NEXT' || upper === 'PREVIOUS')
    return cursor.peek(1).upper === 'VALUE' && cursor.peek(2).upper === 'FOR'
  return true
}

function caseForm(cursor: Cursor, reads: Reads): void {
  cursor.expect('CASE')
  reads.notBare()
  if (!cursor.sees('WHEN')) readExpr(cursor, reads)
  do {
    cursor.expect('WHEN')
    readExpr(cursor, reads)
    cursor.expect('THEN')
    readExpr(cursor, reads)
  } while (cursor.sees('WHEN'))
  if (cursor.accept('ELSE')) readExpr(cursor, reads)
  cursor.expect('END')
}

function exists(cursor: Cursor, reads: Reads): void {
  cursor.expect('EXISTS')
  subquery(cursor, reads)
}

function subquery(cursor: Cursor, reads: Reads): void {
  reads.queries.push(parseSubquery(cursor))
  reads.notBare()
}

/** `INTERVAL expr unit`, or the function INTERVAL(n, n1, n2). */
function interval(cursor: Cursor, reads: Reads): void {
  const behind = cursor.peek(1).upper === '(' && !atQuery(cursor, 1) ? cursor.closing(cursor.position + 1) + 1 : null
  cursor.expect('INTERVAL')
  reads.notBare()
  if (behind !== null && !INTERVAL_UNITS.has(cursor.at(behind).upper) && hasComma(cursor, behind)) {
    cursor.expect('(')
    const args = cursor.list(() => readExpr(cursor, reads))
    cursor.expect(')')
    reads.noteCall(cursor, 'interval', args.length)
    return
  }
  readExpr(cursor, reads)
  if (cursor.seesAny(INTERVAL_UNITS)) cursor.next()
  else reads.noteCall(cursor, 'interval', 2)
}

/** True where a comma stands between the parentheses themselves. */
function hasComma(cursor: Cursor, behind: number): boolean {
  for (let at = cursor.position + 1; at < behind; at += 1) {
    const { upper } = cursor.at(at)
    if (upper === ',') return true
    if (upper === '(') at = cursor.closing(at)
  }
  return false
}

function cast(cursor: Cursor, reads: Reads): void {
  cursor.expect('CAST', '(')
  readExpr(cursor, reads)
  if (cursor.accept('AT', 'TIME', 'ZONE')) {
    cursor.accept('INTERVAL')
    readOperand(cursor, reads)
  }
  cursor.expect('AS')
  parseType(cursor)
  cursor.accept('ARRAY')
  cursor.expect(')')
  reads.noteCall(cursor, 'cast', 1)
}

function convert(cursor: Cursor, reads: Reads): void {
  cursor.expect('CONVERT', '(')
  readExpr(cursor, reads)
  if (cursor.accept('USING')) cursor.charset()
  else {
    cursor.expect(',')
    parseType(cursor)
  }
  cursor.expect(')')
  reads.noteCall(cursor, 'convert', 1)
}

function matchAgainst(cursor: Cursor, reads: Reads): void {
  cursor.expect('MATCH')
  const closed = cursor.accept('(')
  cursor.list(() => readExpr(cursor, reads))
  if (closed) cursor.expect(')')
  cursor.expect('AGAINST', '(')
  withoutIn(cursor, reads)
  if (cursor.accept('IN', 'NATURAL', 'LANGUAGE', 'MODE')) cursor.accept('WITH', 'QUERY', 'EXPANSION')
  else if (!cursor.accept('IN', 'BOOLEAN', 'MODE')) cursor.accept('WITH', 'QUERY', 'EXPANSION')
  cursor.expect(')')
  reads.noteCall(cursor, 'match', 1)
}

/** AGAINST takes an expression in which a bare IN is no operator. */
function withoutIn(cursor: Cursor, reads: Reads): void {
  readOperand(cursor, reads)
  while (
    cursor.accept('+') ||
    cursor.accept('-') ||
    cursor.accept('||') ||
    cursor.accept('*') ||
    cursor.accept('COLLATE')
  )
    readOperand(cursor, reads)
}

/** `ROW (a, b)` is the tuple itself. */
function row(cursor: Cursor, reads: Reads): void {
  cursor.expect('ROW', '(')
  reads.notBare()
  cursor.list(() => readExpr(cursor, reads))
  cursor.expect(')')
}

/** `NEXT VALUE FOR s` and `PREVIOUS VALUE FOR s`, as the functions that they stand for. */
function sequence(cursor: Cursor, reads: Reads): void {
  const name = cursor.next().upper === 'NEXT' ? 'nextval' : 'lastval'
  cursor.expect('VALUE', 'FOR')
  reads.sequences.push(sequenceName(cursor))
  reads.noteCall(cursor, name, 1)
}

/** A sequence stands where other functions take a column. */
export function sequenceName(cursor: Cursor): TableName {
  const parts = [cursor.name()]
  if (cursor.accept('.')) parts.push(cursor.nameAfterDot())
  return plainTable(parts)
}

/** The escapes of ODBC: `{d '2020-01-01'}`, `{fn now()}`; the word says nothing to the server but for d, t and ts. */
function escaped(cursor: Cursor, reads: Reads): void {
  cursor.expect('{')
  cursor.name()
  readExpr(cursor, reads)
  reads.notBare()
  cursor.expect('}')
}

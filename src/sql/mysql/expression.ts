import { parseCall } from './call.ts'
import type { Cursor } from './cursor.ts'
import { atQuery, parseSubquery } from './query.ts'
import { Reads } from './reads.ts'
import type { ColumnName, Expr } from './tree.ts'
import { parseType } from './type_name.ts'
import {
  BINARY_OPERATORS,
  INTERVAL_UNITS,
  INTRODUCERS,
  NILADIC,
  PREFIX_OPERATORS,
  RESERVED_FUNCTIONS,
} from './words.ts'

/** Operators before one operand. */
const MAX_SIGNS = 16

/** One expression of any kind (Reference Manual 11.5). The result is flattened: see `Expr`. */
export function parseExpr(cursor: Cursor): Expr {
  const reads = new Reads()
  const start = cursor.peek()
  const first = cursor.position
  const single = readChain(cursor, reads)
  const end = cursor.previous()
  const whole = cursor.position - first
  return reads.expr({ start: start.start, end: end.end }, single, start, whole)
}

/** Reads one more expression into a collection that already exists. */
export function readExpr(cursor: Cursor, reads: Reads): void {
  readChain(cursor, reads)
}

/** Operators that bind less than every other: a tree is at most as high as these and the longest run between them. */
const LOGICAL = new Set(['OR', 'XOR', 'AND'])

/** Operands joined by operators; gives the column where the first operand is one bare column. */
function readChain(cursor: Cursor, reads: Reads): ColumnName | null {
  const outer = cursor.enterChain()
  operand(cursor, reads)
  const { single } = reads
  let logical = 0
  let run = 0
  let longest = 0
  for (;;) {
    const { upper } = cursor.peek()
    if (!operatorAndOperand(cursor, reads)) break
    logical += LOGICAL.has(upper) ? 1 : 0
    run = LOGICAL.has(upper) ? 0 : run + 1
    longest = Math.max(longest, run)
  }
  cursor.leaveChain(outer, logical + longest)
  return single
}

function operatorAndOperand(cursor: Cursor, reads: Reads): boolean {
  if (cursor.accept('COLLATE')) {
    if (!cursor.accept('BINARY')) cursor.name()
    return true
  }
  if (cursor.accept('IS')) return truthTest(cursor)
  if (cursor.sees(':=')) cursor.fail('assigning user variables in an expression is refused', 'SP-OPAQUE')
  const next = cursor.peek(1)
  if (cursor.sees('ESCAPE') && (next.kind === 'string' || next.kind === 'param')) {
    cursor.next()
    cursor.next()
    return true
  }
  if (cursor.accept('SOUNDS', 'LIKE')) return readOperand(cursor, reads)
  if (cursor.sees('MEMBER', 'OF', '(')) return memberOf(cursor, reads)
  const negated = cursor.sees('NOT') && /^(?:IN|LIKE|BETWEEN|REGEXP|RLIKE)$/.test(next.upper)
  if (negated) cursor.next()
  if (!cursor.seesAny(BINARY_OPERATORS)) return false
  cursor.next()
  return readOperand(cursor, reads)
}

function readOperand(cursor: Cursor, reads: Reads): true {
  operand(cursor, reads)
  return true
}

function memberOf(cursor: Cursor, reads: Reads): true {
  cursor.expect('MEMBER', 'OF', '(')
  readExpr(cursor, reads)
  cursor.expect(')')
  return true
}

function truthTest(cursor: Cursor): true {
  cursor.accept('NOT')
  if (!/^(?:NULL|TRUE|FALSE|UNKNOWN)$/.test(cursor.next().upper)) cursor.fail('IS takes NULL, TRUE, FALSE or UNKNOWN')
  return true
}

function operand(cursor: Cursor, reads: Reads): void {
  for (let signs = 0; cursor.seesAny(PREFIX_OPERATORS); signs += 1) {
    if (signs > MAX_SIGNS) cursor.fail('too many signs stand before a value', 'SP-OPAQUE')
    if (!cursor.acceptSkipped('BINARY')) cursor.next()
    reads.notBare()
  }
  cursor.nested(() => primary(cursor, reads))
}

function primary(cursor: Cursor, reads: Reads): void {
  const token = cursor.peek()
  if (literal(cursor) || keyword(cursor, reads)) return
  if (token.kind === 'uservar') {
    cursor.next()
    reads.variable()
    return
  }
  if (token.kind === 'sysvar') {
    cursor.next()
    call(cursor, reads, `@@${token.value.toLowerCase()}`, 0)
    return
  }
  if (token.upper === '(') return parenthesised(cursor, reads)
  nameOrCall(cursor, reads)
}

/** Literals of every kind; the string that an introducer or DATE, TIME, TIMESTAMP stands before; NULL, TRUE, FALSE. */
function literal(cursor: Cursor): boolean {
  const token = cursor.peek()
  if (token.kind === 'string') {
    while (cursor.peek().kind === 'string') cursor.next()
    return true
  }
  if (/^(?:number|hex|bit|param)$/.test(token.kind) || /^(?:NULL|TRUE|FALSE)$/.test(token.upper)) {
    cursor.next()
    return true
  }
  const next = cursor.peek(1).kind
  const introduced = INTRODUCERS.has(token.upper) && /^(?:string|hex|bit)$/.test(next)
  const temporal = /^(?:DATE|TIME|TIMESTAMP)$/.test(token.upper) && next === 'string'
  if (!introduced && !temporal) {
    if (token.kind === 'word' && token.upper.startsWith('_') && next === 'string')
      cursor.fail('this character set introducer is not understood', 'SP-OPAQUE')
    return false
  }
  cursor.next()
  cursor.next()
  return true
}

function keyword(cursor: Cursor, reads: Reads): boolean {
  if (cursor.sees('CASE')) caseExpr(cursor, reads)
  else if (cursor.accept('EXISTS')) subquery(cursor, reads)
  else if (/^(?:ANY|SOME|ALL)$/.test(cursor.peek().upper) && cursor.peek(1).upper === '(' && atQuery(cursor, 1)) {
    cursor.next()
    subquery(cursor, reads)
  } else if (cursor.accept('INTERVAL')) interval(cursor, reads)
  else if (cursor.accept('CAST', '(')) cast(cursor, reads, 'cast')
  else if (cursor.accept('CONVERT', '(')) cast(cursor, reads, 'convert')
  else if (cursor.accept('MATCH', '(')) matchAgainst(cursor, reads)
  else if (cursor.seesAny(NILADIC) && cursor.peek(1).upper !== '(') {
    call(cursor, reads, cursor.next().upper.toLowerCase(), 0)
  } else return false
  return true
}

function caseExpr(cursor: Cursor, reads: Reads): void {
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

function subquery(cursor: Cursor, reads: Reads): void {
  reads.queries.push(parseSubquery(cursor))
  reads.notBare()
}

/** `INTERVAL expr unit`, or the function INTERVAL(n, n1, n2). */
function interval(cursor: Cursor, reads: Reads): void {
  reads.notBare()
  readExpr(cursor, reads)
  if (cursor.seesAny(INTERVAL_UNITS)) cursor.next()
  else call(cursor, reads, 'interval', 2)
}

function cast(cursor: Cursor, reads: Reads, name: string): void {
  readExpr(cursor, reads)
  if (name === 'convert' && cursor.accept('USING')) {
    if (!cursor.accept('BINARY')) cursor.name()
  } else {
    cursor.expect(name === 'cast' ? 'AS' : ',')
    parseType(cursor)
  }
  cursor.expect(')')
  call(cursor, reads, name, 1)
}

function matchAgainst(cursor: Cursor, reads: Reads): void {
  cursor.list(() => readExpr(cursor, reads))
  cursor.expect(')')
  cursor.expect('AGAINST', '(')
  operand(cursor, reads)
  if (cursor.accept('IN', 'NATURAL', 'LANGUAGE', 'MODE')) cursor.accept('WITH', 'QUERY', 'EXPANSION')
  else if (!cursor.accept('IN', 'BOOLEAN', 'MODE')) cursor.accept('WITH', 'QUERY', 'EXPANSION')
  cursor.expect(')')
  call(cursor, reads, 'match', 1)
}

function parenthesised(cursor: Cursor, reads: Reads): void {
  reads.notBare()
  if (atQuery(cursor, 0)) return subquery(cursor, reads)
  cursor.expect('(')
  cursor.list(() => readExpr(cursor, reads))
  cursor.expect(')')
}

function nameOrCall(cursor: Cursor, reads: Reads): void {
  const reserved = cursor.seesAny(RESERVED_FUNCTIONS)
  if (
    cursor.peek(1).upper === '(' &&
    (reserved || cursor.seesName() || cursor.sees('VALUES') || cursor.sees('DEFAULT'))
  )
    return parseCall(cursor, reads, null)
  const parts = [cursor.name()]
  while (parts.length < 3 && cursor.accept('.')) {
    if (cursor.peek(1).upper === '(') return parseCall(cursor, reads, parts)
    parts.push(cursor.nameAfterDot())
  }
  if (cursor.sees('.')) cursor.fail('a column name has too many parts')
  const column: ColumnName = { kind: 'column', parts }
  cursor.notes.columns.push(column)
  reads.column(column)
}

function call(cursor: Cursor, reads: Reads, name: string, args: number): void {
  reads.call()
  cursor.notes.calls.push({ schema: '', name, userDefined: false, args })
}

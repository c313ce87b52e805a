import { parseCall } from './call.ts'
import { isSimple, isValue, type Operand, OTHER, type Part, shownAs } from './conjunction.ts'
import type { Cursor } from './cursor.ts'
import { readLiteral } from './literal.ts'
import { atQuery, parseSubquery } from './query.ts'
import { Reads } from './reads.ts'
import { readSpecial } from './special_form.ts'
import type { ColumnName, Expr } from './tree.ts'
import { BINARY_OPERATORS, PREFIX_OPERATORS, RESERVED_FUNCTIONS } from './words.ts'

/** Operators before one operand. */
const MAX_SIGNS = 64

/** One expression of any kind (Reference Manual 11.5). The result is flattened: see `Expr`. */
export function parseExpr(cursor: Cursor): Expr {
  const reads = new Reads()
  const start = cursor.peek()
  const first = cursor.position
  const { single, parts } = readChain(cursor, reads)
  const end = cursor.previous()
  const whole = cursor.position - first
  return reads.expr({ start: start.start, end: end.end }, single, start, whole, parts)
}

/** Reads one more expression into a collection that already exists. */
export function readExpr(cursor: Cursor, reads: Reads): void {
  readChain(cursor, reads)
}

interface Chain {
  /** The column, where the first operand is one bare column. */
  readonly single: ColumnName | null
  readonly parts: readonly Part[]
}

/** Operands joined by operators. */
function readChain(cursor: Cursor, reads: Reads): Chain {
  const parts: Part[] = [readOperand(cursor, reads)]
  const { single } = reads
  while (operatorAndOperand(cursor, reads, parts));
  return { single, parts }
}

function operatorAndOperand(cursor: Cursor, reads: Reads, parts: Part[]): boolean {
  if (cursor.accept('COLLATE')) {
    cursor.charset()
    parts.push('COLLATE')
  } else if (cursor.accept('IS')) parts.push(truthTest(cursor))
  else if (cursor.sees('MEMBER', 'OF', '(')) memberOf(cursor, reads, parts)
  else if (cursor.accept('SOUNDS', 'LIKE')) parts.push('SOUNDS LIKE', readOperand(cursor, reads))
  else if (cursor.sees('ESCAPE') && /LIKE$/.test(String(parts.at(-2)))) escaped(cursor, reads, parts)
  else return binary(cursor, reads, parts)
  return true
}

/** `x LIKE y ESCAPE z`; elsewhere the word is a name. */
function escaped(cursor: Cursor, reads: Reads, parts: Part[]): void {
  cursor.expect('ESCAPE')
  parts.push('ESCAPE', readOperand(cursor, reads))
}

function binary(cursor: Cursor, reads: Reads, parts: Part[]): boolean {
  const negated = cursor.sees('NOT') && /^(?:IN|LIKE|BETWEEN|REGEXP|RLIKE)$/.test(cursor.peek(1).upper)
  if (negated) cursor.next()
  if (!cursor.seesAny(BINARY_OPERATORS)) return false
  const operator = cursor.next().upper
  parts.push(negated ? `NOT ${operator}` : operator, readOperand(cursor, reads))
  return true
}

function memberOf(cursor: Cursor, reads: Reads, parts: Part[]): void {
  cursor.expect('MEMBER', 'OF', '(')
  readExpr(cursor, reads)
  cursor.expect(')')
  parts.push('MEMBER OF')
}

function truthTest(cursor: Cursor): string {
  const not = cursor.accept('NOT') ? 'NOT ' : ''
  const { upper } = cursor.next()
  if (!/^(?:NULL|TRUE|FALSE|UNKNOWN)$/.test(upper)) cursor.fail('IS takes NULL, TRUE, FALSE or UNKNOWN')
  return `IS ${not}${upper}`
}

/** One operand with the signs before it; a number stays one under a minus. */
export function readOperand(cursor: Cursor, reads: Reads): Operand {
  let signs = 0
  let minus = false
  let plus = true
  for (; cursor.seesAny(PREFIX_OPERATORS); signs += 1) {
    if (signs > MAX_SIGNS) cursor.fail('too many signs stand before a value', 'SP-OPAQUE')
    minus = cursor.sees('-')
    plus &&= cursor.sees('+')
    if (!cursor.accept('BINARY')) cursor.next()
    reads.notBare()
  }
  const operand = cursor.nested(() => primary(cursor, reads))
  if (signs === 0) return operand
  if (plus) return { kind: 'other', shown: shownAs(operand) }
  const negative = signs === 1 && minus && operand.kind === 'number'
  return negative ? { ...operand, text: `-${operand.text}`, shown: null } : OTHER
}

function primary(cursor: Cursor, reads: Reads): Operand {
  const token = cursor.peek()
  const value = readLiteral(cursor)
  if (value !== null) return value
  if (readSpecial(cursor, reads)) return OTHER
  if (token.kind === 'uservar') return variable(cursor, reads)
  if (token.kind === 'sysvar') {
    cursor.next()
    reads.noteCall(cursor, `@@${token.value.toLowerCase()}`, 0)
    return OTHER
  }
  if (token.upper === '(') return parenthesised(cursor, reads)
  return nameOrCall(cursor, reads)
}

/** `@v`, and `@v := expression`, where the rest of the chain is what is assigned. */
function variable(cursor: Cursor, reads: Reads): Operand {
  const { value } = cursor.next()
  reads.variable()
  if (!cursor.accept(':=')) return OTHER
  reads.call()
  cursor.notes.settings.push({ name: `@${value.toLowerCase()}`, scope: 'session', values: 'expression' })
  readExpr(cursor, reads)
  return OTHER
}

function parenthesised(cursor: Cursor, reads: Reads): Operand {
  reads.notBare()
  if (atQuery(cursor, 0)) {
    reads.queries.push(parseSubquery(cursor))
    return OTHER
  }
  cursor.expect('(')
  const items = cursor.list(() => parenthesisedItem(cursor, reads))
  cursor.expect(')')
  const values = items.flatMap((item) => (item !== null && isValue(item) ? [item] : []))
  if (values.length === items.length) return { kind: 'values', values }
  return (items.length === 1 && items[0]) || OTHER
}

function parenthesisedItem(cursor: Cursor, reads: Reads): Operand | null {
  const inner = new Reads()
  const start = cursor.peek()
  const { parts } = readChain(cursor, inner)
  const { tests } = inner.expr({ start: start.start, end: start.end }, null, start, 0, parts)
  reads.take(inner)
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object' && (isSimple(only) || shownAs(only) !== null)) return only
  return tests === null ? null : { kind: 'tests', tests }
}

function nameOrCall(cursor: Cursor, reads: Reads): Operand {
  const called = cursor.peek(1).upper === '('
  if (called && (cursor.seesName() || cursor.seesAny(RESERVED_FUNCTIONS))) {
    parseCall(cursor, reads, null)
    return OTHER
  }
  const parts = [cursor.name()]
  while (parts.length < 3 && cursor.accept('.')) {
    if (cursor.peek(1).upper === '(') {
      parseCall(cursor, reads, parts)
      return OTHER
    }
    parts.push(cursor.nameAfterDot())
  }
  if (cursor.sees('.')) cursor.fail('a column name has too many parts')
  const column: ColumnName = { kind: 'column', parts }
  cursor.notes.columns.push(column)
  reads.column(column)
  return column
}

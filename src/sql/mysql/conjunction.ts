import type { ColumnName, Shown, Test, Value } from './tree.ts'

/** What stands between the operators of one expression. `other`: anything that is neither of the rest. */
export type Operand =
  | ColumnName
  | Value
  | { readonly kind: 'values'; readonly values: readonly Value[] }
  | { readonly kind: 'tests'; readonly tests: readonly Test[] }
  | { readonly kind: 'other'; readonly shown: Shown | null }

/** An operator as it is written (`NOT IN`, `IS NOT NULL`), or what it stands between. */
export type Part = string | Operand

const COMPARISONS = new Set(['=', '<', '>', '<=', '>=', '<>', '!='])

export const OTHER: Operand = { kind: 'other', shown: null }

/**
 * The tests that the whole consists of, or null. AND binds less than everything that a test is made of, and where OR,
 * XOR, a `||` or a second operator appears the answer is null, so that no other precedence matters.
 */
export function conjunction(parts: readonly Part[]): readonly Test[] | null {
  const tests: Test[] = []
  let at = 0
  for (;;) {
    const read = testAt(parts, at)
    if (read === null) return null
    tests.push(...read.tests)
    at += read.length
    if (at === parts.length) return tests
    if (parts[at] !== 'AND' && parts[at] !== '&&') return null
    at += 1
  }
}

interface Read {
  readonly tests: readonly Test[]
  readonly length: number
}

function testAt(parts: readonly Part[], at: number): Read | null {
  const [left, operator, right, and, upper] = parts.slice(at, at + 5)
  if (left === undefined || typeof left === 'string') return null
  if (operator === undefined || operator === 'AND' || operator === '&&') return alone(left)
  if (typeof operator !== 'string' || !isSimple(left)) return null
  if (operator === 'IS NULL' || operator === 'IS NOT NULL')
    return { tests: [{ test: 'null', operands: [left] }], length: 2 }
  if (right === undefined || typeof right === 'string') return null
  if (operator === 'IN' || operator === 'NOT IN') return membership(left, operator, right)
  if (!isSimple(right)) return null
  if (operator === 'BETWEEN' || operator === 'NOT BETWEEN') {
    if (and !== 'AND' || upper === undefined || typeof upper === 'string' || !isSimple(upper)) return null
    return { tests: [{ test: 'between', operands: [left, right, upper] }], length: 5 }
  }
  if (!COMPARISONS.has(operator)) return null
  return { tests: [{ test: operator === '=' ? 'equal' : 'compare', operands: [left, right] }], length: 3 }
}

/** `a`, `1`, `(a = 1 AND b = 2)`. */
function alone(operand: Operand): Read | null {
  if (operand.kind === 'tests') return { tests: operand.tests, length: 1 }
  return isSimple(operand) ? { tests: [{ test: 'truth', operands: [operand] }], length: 1 } : null
}

function membership(left: ColumnName | Value, operator: string, right: Operand): Read | null {
  const values = right.kind === 'values' ? right.values : isSimple(right) && right.kind !== 'column' ? [right] : null
  if (values === null) return null
  const test = operator === 'IN' ? 'in' : 'compare'
  return { tests: [{ test, operands: [left, ...values] }], length: 3 }
}

export function isSimple(operand: Operand): operand is ColumnName | Value {
  return operand.kind === 'column' || isValue(operand)
}

export function isValue(operand: Operand): operand is Value {
  return operand.kind === 'text' || operand.kind === 'number' || operand.kind === 'null' || operand.kind === 'param'
}

/** How an output column of nothing else is called; null: after its text. */
export function shownAs(operand: Operand): Shown | null {
  if (operand.kind === 'column') return named(operand.parts.at(-1)!.value)
  if (operand.kind === 'values') return operand.values.length === 1 ? operand.values[0]!.shown : null
  return operand.kind === 'tests' ? null : operand.shown
}

export function named(name: string): Shown {
  return { mysql: name, mariadb: name }
}

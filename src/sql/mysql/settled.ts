import { lookup, type OpenUse, type Scope } from './scope.ts'
import type { Notes, Query, TableItem, Test } from './tree.ts'

/**
 * Columns of the outermost tables that the whole WHERE, a conjunction, holds to one constant or parameter each: whatever
 * order the rows come in, it is none of such a column. Nothing else is evaluated on other rows before: joins are by plain
 * tests, and no expression keeps what it saw in a variable.
 */
export function settledColumns(
  { terms, ctes }: Query,
  scope: Scope | undefined,
  { settings, examined }: Notes,
): ReadonlyMap<OpenUse, ReadonlySet<string>> {
  const settled = new Map<OpenUse, Set<string>>()
  const [select, ...others] = terms
  if (!scope || select?.kind !== 'select' || others.length > 0 || ctes.length > 0) return settled
  if (settings.length > 0 || examined || !select.from || !isPlainJoin(select.from)) return settled
  for (const test of select.where?.tests ?? []) {
    const base = settledBy(test, scope)
    if (base) settled.set(base.use, (settled.get(base.use) ?? new Set()).add(base.column))
  }
  return settled
}

function settledBy({ test, operands }: Test, scope: Scope) {
  if ((test !== 'equal' && test !== 'in') || operands.length !== 2) return null
  const [column, ...more] = operands.flatMap((operand) => (operand.kind === 'column' ? [operand] : []))
  const found = column && more.length === 0 ? lookup(column, scope, 'columns') : []
  return found.length === 1 ? found[0]!.base : null
}

function isPlainJoin(item: TableItem): boolean {
  if (item.kind === 'list') return item.items.every(isPlainJoin)
  if (item.kind === 'table') return true
  if (item.kind !== 'join' || (item.on !== null && item.on.tests === null)) return false
  return isPlainJoin(item.left) && isPlainJoin(item.right)
}

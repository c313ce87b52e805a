import { SallyportError } from '../../errors.ts'
import type { Column, Relation } from '../catalog.ts'
import type { RelationUse } from '../facts.ts'
import type { SqlMask, Substitution } from '../substitution.ts'
import { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { qualifiedText, quoteName, quoteString } from './quoting.ts'
import { rowOrder } from './row_order.ts'
import type { LexMode } from './token.ts'
import { tokenize } from './tokenizer.ts'

/** A derived table with LIMIT is never merged into the outer query: nothing outside is evaluated on other rows. */
const FENCE = 'LIMIT 18446744073709551615'

/**
 * The subquery that stands in for a reference: every column in order, masked where planned, of the rows that its
 * condition lets through. `partition` is the reference's PARTITION clause.
 */
export function subqueryFor(use: RelationUse, plan: Substitution, partition: string, mode: LexMode): string {
  const { relation } = use
  for (const name of plan.masks.keys())
    if (!relation.columns.some((column) => column.name === name))
      throw new SallyportError('SP-OPAQUE', 'a mask names a column that the relation does not have')
  const hidden = new Set([...plan.masks.keys(), ...(plan.unordered ?? [])])
  checkPartition(relation, hidden, partition)
  const { hint, sort } = rowOrder(relation, plan)
  const where = plan.where === null ? '' : ` WHERE ${checkedCondition(plan.where, mode)}`
  const from = `FROM ${qualifiedText(relation)}${partition === '' ? '' : ` ${partition}`}${hint}${where}${sort}`
  const columns = shownColumns(use)
  const shown = columns.map((column) => columnText(column, plan, mode)).join(', ')
  const fenced = sort !== '' || (where !== '' && !plan.plain)
  if (!fenced) return `(SELECT ${shown} ${from})`
  const read = columns.filter(({ name }) => readsColumn(plan, name)).map(({ name }) => quoteName(name))
  if (read.length === columns.length && plan.masks.size === 0) return `(SELECT ${shown} ${from} ${FENCE})`
  // Outside of the fence, since a computed column keeps its type only where it is not stored in between.
  return `(SELECT ${shown} FROM (SELECT ${read.length > 0 ? read.join(', ') : '1'} ${from} ${FENCE}) AS \`r\`)`
}

/** `*` leaves out an invisible column of a table, but of a subquery none. */
export function shownColumns({ relation, columns }: RelationUse): readonly Column[] {
  return relation.columns.filter(({ name, invisible }) => !invisible || columns.has(name))
}

/** Who chooses the partition asks for the column that the rows are spread by. */
export function checkPartition(
  { partitionedBy = [], schema, name }: Relation,
  hidden: ReadonlySet<string>,
  partition: string,
) {
  if (partition === '') return
  const asked = partitionedBy.find((column) => hidden.has(column))
  if (asked === undefined) return
  const what = `the partitions of ${schema}.${name} tell of the masked column ${asked}`
  throw new SallyportError('SP-MASKED', `${what}; leave PARTITION out`)
}

/** A condition is one expression over the relation's own columns: it can neither end early nor read elsewhere. */
export function checkedCondition(condition: string, mode: LexMode): string {
  const cursor = new Cursor(tokenize(condition, mode))
  const { queries } = parseExpr(cursor)
  cursor.end()
  if (queries.length > 0) cursor.fail('a row condition holds a subquery')
  return `(${condition})`
}

function readsColumn({ masks, unread }: Substitution, name: string): boolean {
  return masks.get(name)?.kind !== 'constant' && !unread?.has(name)
}

function columnText({ name }: Column, { masks, unread }: Substitution, mode: LexMode): string {
  const mask = masks.get(name)
  if (unread?.has(name)) return `NULL AS ${quoteName(name)}`
  return mask ? `${maskText(name, mask, mode)} AS ${quoteName(name)}` : quoteName(name)
}

/** IF(FALSE, column, NULL) keeps the column's type; the value is never evaluated. */
function maskText(name: string, mask: SqlMask, mode: LexMode): string {
  return mask.kind === 'constant' ? quoteString(mask.text, mode) : `IF(FALSE, ${quoteName(name)}, NULL)`
}

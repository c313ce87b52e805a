import { SallyportError } from '../../errors.ts'
import type { Column, Relation } from '../catalog.ts'
import type { RelationUse } from '../facts.ts'
import type { Substitution } from '../substitution.ts'
import { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import { maskSql } from './mask_sql.ts'
import { qualifiedText, quoteName } from './quoting.ts'
import { rowOrder } from './row_order.ts'
import type { LexMode } from './token.ts'
import { tokenize } from './tokenizer.ts'
import { nullOf, unreadNull } from './typed_null.ts'

/** A derived table with LIMIT is never merged into the outer query: nothing outside is evaluated on other rows. */
const FENCE = 'LIMIT 18446744073709551615'

/** What of the statement moves inside. */
interface Clauses {
  /** '' for none. */
  readonly partition: string
  /** Null where nothing is locked, or not in one way. */
  readonly lock: string | null
  /** The server must not merge the subquery, whether or not it needs a fence. */
  readonly apart: boolean
  /** The statement searches by MATCH, which takes columns of a table or of a merged subquery. */
  readonly searches: boolean
}

/**
 * The subquery that stands in for a reference: every column in order, masked where planned, of the rows that its
 * condition lets through. `partition` is the reference's PARTITION clause, `lock` how its rows are locked.
 */
export function subqueryFor(
  use: RelationUse,
  plan: Substitution,
  { partition, lock, apart, searches }: Clauses,
  mode: LexMode,
): string {
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
  if (searches && (fenced || apart)) {
    throw new SallyportError('SP-MASKED', `${relation.schema}.${relation.name} can't be searched by MATCH here`)
  }
  if (use.locked && (fenced || apart || lock === null)) {
    throw new SallyportError('SP-MASKED', `rows of ${relation.schema}.${relation.name} can't be locked in this way`)
  }
  if (apart) return `(SELECT ${shown} ${from} ${FENCE})`
  if (!fenced) return `(SELECT ${shown} ${from}${use.locked ? ` ${lock}` : ''})`
  const read = columns.filter((column) => readsColumn(plan, column)).map(({ name }) => quoteName(name))
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

/** A constant does not. */
function readsColumn({ masks, unread }: Substitution, { name }: Column): boolean {
  return !unread?.has(name) && masks.get(name)?.kind !== 'constant'
}

function columnText(column: Column, { masks, unread }: Substitution, mode: LexMode): string {
  const name = quoteName(column.name)
  if (unread?.has(column.name)) return `${unreadNull(column)} AS ${name}`
  const mask = masks.get(column.name)
  if (!mask) return name
  // A constant without a form for the column's character set: the account may not be able to name the column.
  const none = mask.kind === 'constant' ? unreadNull : nullOf
  return `${maskSql(mask, column, mode) ?? none(column)} AS ${name}`
}

import { SallyportError } from '../../errors.ts'
import type { Relation } from '../catalog.ts'
import type { SqlMask, Substitution } from '../substitution.ts'
import { Cursor } from './cursor.ts'
import { parseExpr } from './expression.ts'
import type { LexMode } from './token.ts'
import { tokenize } from './tokenizer.ts'

/** A derived table with LIMIT is never merged into the outer query: nothing outside is evaluated on other rows. */
const FENCE = 'LIMIT 18446744073709551615'

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

export function qualifiedText({ schema, name }: Relation): string {
  return `${quoteName(schema)}.${quoteName(name)}`
}

/** `(SELECT every column, masked where planned FROM the relation WHERE its row condition)`. */
export function subqueryText(relation: Relation, plan: Substitution, partition: string, mode: LexMode): string {
  for (const name of plan.masks.keys())
    if (!relation.columns.some((column) => column.name === name))
      throw new SallyportError('SP-OPAQUE', 'a mask names a column that the relation does not have')
  const columns = relation.columns.map(({ name }) => columnText(name, plan.masks.get(name), mode))
  const from = `FROM ${qualifiedText(relation)}${partition === '' ? '' : ` ${partition}`}`
  if (plan.where !== null) checkCondition(plan.where, mode)
  const where = plan.where === null ? '' : ` WHERE (${plan.where})`
  const unordered = new Set([...plan.masks.keys(), ...(plan.unordered ?? [])])
  const hint = unordered.size > 0 && takesHints(relation) ? indexHint(relation) : ''
  const order = unordered.size > 0 && !takesHints(relation) ? orderText(relation, unordered) : ''
  const fence = where === '' && order === '' ? '' : ` ${FENCE}`
  return `(SELECT ${columns.join(', ')} ${from}${hint}${where}${order}${fence})`
}

/**
 * A scan of an index that holds a masked column gives the rows in its order, whatever is selected. The catalog does
 * not name the indexes, so a masked table is read by its primary key alone.
 */
function indexHint({ primaryKey }: Relation): string {
  return primaryKey.length > 0 ? ' USE INDEX (PRIMARY)' : ' USE INDEX ()'
}

function takesHints({ kind }: Relation): boolean {
  return kind === 'table' || kind === 'partitioned'
}

/** A view takes no hints, so its rows are put in an order that every reader may know; the fence keeps the server to it. */
function orderText({ columns }: Relation, unordered: ReadonlySet<string>): string {
  const clear = columns.filter(({ name }) => !unordered.has(name)).map(({ name }) => quoteName(name))
  return clear.length === 0 ? '' : ` ORDER BY ${clear.join(', ')}`
}

/** A condition is one expression over the relation's own columns: it can neither end early nor read elsewhere. */
function checkCondition(condition: string, mode: LexMode): void {
  const cursor = new Cursor(tokenize(condition, mode))
  const { queries } = parseExpr(cursor)
  cursor.end()
  if (queries.length > 0) cursor.fail('a row condition holds a subquery')
}

/** IF(FALSE, column, NULL) keeps the column's type; the value is never evaluated. */
function columnText(name: string, mask: SqlMask | undefined, mode: LexMode): string {
  const quoted = quoteName(name)
  if (!mask) return quoted
  if (mask.kind === 'constant') return `${quoteString(mask.text, mode)} AS ${quoted}`
  return `IF(FALSE, ${quoted}, NULL) AS ${quoted}`
}

/** A string literal that reads the same in the session's sql_mode. */
export function quoteString(text: string, mode: LexMode): string {
  const doubled = text.replaceAll("'", "''")
  return `'${mode.noBackslashEscapes ? doubled : doubled.replaceAll('\\', '\\\\')}'`
}

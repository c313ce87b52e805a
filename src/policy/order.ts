import type { Relation } from '../sql/catalog.ts'
import type { Substitution } from '../sql/substitution.ts'
import { maskedColumns } from './column_needs.ts'
import { isView } from './masks.ts'
import type { RuleContext } from './rule_context.ts'

/** A view inside of a view, and so on, is followed so far. */
const VIEW_DEPTH_MAX = 16

/**
 * Masked columns in whose order the rows of a reference could come, which then has to be replaced although nothing in it
 * is computed on. In MySQL an index that holds the column may be what a scan follows, and a table is stored in the order
 * of its key. PostgreSQL scans a table in its own order as long as index-only scans are off, which the session sees to.
 */
export function hiddenOrder(context: RuleContext, relation: Relation): Pick<Substitution, 'unordered'> {
  if (context.input.catalog.dialect === 'postgres') return {}
  if (isView(relation)) {
    return isViewOrdered(context, relation, 0) ? { unordered: new Set(maskedColumns(context, relation)) } : {}
  }
  const columns = orderedBy(context, relation)
  return columns.length > 0 ? { unordered: new Set(columns) } : {}
}

/** A view need not show the column in whose order it comes. */
function isViewOrdered(context: RuleContext, view: Relation, depth: number): boolean {
  const facts = depth > VIEW_DEPTH_MAX ? null : context.input.viewFacts(view)
  if (!facts) return true
  return facts.uses.some(({ relation }) =>
    isView(relation) ? isViewOrdered(context, relation, depth + 1) : orderedBy(context, relation).length > 0,
  )
}

function orderedBy(context: RuleContext, relation: Relation): readonly string[] {
  const { indexes, partitionedBy = [] } = relation
  const hidden = maskedColumns(context, relation)
  if (!indexes) return hidden
  const telling = new Set([...indexes.flatMap(({ columns }) => columns), ...partitionedBy])
  return hidden.filter((name) => telling.has(name))
}

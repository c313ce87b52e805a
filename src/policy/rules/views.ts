import type { Relation } from '../../sql/catalog.ts'
import type { RelationUse, StatementFacts } from '../../sql/facts.ts'
import { columnsRead } from '../column_needs.ts'
import { coverageUnnarrowed, isExcluded } from '../coverage.ts'
import { unsafeFunction } from '../functions.ts'
import { isView } from '../masks.ts'
import { hiddenOrder } from '../order.ts'
import { viewShowsHidden } from '../quoting.ts'
import { eachStatement, nameOf, type Refused, type RuleContext, refuse, usesOf } from '../rule_context.ts'
import { hiddenSystemUse } from '../system_relations.ts'

const VIEW_DEPTH_MAX = 16

/**
 * A view is judged with its definition, and that with the views inside. Refused: what can't be analysed, what reads a
 * relation or column out of scope or limited to some rows, what calls an unsafe function, and what chooses its rows by a
 * masked column. A rule that names the view itself vouches for the relations that it reads, save excluded ones.
 */
export const viewsRule = eachStatement('views', (context, statement) => {
  for (const { relation } of usesOf(statement)) {
    const refused = judgeView(context, relation, isNamed(context, relation), 0)
    if (refused) return refused
  }
  return null
})

function isNamed(context: RuleContext, relation: Relation): boolean {
  return context.coverage(relation, 'read')?.named ?? false
}

export function judgeView(context: RuleContext, view: Relation, named: boolean, depth: number): Refused | null {
  if (view.kind === 'system' || !isView(view)) return null
  const facts = depth > VIEW_DEPTH_MAX ? null : context.input.viewFacts(view)
  const name = nameOf({ relation: view })
  if (!facts || facts.opaque) return refuse('SP-SCOPE', `the view ${name} cannot be analysed`)
  const unsafe = unsafeFunction(context.input.catalog.dialect, context.input.role.call, facts.functions)
  if (unsafe !== null) return refuse('SP-FUNCTION', `the view ${name} calls ${unsafe}, which is not known to be safe`)
  if (viewShowsHidden(context, facts)) {
    return refuse('SP-SCOPE', `the view ${name} would print conditions on masked columns of some table`)
  }
  const row = facts.rowSources.find(({ relation, column }) => context.masks.of(relation, column))
  if (row)
    return refuse('SP-MASKED', `the rows of the view ${name} depend on the masked column ${nameOf(row)}.${row.column}`)
  const ordered = judgeOrder(context, view, facts)
  if (ordered) return ordered
  for (const use of facts.uses) {
    const refused = judgeRead(context, name, facts, use, named) ?? judgeView(context, use.relation, named, depth + 1)
    if (refused) return refused
  }
  return null
}

/** Words of a definition whose result depends on the order in which rows come. */
const BY_ORDER = /\b(?:limit|over|group_concat|json_arrayagg|json_objectagg|any_value|st_collect)\b/i

/** MySQL: inside of a view the server may follow an index that holds a masked column. */
function judgeOrder(context: RuleContext, view: Relation, facts: StatementFacts): Refused | null {
  const word = BY_ORDER.exec(view.definition ?? '')?.[0]
  const read = facts.uses.find(({ relation }) => hiddenOrder(context, relation).unordered !== undefined)
  if (word === undefined || !read) return null
  const what = `the view ${nameOf({ relation: view })} uses ${word.toUpperCase()}`
  return refuse('SP-MASKED', `${what}, and the rows of ${nameOf(read)} may come in the order of a masked column`)
}

function judgeRead(
  context: RuleContext,
  view: string,
  facts: StatementFacts,
  use: RelationUse,
  named: boolean,
): Refused | null {
  const hidden = hiddenSystemUse(context.input.catalog.dialect, use)
  if (hidden !== null) return refuse('SP-SCOPE', `the view ${view} reads a relation of the system: ${hidden}`)
  if (use.relation.kind === 'system') return null
  // What a view reads is bounded by the role: a grant that was narrowed to the view need not name it.
  const coverage = coverageUnnarrowed(context.input, use.relation, 'read')
  if ((coverage?.where.length ?? 0) > 0) {
    return refuse('SP-SCOPE', `the view ${view} reads ${nameOf(use)}, of which the grant covers some rows only`)
  }
  if (named && !isExcluded(context.input, use.relation)) return null
  if (!coverage) return refuse('SP-SCOPE', `the view ${view} reads ${nameOf(use)}, which the grant does not cover`)
  const out = columnsRead(facts, use).find((column) => !coverage.column(column.name))
  return out
    ? refuse('SP-SCOPE', `the view ${view} reads ${nameOf(use)}.${out.name}, which the grant does not cover`)
    : null
}

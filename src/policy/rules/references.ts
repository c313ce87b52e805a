import { type ForeignKey, type Relation, relationKey } from '../../sql/catalog.ts'
import type { RelationUse } from '../../sql/facts.ts'
import { columnsWritten } from '../column_needs.ts'
import { unsatisfied } from '../conditions.ts'
import { coverageUnnarrowed, isExcluded } from '../coverage.ts'
import { familyOf } from '../family.ts'
import { eachStatement, nameOf, type Refused, type RuleContext, refuse, usesOf } from '../rule_context.ts'

/**
 * A foreign key says whether the other table has a row with the given value: refused where that column is masked, where
 * the role excludes the table by name, and where the grant covers some of its rows only and the key could mean another.
 */
export const referencesRule = eachStatement('references', (context, statement) => {
  for (const use of usesOf(statement)) {
    if (use.role !== 'target') continue
    const { descendants } = familyOf(context.input.catalog, use.relation)
    const references = [use.relation, ...descendants].flatMap((relation) => relation.references ?? [])
    const written = new Set(columnsWritten(use).map(({ name }) => name))
    for (const key of references) {
      const refused = key.columns.some((name) => written.has(name)) ? judgeKey(context, use, key) : null
      if (refused) return refused
    }
  }
  return null
})

function judgeKey(context: RuleContext, use: RelationUse, key: ForeignKey): Refused | null {
  const other = otherOf(context, key)
  if (!other || isNothing(use, key)) return null
  const leave = `leave ${key.columns.join(', ')} of ${nameOf(use)} out`
  const tells = `a foreign key would tell whether ${nameOf({ relation: other })} has such a row`
  if (isExcluded(context.input, other)) return refuse('SP-SCOPE', `${tells}, which the grant excludes; ${leave}`)
  const masked = key.theirs.find((name) => context.masks.of(other, name) !== null)
  if (masked !== undefined) return refuse('SP-MASKED', `${tells}, and its column ${masked} is masked; ${leave}`)
  if (meansOnlyCovered(context, use, key, other)) return null
  return refuse('SP-SCOPE', `${tells}, of which the grant covers some only; ${leave}`)
}

function otherOf({ input: { catalog } }: RuleContext, { to }: ForeignKey): Relation | null {
  const found = catalog.relations.get(relationKey(to.schema, to.name))
  return found ?? catalog.relations.get(relationKey(to.schema.toLowerCase(), to.name.toLowerCase())) ?? null
}

/** A key with a NULL in it is compared with nothing. */
function isNothing({ given }: RelationUse, { columns }: ForeignKey): boolean {
  return columns.some((name) => given?.get(name)?.every((value) => value === null))
}

/** The key holds the columns of the other table's row condition, and gives them values that satisfy it. */
function meansOnlyCovered(
  context: RuleContext,
  { given }: RelationUse,
  { columns, theirs }: ForeignKey,
  other: Relation,
): boolean {
  // A grant that was narrowed to other tables tells no more of this one's rows than the role would.
  const conditions = coverageUnnarrowed(context.input, other, 'read')?.where ?? []
  return conditions.every((condition) => {
    const at = theirs.findIndex((name) => name.toLowerCase() === condition.column.toLowerCase())
    const values = at === -1 ? undefined : given?.get(columns[at] ?? '')
    return unsatisfied(condition, values) === null
  })
}

import type { Relation } from '../../sql/catalog.ts'
import type { RelationUse } from '../../sql/facts.ts'
import { columnsWritten } from '../column_needs.ts'
import { familyOf } from '../family.ts'
import { eachStatement, nameOf, type Refused, type RuleContext, refuse, usesOf, withInner } from '../rule_context.ts'

/**
 * What a write does beyond what it says: triggers run unseen unless `call` lists `trigger:schema.table`, rules are never
 * allowed, a view is no target, a table limited to some rows can't be written to, and a constraint on a masked column
 * would answer a guess.
 */
export const writesRule = eachStatement('writes', (context, statement) => {
  for (const use of usesOf(statement)) {
    if (use.role !== 'target') continue
    const refused = judgeTarget(context, use) ?? judgeRows(context, use) ?? judgeConstraints(context, use)
    if (refused) return refused
  }
  return withoutCondition(context, statement)
    ? refuse('SP-VERB', 'the role demands a WHERE on UPDATE and DELETE')
    : null
})

function withoutCondition({ input }: RuleContext, statement: Parameters<typeof withInner>[0]): boolean {
  if (!input.role.requireWhere) return false
  return withInner(statement).some(({ kind, hasWhere }) => (kind === 'update' || kind === 'delete') && !hasWhere)
}

function judgeTarget({ input }: RuleContext, use: RelationUse): Refused | null {
  const { kind } = use.relation
  if (kind !== 'table' && kind !== 'partitioned' && kind !== 'foreign_table') {
    return refuse('SP-VERB', `${nameOf(use)} is not a table, and only tables are written to`)
  }
  for (const relation of withDescendants(input.catalog, use.relation)) {
    const name = nameOf({ relation })
    if (relation.hasRules) return refuse('SP-FUNCTION', `a rule of ${name} would run`)
    if (relation.hasTriggers && !input.role.call.includes(`trigger:${name}`)) {
      return refuse('SP-FUNCTION', `a trigger of ${name} would run; the role may list trigger:${name}`)
    }
  }
  return null
}

function judgeRows(context: RuleContext, use: RelationUse): Refused | null {
  const verbs = ['read', 'insert', 'update', 'delete'] as const
  const filtered = verbs.some((verb) => (context.coverage(use.relation, verb)?.where.length ?? 0) > 0)
  return filtered
    ? refuse('SP-MASKED', `the grant covers some rows of ${nameOf(use)} only, so it can't be written to`)
    : null
}

function judgeConstraints(context: RuleContext, use: RelationUse): Refused | null {
  const constrained = new Set(withDescendants(context.input.catalog, use.relation).flatMap((one) => one.constrained))
  const oracle = columnsWritten(use).find(
    ({ name }) => constrained.has(name) && context.masks.of(use.relation, name) !== null,
  )
  if (!oracle) return null
  return refuse(
    'SP-MASKED',
    `a constraint on the masked column ${nameOf(use)}.${oracle.name} would tell whether a value exists; leave it out`,
  )
}

function withDescendants(catalog: RuleContext['input']['catalog'], relation: Relation): readonly Relation[] {
  return [relation, ...familyOf(catalog, relation).descendants]
}

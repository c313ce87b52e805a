import type { Relation } from '../../sql/catalog.ts'
import type { RelationUse, StatementFacts } from '../../sql/facts.ts'
import { columnsWritten, conditionsOf, writesTo } from '../column_needs.ts'
import { isOfZone, unsatisfied } from '../conditions.ts'
import { familyOf } from '../family.ts'
import type { RowCondition } from '../role.ts'
import {
  eachStatement,
  innermost,
  nameOf,
  type Refused,
  type RuleContext,
  refuse,
  usesOf,
  withInner,
} from '../rule_context.ts'

/**
 * What a write does beyond what it says: triggers run unseen unless `call` lists `trigger:schema.table`, rules are never
 * allowed, a view is no target and is not locked, a row of a table limited to some rows must satisfy the condition before
 * and after, and a constraint on a masked column, or on one that is compared with rows out of scope, would answer a guess.
 */
export const writesRule = eachStatement('writes', (context, statement) => {
  for (const use of usesOf(statement)) {
    if (use.locked && !isTable(use)) return refuse('SP-VERB', `${nameOf(use)} is not a table, and can't be locked`)
    // Of the kinds of LOCK only the one of a SELECT comes here.
    if (use.role !== 'target' || statement.kind === 'lock') continue
    const refused =
      judgeTarget(context, use) ??
      judgeRows(context, innermost(statement), use) ??
      judgeConstraints(context, use) ??
      judgeChangeTold(context, innermost(statement), use) ??
      judgeTogether(context, innermost(statement), use)
    if (refused) return refused
  }
  return withoutCondition(context, statement)
    ? refuse('SP-VERB', 'the role demands a WHERE on UPDATE and DELETE')
    : null
})

function withoutCondition({ input }: RuleContext, statement: Parameters<typeof withInner>[0]): boolean {
  if (!input.role.requireWhere) return false
  return withInner(statement).some(
    ({ kind, hasWhere, unconditional }) => unconditional || ((kind === 'update' || kind === 'delete') && !hasWhere),
  )
}

function isTable({ relation: { kind } }: RelationUse): boolean {
  return kind === 'table' || kind === 'partitioned' || kind === 'foreign_table'
}

function judgeTarget({ input }: RuleContext, use: RelationUse): Refused | null {
  if (!isTable(use)) {
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

/** Which rows are written is seen to when the statement is rewritten; here, that none of them leaves the scope. */
function judgeRows(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  const conditions = conditionsOf(context, statement, use)
  if (conditions.length === 0) return null
  const limited = `the grant covers some rows of ${nameOf(use)} only`
  if (use.given === undefined) return refuse('SP-SCOPE', `${limited}, so it can't be written to in this way`)
  if (use.conflict)
    return refuse('SP-SCOPE', `${limited}, and ${onConflict(context)} would tell whether another row exists`)
  const writes = writesTo(statement, use)
  for (const condition of conditions) {
    const { column } = condition
    const given = use.given.get(column)
    if (isGenerated(use, column)) return refuse('SP-SCOPE', `${limited} by ${column}, which is computed from others`)
    if (given && isOfZone(context.input.catalog.dialect, use.relation, condition))
      return refuse('SP-SCOPE', `${limited} by ${column}, which is read in the zone of the session; leave it out`)
    const reason = given || writes.includes('insert') ? unsatisfied(condition, given) : null
    if (reason) return refuse('SP-SCOPE', `${limited}: ${reason}`)
  }
  return judgeCompared(context, use, conditions, limited) ?? judgePicking(context, statement, use, limited)
}

function isGenerated({ relation }: RelationUse, column: string): boolean {
  return (relation.columns.find(({ name }) => name === column)?.generatedFrom.length ?? 0) > 0
}

/** A unique, exclusion or foreign key says whether a value is in a row that is out of scope. */
function judgeCompared(
  context: RuleContext,
  use: RelationUse,
  conditions: readonly RowCondition[],
  limited: string,
): Refused | null {
  const relations = withDescendants(context.input.catalog, use.relation)
  const compared = new Set(relations.flatMap((one) => one.compared ?? one.constrained))
  const own = new Set(conditions.map(({ column }) => column))
  const guess = [...(use.given?.keys() ?? [])].find((name) => compared.has(name) && !own.has(name))
  if (guess === undefined) return null
  return refuse('SP-SCOPE', `${limited}, and a constraint on ${guess} would tell of others; leave it out`)
}

/** Where the statement's own condition could tell of a row, the rows are picked by key behind a fence. */
function judgePicking(
  { input }: RuleContext,
  statement: StatementFacts,
  use: RelationUse,
  limited: string,
): Refused | null {
  const chooses = writesTo(statement, use).some((verb) => verb === 'update' || verb === 'delete')
  // In a join of MySQL a row without a match would fall to the condition too.
  if (chooses && input.catalog.dialect !== 'postgres' && !use.alone) {
    return refuse('SP-SCOPE', `${limited}: write to it alone, without a join`)
  }
  if (!chooses || statement.plainRows) return null
  const { kind, primaryKey } = use.relation
  // Inheritance children may repeat their parent's keys; partitions don't.
  const single = kind === 'partitioned' || use.only || familyOf(input.catalog, use.relation).descendants.length === 0
  if (use.alone && single && primaryKey.length > 0 && kind !== 'foreign_table') return null
  return refuse('SP-SCOPE', `${limited}: choose its rows by plain comparisons of columns with values`)
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

/**
 * MySQL leaves a row as it is that has the given values already. What it does to rows that it changes would say whether
 * a masked column had the value.
 */
function judgeChangeTold(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  const { relation } = use
  if (context.input.catalog.dialect === 'postgres' || !writesTo(statement, use).includes('update')) return null
  const written = columnsWritten(use)
  const masked = written.find(({ name }) => context.masks.of(relation, name) !== null)
  const told = relation.columns.find(({ name, onUpdate }) => onUpdate && !written.some((one) => one.name === name))
  if (!masked || !(told || relation.versioned)) return null
  const what = told ? `give ${told.name} a value too, which` : 'the former versions of the row, which'
  const reason = `would tell whether ${nameOf(use)}.${masked.name} was changed`
  return refuse('SP-MASKED', told ? `${what} ${reason}` : `${what} are kept, ${reason}`)
}

function onConflict({ input }: RuleContext): string {
  return input.catalog.dialect === 'postgres' ? 'ON CONFLICT' : 'ON DUPLICATE KEY, REPLACE or IGNORE'
}

/** A constraint, index or generated column that reads a written column and a masked one beside it fails by both. */
function judgeTogether(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  const written = new Set(columnsWritten(use).map(({ name }) => name))
  // A new row has nothing hidden in a column that it was not given; other rows have.
  const updates = writesTo(statement, use).includes('update')
  for (const { columns, compared } of withDescendants(context.input.catalog, use.relation).flatMap(
    ({ together }) => together ?? [],
  )) {
    const given = columns.find((name) => written.has(name))
    const masked = columns.find((name) => context.masks.of(use.relation, name) !== null)
    if (given === undefined || masked === undefined || !(updates || compared)) continue
    const what = `a constraint, index or generated column reads ${given} of ${nameOf(use)} and the masked column ${masked}`
    return refuse('SP-MASKED', `${what}: whether the write succeeds would tell of that; leave ${given} out`)
  }
  return null
}

function withDescendants(catalog: RuleContext['input']['catalog'], relation: Relation): readonly Relation[] {
  return [relation, ...familyOf(catalog, relation).descendants]
}

import type { MaskRule } from '../masking/rule.ts'
import type { Column } from '../sql/catalog.ts'
import type { OutputField, RelationUse, StatementFacts } from '../sql/facts.ts'
import type { SqlMask, Substitution } from '../sql/substitution.ts'
import {
  columnsRead,
  columnsWritten,
  columnUse,
  conditionsOf,
  maskedColumns,
  needsOf,
  writesTo,
} from './column_needs.ts'
import { conditionSql } from './conditions.ts'
import type { ColumnAccess, FieldPlan, Lookup, StatementPlan } from './decision.ts'
import { isView } from './masks.ts'
import { hiddenOrder } from './order.ts'
import { catalogSubstitution } from './quoting.ts'
import {
  innermost,
  isPlannedDefinition,
  nameOf,
  type Refused,
  type RuleContext,
  refuse,
  usesOf,
} from './rule_context.ts'
import { isConstantMask, isMaskedInSql, sqlMaskOf } from './sql_mask.ts'

const NULL_MASK: SqlMask = { kind: 'null' }

export const EMPTY_PLAN: StatementPlan = {
  substitutions: new Map(),
  fields: null,
  columns: [],
  computed: [],
  scrubErrors: false,
}

/** How a statement that the rules let through is sent, and what the wire does with its result. */
export function planOf(context: RuleContext, statement: StatementFacts): StatementPlan {
  if (statement.kind === 'show') return { ...EMPTY_PLAN, columns: columnsSeen(context, statement) }
  if (isPlannedDefinition(context, statement)) return planOfDefinition(context, statement)
  const substitutions = new Map<number, Substitution>()
  for (const use of usesOf(statement)) {
    const substitution = substitutionOf(context, statement, use)
    if (substitution) substitutions.set(use.id, substitution)
  }
  const lookups = usesOf(statement).flatMap((use) => lookupsOf(context, statement, use))
  return {
    substitutions,
    fields: fieldsOf(context, statement)?.map((field) => fieldPlan(context, statement, field, substitutions)) ?? null,
    columns: columnsSeen(context, statement),
    computed: computedColumns(context, statement),
    scrubErrors: usesOf(statement).some((use) => isProtected(context, statement, use)),
    ...(lookups.length > 0 ? { lookups } : {}),
  }
}

function planOfDefinition(context: RuleContext, statement: StatementFacts): StatementPlan {
  const scrubErrors = statement.uses.some((use) => isProtected(context, statement, use))
  return { ...EMPTY_PLAN, scrubErrors, asWritten: true }
}

/** Of the result; those of PREPARE and DECLARE come when what they named is run. */
function fieldsOf({ input }: RuleContext, { kind, output, inner }: StatementFacts): StatementFacts['output'] {
  // MySQL's EXECUTE gives what was computed inside of the text: nothing of it is masked on the wire.
  if (input.catalog.dialect !== 'postgres') return output
  return inner && (kind === 'prepare' || kind === 'declare_cursor') ? inner.output : output
}

/**
 * The reference as it has to be replaced, or null where it may stand: every column with a constant mask, every masked
 * column that is not merely passed, every column out of scope, the row condition, and in MySQL the order of the rows.
 */
function substitutionOf(context: RuleContext, statement: StatementFacts, use: RelationUse): Substitution | null {
  const { relation } = use
  if (relation.kind === 'system') return catalogSubstitution(context, statement, use)
  if (use.role === 'target') return targetFilter(context, statement, use)
  const masks = new Map<string, SqlMask>()
  for (const column of relation.columns) {
    const mask = sqlMaskIn(context, statement, use, column)
    if (mask) masks.set(column.name, mask)
  }
  const { dialect } = context.input.catalog
  const where = conditionSql(dialect, relation, conditionsOf(context, statement, use))
  const minGroup = clearGroups(context, statement, use)
  const order = orderHidden(context, statement, use)
  if (minGroup.length > 0) return { masks, where, ...order, ...unreadIn(context, statement, use, masks), minGroup }
  if (order.unordered === undefined && masks.size === 0 && where === null) return null
  const substitution = { masks, where, ...order, ...unreadIn(context, statement, use, masks) }
  return where !== null && isPlain(statement) ? { ...substitution, plain: true } : substitution
}

/** A column that is looked up by one value orders no rows: they all have it. */
function orderHidden(
  context: RuleContext,
  statement: StatementFacts,
  use: RelationUse,
): Pick<Substitution, 'unordered' | 'settled'> {
  const order = hiddenOrder(context, use.relation)
  const asked = lookupsOf(context, statement, use).map(({ column }) => column)
  const settled = new Set(asked.filter((column) => use.settled?.has(column)))
  if (!order.unordered || settled.size === 0 || isView(use.relation)) return order
  return [...order.unordered].every((name) => settled.has(name)) ? {} : { ...order, settled }
}

/**
 * What is not granted is not named either: in MySQL it would take the privilege even under IF(FALSE, ...). An account of
 * its own is not granted what a constant stands for. A plan that prints the query (EXPLAIN FORMAT=JSON) has the values of a
 * row in it that was read while planning, under IF too.
 */
function unreadIn(
  context: RuleContext,
  { kind }: StatementFacts,
  { relation }: RelationUse,
  masks: ReadonlyMap<string, SqlMask>,
): Pick<Substitution, 'unread'> {
  if (context.input.catalog.dialect === 'postgres') return {}
  const coverage = context.coverage(relation, 'read')
  const isOut = (name: string) => {
    if (coverage?.column(name) === false) return true
    const mask = masks.get(name)
    return mask !== undefined && (kind === 'explain' || (mask.kind === 'null' && isUngranted(context, relation, name)))
  }
  const out = relation.columns.filter(({ name }) => isOut(name))
  return out.length > 0 ? { unread: new Set(out.map(({ name }) => name)) } : {}
}

function isUngranted({ input, masks }: RuleContext, relation: RelationUse['relation'], column: string): boolean {
  const rule = masks.of(relation, column)
  return input.limited === true && rule !== null && isConstantMask(rule)
}

/**
 * PREPARE and DECLARE are as plain as the statement inside. A plan is never: which one the server chose for a person's own
 * comparison would tell how many rows out of scope it holds for.
 */
function isPlain({ kind, inner, plain }: StatementFacts): boolean {
  if (kind === 'explain') return false
  return inner ? isPlain(inner) : plain === true
}

/** The rows that a write may touch: its own condition is added to the statement's. A row that comes anew has none. */
function targetFilter(context: RuleContext, statement: StatementFacts, use: RelationUse): Substitution | null {
  const inner = innermost(statement)
  const writes = writesTo(inner, use)
  const { dialect } = context.input.catalog
  const chooses = inner.kind === 'update' || inner.kind === 'delete'
  const order = chooses ? hiddenOrder(context, use.relation) : {}
  const bare = order.unordered ? { masks: new Map(), where: null, ...order } : null
  if (!writes.includes('update') && !writes.includes('delete')) return bare
  const quote = dialect === 'postgres' ? '"' : '`'
  const prefix = `${quote}${use.alias.replaceAll(quote, quote + quote)}${quote}.`
  const where = conditionSql(dialect, use.relation, conditionsOf(context, inner, use), prefix)
  return where === null ? bare : { masks: new Map(), where, ...order, plain: inner.plainRows === true }
}

/** What stands in for the column where this use is computed on, or null where it stays as it is. */
export function sqlMaskIn(
  context: RuleContext,
  statement: StatementFacts,
  use: RelationUse,
  column: Column,
): SqlMask | null {
  if (context.coverage(use.relation, 'read')?.column(column.name) === false) return NULL_MASK
  const rule = context.masks.of(use.relation, column.name)
  if (!rule) return null
  if (isClear(context, statement, use, column.name)) return null
  const { dialect, typesByOid } = context.input.catalog
  const mask = sqlMaskOf(rule, dialect, column, typesByOid)
  if (isConstantMask(rule)) return mask
  // A plan shows estimates of the column under a mask that is computed from it: how many values it has, and how wide.
  if (statement.kind === 'explain') return NULL_MASK
  // Only what is proven to pass through goes out in clear, to be masked on the wire.
  const isComputed = columnUse(statement, use, column.name) === 'computed'
  return isComputed || isMaskedInSql(rule, dialect, column) ? mask : null
}

/** Columns that the statement aggregates in clear, over groups that are large enough. */
function clearGroups(context: RuleContext, statement: StatementFacts, use: RelationUse) {
  return use.relation.columns.flatMap(({ name }) => {
    const rows = groupRows(context, statement, use, name)
    return rows === null ? [] : [{ column: name, rows }]
  })
}

function groupRows(context: RuleContext, statement: StatementFacts, use: RelationUse, column: string): number | null {
  const inClear = statement.kind === 'select' && use.aggregated?.has(column) && context.masks.of(use.relation, column)
  return inClear ? context.masks.minGroup(use.relation, column) : null
}

/** True where the policy lets the statement use the clear values in the one way that it does. */
function isClear(context: RuleContext, statement: StatementFacts, use: RelationUse, column: string): boolean {
  if (groupRows(context, statement, use, column) !== null) return true
  return lookupsOf(context, statement, use).some((lookup) => lookup.column === column)
}

/** Comparisons with values that may run on clear values; nothing but a plain SELECT has any. */
function lookupsOf(context: RuleContext, statement: StatementFacts, use: RelationUse): readonly Lookup[] {
  const { lookups, relation, role, wholeRow } = use
  const reads = statement.kind === 'select' && statement.verbs.every((verb) => verb === 'read')
  if (!lookups || !reads || role === 'target' || wholeRow || relation.kind === 'system') return []
  return [...lookups].flatMap(([column, values]) => {
    const budgetPerHour = context.masks.of(relation, column) && context.masks.lookupBudget(relation, column)
    const { schema, name: table } = relation
    return budgetPerHour ? [{ schema, table, column, values, budgetPerHour }] : []
  })
}

function fieldPlan(
  context: RuleContext,
  statement: StatementFacts,
  { name, origin }: OutputField,
  substitutions: ReadonlyMap<number, Substitution>,
): FieldPlan {
  const use = origin && statement.uses.find(({ id }) => id === origin.use)
  // In a substituted reference this column is computed by the server: it has no origin, and its mask is in it already.
  if (!origin || !use || substitutions.get(use.id)?.masks.has(origin.column)) return { name, mask: null, origin: null }
  const { schema, name: table } = use.relation
  const mask: MaskRule | null = context.masks.of(use.relation, origin.column)
  return { name, mask, origin: { schema, table, column: origin.column } }
}

/** Each column that the statement touches, once and as it is seen: for the audit. Catalogs are left out. */
function columnsSeen(context: RuleContext, statement: StatementFacts): readonly ColumnAccess[] {
  const seen = new Map<string, ColumnAccess>()
  for (const use of usesOf(statement)) {
    if (use.relation.kind === 'system') continue
    const { schema, name: table } = use.relation
    const add = (column: string, how: ColumnAccess['seen'], mask?: MaskRule['strategy']): void => {
      const access = { schema, table, column, seen: how, ...(mask && { mask }) }
      seen.set(`${schema}\0${table}\0${column}\0${how}`, access)
    }
    for (const { name } of columnsRead(statement, use)) {
      const rule = isClear(context, statement, use, name) ? null : context.masks.of(use.relation, name)
      const computed = columnUse(statement, use, name) === 'computed'
      if (rule === null) add(name, 'clear')
      else add(name, computed ? 'computed_masked' : 'masked', rule.strategy)
    }
    for (const { name } of columnsWritten(use)) add(name, 'written')
  }
  return [...seen.values()]
}

/** `table.column` of the masked columns that the result is computed from. A plan (EXPLAIN) is no such result. */
export function computedColumns(context: RuleContext, statement: StatementFacts): readonly string[] {
  if (statement.kind === 'explain' || statement.kind === 'show') return []
  const names = usesOf(statement).flatMap((use) =>
    use.relation.kind === 'system'
      ? []
      : needsOf(context, statement, use).masked.flatMap(({ name, how }) =>
          how === 'computed' && !isClear(context, statement, use, name) ? [`${use.relation.name}.${name}`] : [],
        ),
  )
  return [...new Set(names)].sort()
}

/** True where an error's text could quote what this person may not see. */
function isProtected(context: RuleContext, statement: StatementFacts, use: RelationUse): boolean {
  if (use.relation.kind === 'system') return false
  const { masked, uncovered, filtered } = needsOf(context, statement, use)
  return masked.length > 0 || uncovered.length > 0 || filtered
}

/** Why the use can't be left as it is although nothing can be put in its place, or null. */
export function unsubstitutable(context: RuleContext, statement: StatementFacts, use: RelationUse): Refused | null {
  const substitution = substitutionOf(context, statement, use)
  if (!substitution) return null
  const limited = `${nameOf(use)} is limited to some rows`
  if (substitution.where !== null && use.sample) {
    return refuse('SP-SCOPE', `${limited}, and a sample would be drawn from the others too`)
  }
  if (substitution.where !== null && use.locked && !substitution.plain) {
    return refuse('SP-SCOPE', `${limited}: lock them by plain comparisons of columns with values`)
  }
  if (use.fixed === null) return null
  const masked = maskedColumns(context, use.relation)
  const what = masked.length > 0 ? `has masked columns (${masked.join(', ')})` : 'is limited to some rows or columns'
  return refuse('SP-MASKED', `${nameOf(use)} ${what} and can't be used here: ${use.fixed}`)
}

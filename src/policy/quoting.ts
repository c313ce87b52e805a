import type { Quoting } from '../sql/catalog.ts'
import type { FunctionUse, RelationUse, StatementFacts } from '../sql/facts.ts'
import type { SqlMask, Substitution } from '../sql/substitution.ts'
import { mysqlCatalogSubstitution } from './catalog_blanks_mysql.ts'
import { type Refused, type RuleContext, refuse, usesOf, withInner } from './rule_context.ts'
import { sequencesKept } from './sequences.ts'

/**
 * PostgreSQL prints what constraints, indexes, bounds of partitions and statistics were defined with, and that may quote
 * values of a column. Where such a column is masked for a role, the rows of those objects are left out of what it reads
 * of the catalogs, and the functions that print them take an object from such a row alone. A role that has no such
 * column browses as everybody does.
 */

type Hidden = ReadonlyMap<Quoting['by'], readonly number[]>

interface Source {
  readonly by: Quoting['by']
  /** The column that says which object a row is of. */
  readonly key: string
  /** What quotes by itself. */
  readonly columns: readonly string[]
}

/** Rows of catalogs; those of pg_class are left out only where a function prints an index by them. */
const ROWS: ReadonlyMap<string, Source> = new Map([
  ['pg_catalog.pg_constraint', { by: 'constraint', key: 'oid', columns: ['conbin'] }],
  ['pg_catalog.pg_index', { by: 'index', key: 'indexrelid', columns: ['indexprs', 'indpred'] }],
  ['pg_catalog.pg_class', { by: 'index', key: 'oid', columns: [] }],
  ['pg_catalog.pg_statistic_ext', { by: 'statistics', key: 'oid', columns: ['stxexprs'] }],
])

/** Columns that are NULL in every row, where any row would quote. */
const BLANK: ReadonlyMap<string, readonly [by: Quoting['by'], column: string]> = new Map([
  ['pg_catalog.pg_class', ['partition', 'relpartbound']],
  ['pg_catalog.pg_indexes', ['index', 'indexdef']],
  ['information_schema.check_constraints', ['constraint', 'check_clause']],
])

/** Columns that hold addresses and passwords: NULL for everybody who is not unrestricted. */
const SECRET: ReadonlyMap<string, string> = new Map([
  ['pg_catalog.pg_subscription', 'subconninfo'],
  ['pg_catalog.pg_foreign_server', 'srvoptions'],
  ['pg_catalog.pg_foreign_data_wrapper', 'fdwoptions'],
])

const PRINTERS: ReadonlyMap<string, Quoting['by']> = new Map([
  ['pg_get_constraintdef', 'constraint'],
  ['pg_get_indexdef', 'index'],
  ['pg_get_statisticsobjdef', 'statistics'],
  // Its columns and its expressions alone.
  ['pg_get_statisticsobjdef_columns', 'statistics'],
  ['pg_get_statisticsobjdef_expressions', 'statistics'],
  ['pg_get_partition_constraintdef', 'partition'],
])

const NULL: SqlMask = { kind: 'null' }

/** Pure memoisation. */
const KNOWN = new WeakMap<RuleContext, Hidden>()

function hiddenFrom(context: RuleContext): Hidden {
  const known = KNOWN.get(context)
  if (known) return known
  const { catalog, masking } = context.input
  const all = masking.masks.length === 0 ? [] : [...catalog.relations.values()]
  const hidden = all.flatMap((relation) =>
    (relation.quoting ?? []).filter(({ columns }) => columns.some((column) => context.masks.of(relation, column))),
  )
  const byKind: Hidden = new Map(
    [...Map.groupBy(hidden, ({ by }) => by)].map(([by, of]) => [by, of.map(({ oid }) => oid)]),
  )
  KNOWN.set(context, byKind)
  return byKind
}

/** How a reference to a catalog has to be replaced, or null where it may stand. */
export function catalogSubstitution(
  context: RuleContext,
  statement: StatementFacts,
  use: RelationUse,
): Substitution | null {
  if (context.input.catalog.dialect !== 'postgres') return mysqlCatalogSubstitution(context, use)
  const name = `${use.relation.schema}.${use.relation.name}`
  const secret = SECRET.get(name)
  if (secret !== undefined) return touches(use, secret) ? { masks: new Map([[secret, NULL]]), where: null } : null
  const sequences = sequencesKept(context, statement, use)
  if (sequences !== null) return { masks: new Map(), where: sequences }
  if (!ROWS.has(name) && !BLANK.has(name)) return null
  const blank = BLANK.get(name)
  const masks = new Map<string, SqlMask>()
  if (blank && touches(use, blank[1]) && hiddenFrom(context).has(blank[0])) masks.set(blank[1], NULL)
  const where = rowsKept(context, statement, use, ROWS.get(name))
  return masks.size === 0 && where === null ? null : { masks, where }
}

function rowsKept(
  context: RuleContext,
  statement: StatementFacts,
  use: RelationUse,
  source: Source | undefined,
): string | null {
  if (!source || !(source.columns.some((column) => touches(use, column)) || isPrinted(statement, use, source)))
    return null
  const oids = hiddenFrom(context).get(source.by) ?? []
  if (oids.length === 0) return null
  return `"${source.key}" OPERATOR(pg_catalog.<>) ALL ('{${oids.join(',')}}'::pg_catalog.oid[])`
}

function isPrinted(statement: StatementFacts, use: RelationUse, { by, key }: Source): boolean {
  return withInner(statement).some(({ functions }) =>
    functions.some((used) => printed(used) === by && used.first?.use === use.id && used.first.column === key),
  )
}

function touches({ wholeRow, columns }: RelationUse, column: string): boolean {
  return wholeRow || columns.has(column)
}

function printed({ name, userDefined }: FunctionUse): Quoting['by'] | undefined {
  return userDefined ? undefined : PRINTERS.get(name)
}

/** Why a call is refused that would print what is hidden: its object comes from elsewhere than such a row. */
export function printsHidden(context: RuleContext, statement: StatementFacts): Refused | null {
  if (context.input.catalog.dialect !== 'postgres') return null
  for (const { functions } of withInner(statement)) {
    const found = functions.find((used) => mayPrint(context, statement, used))
    if (found) return refuse('SP-FUNCTION', `${found.name} would print conditions on masked columns of some table`)
  }
  return null
}

function mayPrint(context: RuleContext, statement: StatementFacts, used: FunctionUse): boolean {
  const by = printed(used)
  if (by === undefined || !hiddenFrom(context).has(by)) return false
  const use = usesOf(statement).find(({ id }) => id === used.first?.use)
  const source = use && ROWS.get(`${use.relation.schema}.${use.relation.name}`)
  return !source || source.by !== by || source.key !== used.first?.column
}

/** A view's own reads can't be replaced: one that could show what is hidden is refused. */
export function viewShowsHidden(context: RuleContext, facts: StatementFacts): boolean {
  if (facts.uses.some((use) => use.relation.kind === 'system' && catalogSubstitution(context, facts, use) !== null))
    return true
  return facts.functions.some((used) => {
    const by = printed(used)
    return by !== undefined && hiddenFrom(context).has(by)
  })
}

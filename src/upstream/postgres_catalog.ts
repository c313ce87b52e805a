import type { Target } from '../session/ports.ts'
import { type Catalog, type Column, type Relation, type RelationKind, relationKey } from '../sql/catalog.ts'
import { classesInComment } from '../sql/column_class.ts'
import {
  bounded,
  byKey,
  COLUMNS_MAX,
  DEFINITION_CHARS_MAX,
  NAMES_MAX,
  namesBySchema,
  RELATIONS_MAX,
  sealed,
  withSources,
} from './catalog_content.ts'
import {
  COLUMNS_SQL,
  CONSTRAINED_SQL,
  FINGERPRINT_SQL,
  FOREIGN_KEYS_SQL,
  FUNCTIONS_ON_OWN_TYPES_SQL,
  FUNCTIONS_SQL,
  GENERATED_SQL,
  OPERATORS_ON_OWN_TYPES_SQL,
  OPERATORS_SQL,
  PARENTS_SQL,
  RELATIONS_SQL,
  SCHEMAS_SQL,
  SERVER_SQL,
  TYPES_SQL,
} from './postgres_catalog_sql.ts'
import { type AdminSession, withPostgresAdmin } from './postgres_client.ts'
import { quotingOf, readQuoting } from './postgres_quoting.ts'
import { readSearchPath } from './postgres_search_path.ts'
import { readTypes } from './postgres_types.ts'

/**
 * Extensions whose functions and operators compute on their arguments alone. Not here: tablefunc and dblink run SQL
 * text, postgres_fdw and file_fdw reach elsewhere.
 */
const TRUSTED_OPERATOR_EXTENSIONS = [
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'intarray',
  'ltree',
  'pg_trgm',
  'unaccent',
  'uuid-ossp',
]

const KINDS: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized_view',
  f: 'foreign_table',
  S: 'sequence',
}

interface RelationRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly system: boolean
  readonly row_security: boolean
  readonly triggers: boolean
  readonly rules: boolean
  readonly definition: string | null
}

interface ColumnRow {
  readonly relation: number
  readonly name: string
  readonly ordinal: number
  readonly generated: boolean
  readonly type_oid: number
  readonly type: string
  readonly collation: string | null
  /** Of such alone as may name classes. */
  readonly comment: string | null
}

interface SourceRow {
  readonly relation: number
  readonly ordinal: number
  /** 0 is the whole row. */
  readonly source: number
}

interface UseRow {
  readonly relation: number
  readonly ordinal: number
  readonly primary_key: boolean
  readonly compares: boolean
  readonly by: number
}

interface ForeignKeyRow {
  readonly relation: number
  readonly schema: string
  readonly name: string
  readonly columns: readonly string[]
  readonly theirs: readonly string[]
}

interface Parts {
  readonly columns: ReadonlyMap<number, readonly ColumnRow[]>
  readonly sources: ReadonlyMap<number, readonly SourceRow[]>
  readonly constrained: ReadonlyMap<number, readonly UseRow[]>
  readonly foreignKeys: ReadonlyMap<number, readonly ForeignKeyRow[]>
  readonly ancestors: ReadonlyMap<number, readonly number[]>
  readonly quoting: Awaited<ReturnType<typeof readQuoting>>
}

/**
 * Reads one database (PostgreSQL 15 to 18) over the admin connection, in one snapshot. `account` is the role whose
 * fresh session the search path is for. Rejects with `SP-UPSTREAM`, or with `SP-CATALOG` where it is too large.
 */
export function readPostgresCatalog(target: Target, database: string, account: string | null = null): Promise<Catalog> {
  return withPostgresAdmin(target, database, (session) => readAll(session, database, account))
}

/** A text that differs whenever `readPostgresCatalog` would, at a fraction of its cost. Rejects with `SP-UPSTREAM`. */
export function postgresFingerprint(target: Target, database: string): Promise<string> {
  return withPostgresAdmin(target, database, async (session) => {
    const [row] = await session.query<{ fingerprint: string }>(FINGERPRINT_SQL)
    return row?.fingerprint ?? ''
  })
}

async function readAll(session: AdminSession, database: string, account: string | null): Promise<Catalog> {
  const [server] = await session.query<{ version: string; number: number }>(SERVER_SQL)
  const schemas = new Set((await named(session, SCHEMAS_SQL, [NAMES_MAX + 1])).map((row) => row.name))
  const relations = await readRelations(session)
  const extensions = [NAMES_MAX + 1, TRUSTED_OPERATOR_EXTENSIONS]
  return sealed({
    dialect: 'postgres',
    version: (server?.version ?? '').split(' ')[0] ?? '',
    major: Math.floor((server?.number ?? 0) / 10_000),
    database,
    schemas,
    relations: byKey(relations),
    relationsByOid: new Map(relations.map((relation) => [relation.oid, relation])),
    functions: namesBySchema(await named(session, FUNCTIONS_SQL, extensions)),
    operators: namesBySchema(await named(session, OPERATORS_SQL, extensions)),
    onOwnTypes: {
      functions: namesBySchema(await named(session, FUNCTIONS_ON_OWN_TYPES_SQL, extensions)),
      operators: namesBySchema(await named(session, OPERATORS_ON_OWN_TYPES_SQL, extensions)),
    },
    types: namesBySchema(await named(session, TYPES_SQL, [NAMES_MAX + 1])),
    typesByOid: await readTypes(session),
    searchPath: await readSearchPath(session, schemas, account),
    lowerCaseTableNames: 0,
    sqlMode: new Set(),
  })
}

async function named(session: AdminSession, text: string, values: readonly unknown[]) {
  return bounded(await session.query<{ name: string; schema: string }>(text, values), NAMES_MAX, 'names of one kind')
}

async function readRelations(session: AdminSession): Promise<readonly Relation[]> {
  const rows = await session.query<RelationRow>(RELATIONS_SQL, [RELATIONS_MAX + 1, DEFINITION_CHARS_MAX])
  const relations = bounded(rows, RELATIONS_MAX, 'relations')
  const keys = new Map(relations.map((row) => [row.oid, relationKey(row.schema, row.name)]))
  const parts: Parts = {
    columns: await grouped<ColumnRow>(session, COLUMNS_SQL),
    sources: await grouped<SourceRow>(session, GENERATED_SQL),
    constrained: await grouped<UseRow>(session, CONSTRAINED_SQL),
    foreignKeys: await grouped<ForeignKeyRow>(session, FOREIGN_KEYS_SQL),
    ancestors: await readParents(session),
    quoting: await readQuoting(session),
  }
  return relations.map((row) => relationOf(row, parts, keys))
}

async function grouped<T extends { readonly relation: number }>(
  session: AdminSession,
  text: string,
): Promise<ReadonlyMap<number, readonly T[]>> {
  const rows = bounded(await session.query<T>(text, [COLUMNS_MAX + 1]), COLUMNS_MAX, 'columns')
  return Map.groupBy(rows, (row) => row.relation)
}

async function readParents(session: AdminSession): Promise<ReadonlyMap<number, readonly number[]>> {
  const rows = await session.query<{ child: number; parent: number }>(PARENTS_SQL, [COLUMNS_MAX + 1])
  const parents = new Map<number, number[]>()
  for (const { child, parent } of bounded(rows, COLUMNS_MAX, 'inheritance links')) {
    parents.set(child, [...(parents.get(child) ?? []), parent])
  }
  return parents
}

/** Every relation above this one, nearest first: a grandchild is protected as its grandparent is. */
function ancestorsOf(oid: number, parents: ReadonlyMap<number, readonly number[]>): readonly number[] {
  const found = new Set(parents.get(oid) ?? [])
  for (const ancestor of found) for (const parent of parents.get(ancestor) ?? []) found.add(parent)
  return [...found]
}

function relationOf(row: RelationRow, parts: Parts, keys: ReadonlyMap<number, string>): Relation {
  const columnRows = parts.columns.get(row.oid) ?? []
  const names = new Map(columnRows.map((column) => [column.ordinal, column.name]))
  const sources = Map.groupBy(parts.sources.get(row.oid) ?? [], (link) => link.ordinal)
  const columns = columnRows.map((column) => columnOf(column, sources.get(column.ordinal) ?? [], names))
  const uses = parts.constrained.get(row.oid) ?? []
  const nameOf = (use: UseRow): string => names.get(use.ordinal) ?? ''
  const parents = ancestorsOf(row.oid, parts.ancestors).flatMap((oid) => keys.get(oid) ?? [])
  return {
    kind: row.system ? 'system' : (KINDS[row.kind] ?? 'table'),
    schema: row.schema,
    name: row.name,
    oid: row.oid,
    columns,
    primaryKey: uses.filter((use) => use.primary_key).map(nameOf),
    constrained: withSources(uses.map(nameOf), columns),
    compared: withSources(uses.filter((use) => use.compares).map(nameOf), columns),
    together: togetherOf(uses, nameOf, columns),
    references: (parts.foreignKeys.get(row.oid) ?? []).map(({ schema, name, columns: own, theirs }) => ({
      columns: own,
      to: { schema, name },
      theirs,
    })),
    quoting: quotingOf(parts.quoting.get(row.oid) ?? [], names),
    parents,
    definition: row.definition,
    hasTriggers: row.triggers,
    hasRules: row.rules,
    rowSecurity: row.row_security,
  }
}

/** Alone, a column tells of nothing but itself. */
function togetherOf(uses: readonly UseRow[], nameOf: (use: UseRow) => string, columns: readonly Column[]) {
  const constraints = [...Map.groupBy(uses, ({ by }) => by).values()].map((all) => ({
    columns: withSources(all.map(nameOf), columns),
    compared: all.some(({ compares }) => compares),
  }))
  const generated = columns.map(({ generatedFrom }) => ({ columns: generatedFrom, compared: false }))
  return [...constraints, ...generated].filter((one) => one.columns.length > 1)
}

/** A generated column that reads the whole row has every other column as its source. */
function columnOf(row: ColumnRow, links: readonly SourceRow[], names: ReadonlyMap<number, string>): Column {
  const whole = links.some((link) => link.source === 0)
  const sources = [...names].filter(
    ([at]) => at !== row.ordinal && (whole || links.some(({ source }) => source === at)),
  )
  const classes = classesInComment(row.comment ?? '')
  return {
    name: row.name,
    ordinal: row.ordinal,
    type: row.type,
    typeOid: row.type_oid,
    collation: row.collation,
    generatedFrom: row.generated ? sources.map(([, name]) => name) : [],
    ...(classes.length > 0 ? { classes } : {}),
  }
}

import type { Target } from '../session/ports.ts'
import { type Catalog, type Column, type Relation, type RelationKind, relationKey } from '../sql/catalog.ts'
import {
  bounded,
  COLUMNS_MAX,
  DEFINITION_CHARS_MAX,
  NAMES_MAX,
  namesBySchema,
  RELATIONS_MAX,
  sealed,
  withSources,
} from './catalog_content.ts'
import {
  CHECKS_MARIADB_SQL,
  CHECKS_MYSQL_SQL,
  COLUMNS_SQL,
  DATABASES_SQL,
  INDEXES_MARIADB_SQL,
  INDEXES_MYSQL_SQL,
  KEYS_SQL,
  ROUTINES_SQL,
  SERVER_SQL,
  TABLES_SQL,
  TRIGGER_SIGHT_SQL,
  TRIGGERS_SQL,
  VIEWS_SQL,
} from './mysql_catalog_sql.ts'
import { type MysqlSession, withMysqlAdmin } from './mysql_client.ts'
import { columnsNamedIn } from './mysql_expression.ts'

const INFORMATION_SCHEMA = 'information_schema'
const SYSTEM_SCHEMAS = new Set([INFORMATION_SCHEMA, 'mysql', 'performance_schema', 'sys'])

interface TableRow {
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly collation: string | null
}

interface OfRelation {
  readonly schema: string
  readonly relation: string
}

interface ColumnRow extends OfRelation {
  readonly name: string
  readonly ordinal: number
  readonly type: string
  readonly collation: string | null
  readonly expression: string | null
}

interface KeyRow extends OfRelation {
  readonly name: string
  readonly primary_key: number
  readonly other_schema: string | null
  readonly other_relation: string | null
  readonly other_name: string | null
}

/** A constrained column by its name, or the text of an expression that uses some. */
interface UseRow extends OfRelation {
  readonly name: string | null
  readonly expression: string | null
}

interface Parts {
  readonly columns: ReadonlyMap<string, readonly ColumnRow[]>
  readonly definitions: ReadonlyMap<string, string | null>
  readonly primary: ReadonlyMap<string, readonly KeyRow[]>
  readonly uses: ReadonlyMap<string, readonly UseRow[]>
  readonly triggers: { has(schema: string, name: string): boolean }
}

/**
 * Reads every database of a MySQL (8.4, 9) or MariaDB (10.11 and later) server that the admin may see. The admin needs
 * SHOW VIEW and TRIGGER on `*.*`, granted to it and not to a role: what it can't see is not in the catalog, a view
 * whose text is hidden has no definition, and a table whose triggers are hidden counts as having some.
 * Rejects with `SP-UPSTREAM`, `SP-CATALOG` (too large) or `SP-CONFIG` (see `verify-full`).
 */
export function readMysqlCatalog(target: Target): Promise<Catalog> {
  return withMysqlAdmin(target, readAll)
}

async function readAll(session: MysqlSession): Promise<Catalog> {
  const [server] = await session.query<{ folding: number; account: string }>(SERVER_SQL)
  const folding = Number(server?.folding ?? 0)
  const databases = await read<{ name: string }>(session, DATABASES_SQL, NAMES_MAX)
  const routines = await read<{ name: string; schema: string }>(session, ROUTINES_SQL, NAMES_MAX)
  const fold = (name: string): string => (folding === 0 ? name : name.toLowerCase())
  const relations = await readRelations(session, server?.account ?? '')
  return sealed({
    dialect: session.mariadb ? 'mariadb' : 'mysql',
    version: /^\d+(\.\d+)*(-MariaDB)?/i.exec(session.version)?.[0] ?? '',
    major: Number.parseInt(session.version, 10) || 0,
    database: '',
    schemas: new Set(databases.flatMap((row) => spellings(row.name, row.name, fold))),
    relations: keyed(relations, fold),
    relationsByOid: new Map(),
    functions: namesBySchema(routines.map((row) => ({ name: row.name.toLowerCase(), schema: fold(row.schema) }))),
    operators: new Map(),
    types: new Map(),
    searchPath: [],
    lowerCaseTableNames: folding,
    sqlMode: new Set(session.sqlMode.split(',').filter((mode) => mode !== '')),
  })
}

async function readRelations(session: MysqlSession, account: string): Promise<readonly Relation[]> {
  const tables = await read<TableRow>(session, TABLES_SQL, RELATIONS_MAX)
  const columns = await read<ColumnRow>(session, COLUMNS_SQL, COLUMNS_MAX)
  const keys = await read<KeyRow>(session, KEYS_SQL, COLUMNS_MAX)
  const views = await read<OfRelation & { definition: string | null }>(session, VIEWS_SQL, RELATIONS_MAX)
  const indexes = session.mariadb ? INDEXES_MARIADB_SQL : INDEXES_MYSQL_SQL
  const checks = session.mariadb ? CHECKS_MARIADB_SQL : CHECKS_MYSQL_SQL
  const uses: UseRow[] = [
    ...keys.flatMap(usesOfKey),
    ...(await read<UseRow>(session, indexes, COLUMNS_MAX)),
    ...(await read<UseRow>(session, checks, COLUMNS_MAX)),
  ]
  const parts: Parts = {
    columns: Map.groupBy(columns, keyOf),
    definitions: new Map(views.map((row) => [keyOf(row), definitionOf(row.definition)])),
    primary: Map.groupBy(
      keys.filter((row) => Number(row.primary_key) === 1),
      keyOf,
    ),
    uses: Map.groupBy(uses, keyOf),
    triggers: await readTriggers(session, account),
  }
  return tables.map((table) => relationOf(table, parts))
}

async function read<T extends object>(session: MysqlSession, text: string, max: number): Promise<readonly T[]> {
  return bounded(await session.query<T>(text, [max + 1]), max, 'entries of one kind')
}

/** A server shows the triggers of those tables alone on which the reader has the TRIGGER privilege. */
async function readTriggers(session: MysqlSession, account: string): Promise<Parts['triggers']> {
  const seen = new Set((await read<OfRelation>(session, TRIGGERS_SQL, RELATIONS_MAX)).map(keyOf))
  const at = account.lastIndexOf('@')
  const grantee = `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`
  const sight = await session.query<{ schema: string | null }>(TRIGGER_SIGHT_SQL, [grantee, grantee, NAMES_MAX])
  const everywhere = sight.some((row) => row.schema === null)
  // In a grant on a database `_` and `%` are patterns unless escaped; only an exact name is taken as sight.
  const visible = new Set(sight.map((row) => row.schema?.replaceAll('\\_', '_')))
  return { has: (schema, name) => seen.has(relationKey(schema, name)) || !(everywhere || visible.has(schema)) }
}

/** A foreign key constrains both ends: a write to the referenced table fails where a referring row exists. */
function usesOfKey(row: KeyRow): UseRow[] {
  const own = { schema: row.schema, relation: row.relation, name: row.name, expression: null }
  if (row.other_schema === null || row.other_relation === null) return [own]
  return [own, { schema: row.other_schema, relation: row.other_relation, name: row.other_name, expression: null }]
}

function relationOf(table: TableRow, parts: Parts): Relation {
  const key = relationKey(table.schema, table.name)
  const rows = parts.columns.get(key) ?? []
  const names = rows.map((row) => row.name)
  const columns = rows.map((row) => columnOf(row, table.collation, names))
  const kind = kindOf(table)
  const uses = parts.uses.get(key) ?? []
  const inTexts = uses.flatMap((use) => columnsNamedIn(use.expression ?? '', names))
  const used = [...uses.flatMap((use) => (use.name === null ? [] : [use.name])), ...inTexts]
  return {
    kind,
    schema: table.schema,
    name: table.name,
    oid: 0,
    columns,
    primaryKey: (parts.primary.get(key) ?? []).map((row) => row.name),
    constrained: withSources(used, columns),
    inPrintedTexts: withSources(inTexts, columns),
    parents: [],
    definition: kind === 'view' ? (parts.definitions.get(key) ?? null) : null,
    hasTriggers: kind === 'table' && parts.triggers.has(table.schema, table.name),
    hasRules: false,
    rowSecurity: false,
  }
}

function columnOf(row: ColumnRow, tableCollation: string | null, names: readonly string[]): Column {
  return {
    name: row.name,
    ordinal: Number(row.ordinal),
    type: row.type,
    typeOid: 0,
    collation: row.collation === tableCollation ? null : row.collation,
    generatedFrom: columnsNamedIn(row.expression ?? '', names).filter((name) => name !== row.name),
  }
}

function kindOf(table: TableRow): RelationKind {
  if (SYSTEM_SCHEMAS.has(table.schema.toLowerCase())) return 'system'
  if (table.kind === 'VIEW') return 'view'
  return table.kind === 'SEQUENCE' ? 'sequence' : 'table'
}

function keyed(relations: readonly Relation[], fold: (name: string) => string): ReadonlyMap<string, Relation> {
  const keys = new Map<string, Relation>()
  for (const relation of relations) {
    for (const schema of spellings(relation.schema, relation.schema, fold)) {
      for (const name of spellings(relation.schema, relation.name, fold)) keys.set(relationKey(schema, name), relation)
    }
  }
  return keys
}

/** How a name may be spelled: the names of information_schema have no case, whatever lower_case_table_names is. */
function spellings(schema: string, name: string, fold: (name: string) => string): readonly string[] {
  if (schema.toLowerCase() !== INFORMATION_SCHEMA) return [fold(name)]
  return [...new Set([fold(name), name.toLowerCase(), fold(name.toUpperCase())])]
}

function definitionOf(text: string | null): string | null {
  return text === null || text === '' || text.length > DEFINITION_CHARS_MAX ? null : text
}

function keyOf(row: OfRelation): string {
  return relationKey(row.schema, row.relation)
}

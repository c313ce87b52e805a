import type { Target } from '../session/ports.ts'
import { type Catalog, type Relation, relationKey } from '../sql/catalog.ts'
import { bounded, COLUMNS_MAX, NAMES_MAX, namesBySchema, RELATIONS_MAX, sealed } from './catalog_content.ts'
import {
  type CheckRow,
  type ColumnRow,
  INFORMATION_SCHEMA,
  type IndexRow,
  type KeyRow,
  keyOf,
  type OfRelation,
  type PartitionRow,
  type Parts,
  relationOf,
  type TableRow,
  type ViewRow,
} from './mysql_catalog_relation.ts'
import {
  CHECKS_MARIADB_SQL,
  CHECKS_MYSQL_SQL,
  COLUMNS_SQL,
  DATABASES_SQL,
  INDEXES_MARIADB_SQL,
  INDEXES_MYSQL_SQL,
  KEYS_SQL,
  PARTITIONS_SQL,
  ROUTINES_SQL,
  SERVER_SQL,
  TABLES_SQL,
  TRIGGER_SIGHT_SQL,
  TRIGGERS_SQL,
  VIEWS_MARIADB_SQL,
  VIEWS_MYSQL_SQL,
} from './mysql_catalog_sql.ts'
import { type MysqlSession, withMysqlAdmin } from './mysql_client.ts'

/**
 * Reads every database of a MySQL (8.4, 9) or MariaDB (10.11 and later) server that the admin may see. The admin needs
 * SHOW VIEW and TRIGGER on `*.*`, granted to it and not to a role: what it can't see is not in the catalog, a view
 * whose text is hidden has no definition, and a table whose triggers are hidden counts as having some.
 * Rejects with `SP-UPSTREAM`, `SP-CATALOG` (too large) or `SP-CONFIG` (see `verify-full`).
 */
export function readMysqlCatalog(target: Target): Promise<Catalog> {
  return withMysqlAdmin(target, readAll)
}

/** The whole of it, with what its builder adds (`11.8.9-MariaDB-4 from Debian`): clients are greeted with it. */
const VERSION = /^\d[\x20-\x7e]{0,63}/

async function readAll(session: MysqlSession): Promise<Catalog> {
  const [server] = await session.query<{ folding: number; account: string; uses_invisible: number }>(SERVER_SQL)
  const folding = Number(server?.folding ?? 0)
  const databases = await read<{ name: string }>(session, DATABASES_SQL, NAMES_MAX)
  const routines = await read<{ name: string; schema: string }>(session, ROUTINES_SQL, NAMES_MAX)
  const fold = (name: string): string => (folding === 0 ? name : name.toLowerCase())
  const relations = await readRelations(session, server?.account ?? '', Number(server?.uses_invisible) === 1)
  return sealed({
    dialect: session.mariadb ? 'mariadb' : 'mysql',
    version: VERSION.exec(session.version)?.[0] ?? '',
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

async function readRelations(session: MysqlSession, account: string, usesInvisible: boolean) {
  const tables = await read<TableRow>(session, TABLES_SQL, RELATIONS_MAX)
  const columns = await read<ColumnRow>(session, COLUMNS_SQL, COLUMNS_MAX)
  const keys = await read<KeyRow>(session, KEYS_SQL, COLUMNS_MAX)
  const views = await read<ViewRow>(session, session.mariadb ? VIEWS_MARIADB_SQL : VIEWS_MYSQL_SQL, RELATIONS_MAX)
  const indexes = await read<IndexRow>(session, session.mariadb ? INDEXES_MARIADB_SQL : INDEXES_MYSQL_SQL, COLUMNS_MAX)
  const checks = await read<CheckRow>(session, session.mariadb ? CHECKS_MARIADB_SQL : CHECKS_MYSQL_SQL, COLUMNS_MAX)
  const partitions = await read<PartitionRow>(session, PARTITIONS_SQL, RELATIONS_MAX)
  const parts: Parts = {
    columns: Map.groupBy(columns, keyOf),
    keys: Map.groupBy(keys, keyOf),
    referred: Map.groupBy(
      keys.filter(({ other_relation }) => other_relation !== null),
      (row) => relationKey(row.other_schema ?? '', row.other_relation ?? ''),
    ),
    indexes: Map.groupBy(indexes, keyOf),
    checks: Map.groupBy(checks, keyOf),
    partitions: Map.groupBy(partitions, keyOf),
    views: Map.groupBy(views, keyOf),
    triggers: await readTriggers(session, account),
    usesInvisible,
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

import type { LiveCredential, Target } from '../session/ports.ts'
import { relationKey } from '../sql/catalog.ts'
import { withMysqlAdmin } from './mysql_client.ts'
import { withPostgresAdmin } from './postgres_client.ts'
import { isRefusedLogin } from './rotated_reads.ts'

/** Tables that are asked about; of a database with more the rest has no size. */
const TABLES_MAX = 10_000

interface Size {
  readonly schema: string
  readonly name: string
  readonly size: string | number | null
}

/**
 * How many rows the tables of some schemas hold as the server estimates them, by `relationKey`. Read on demand: it
 * changes with every statement, so it is no part of the catalog. What was never counted is left out. Rejects with
 * `SP-UPSTREAM`.
 */
export async function readTableSizes(
  target: Target,
  database: string,
  schemas: readonly string[],
  login: LiveCredential,
): Promise<ReadonlyMap<string, number>> {
  if (schemas.length === 0) return new Map()
  const read = target.engine === 'postgres' ? readPostgres : readMysql
  const found = await login.use((admin) => read({ ...target, admin }, database, schemas), isRefusedLogin)
  return new Map(
    found.flatMap(({ schema, name, size }) => (size === null ? [] : [[relationKey(schema, name), Number(size)]])),
  )
}

/** Partitioned tables hold no rows of their own: theirs are those of their parts. -1 is "never counted" (pg_class). */
function readPostgres(target: Target, database: string, schemas: readonly string[]): Promise<readonly Size[]> {
  const sql = `SELECT n.nspname::text AS schema, c.relname::text AS name,
      CASE WHEN c.relkind = 'p' THEN
        (SELECT sum(greatest(part.reltuples, 0)) FROM pg_catalog.pg_partition_tree(c.oid) tree
          JOIN pg_catalog.pg_class part ON part.oid = tree.relid AND tree.isleaf)
      ELSE c.reltuples END::bigint AS size
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND (c.relkind = 'p' OR c.reltuples >= 0) AND n.nspname::text = ANY ($1::text[])
    ORDER BY c.reltuples DESC LIMIT ${TABLES_MAX}`
  return withPostgresAdmin(target, database, (session) => session.query<Size>(sql, [schemas]))
}

/** InnoDB's statistics: MySQL 8 keeps them for up to a day (information_schema_stats_expiry). */
function readMysql(target: Target, _database: string, schemas: readonly string[]): Promise<readonly Size[]> {
  const sql = `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, TABLE_ROWS AS size FROM information_schema.TABLES
    WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA IN (${schemas.map(() => '?').join(', ')})
    ORDER BY TABLE_ROWS DESC LIMIT ${TABLES_MAX}`
  return withMysqlAdmin(target, (session) => session.query<Size>(sql, schemas))
}

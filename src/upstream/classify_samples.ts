import { SallyportError } from '../errors.ts'
import type { Target } from '../session/ports.ts'
import type { Catalog, Column, Relation } from '../sql/catalog.ts'
import { qualifiedText, quoteName as quoteMysql } from '../sql/mysql/quoting.ts'
import { quoteName as quotePostgres } from '../sql/postgres/source.ts'
import { withMysqlAdmin } from './mysql_client.ts'
import { withPostgresAdmin } from './postgres_client.ts'

/** Rows of one table that are looked at where nobody says otherwise. */
const SAMPLED_ROWS = 200
/** Columns of one table that are; no table of people is wider. */
const COLUMNS_MAX = 300
/** Of a longer value the begin says enough. */
const VALUE_CHARS_MAX = 200

/** The columns of one table with some of their values as text. They stand in memory while `take` looks at them. */
export interface TableSample {
  readonly schema: string
  readonly table: string
  readonly columns: readonly { readonly column: string; readonly type: string; readonly values: readonly string[] }[]
  /** False where the admin account may not read the table: the names alone are there. */
  readonly read: boolean
}

/**
 * Reads the first rows of every table of a database over the admin connection, one table after the other, in statements
 * that the server ends by itself when they take long. Rejects with `SP-UPSTREAM` where the server can't be reached.
 */
export async function sampleTables(
  target: Target,
  database: string,
  catalog: Catalog,
  take: (sample: TableSample) => void,
  rows: number = SAMPLED_ROWS,
): Promise<void> {
  const tables = [...new Set(catalog.relations.values())].filter(isSampled)
  if (target.engine === 'mysql') return sampleMysql(target, tables, take, rows)
  await withPostgresAdmin(target, database, async ({ query }) => {
    for (const table of tables) {
      await query('SAVEPOINT sample')
      const read = await rowsOr(() => query<Row>(postgresSql(table, rows)))
      // A table that may not be read must not end the reading of the others.
      if (read === null) await query('ROLLBACK TO SAVEPOINT sample')
      take(sampleOf(table, read))
    }
  })
}

async function sampleMysql(
  target: Target,
  tables: readonly Relation[],
  take: (sample: TableSample) => void,
  rows: number,
) {
  await withMysqlAdmin(target, async ({ query }) => {
    for (const table of tables) take(sampleOf(table, await rowsOr(() => query<Row>(mysqlSql(table, rows)))))
  })
}

type Row = Readonly<Record<string, string | null>>

function isSampled({ kind }: Relation): boolean {
  return kind === 'table' || kind === 'partitioned' || kind === 'materialized_view'
}

/** Values are compared as text; what holds documents or bytes is left to its name. */
function hasValues({ type }: Column): boolean {
  return !/json|xml|bytea|blob|binary|geometry|point|tsvector|vector|\[\]/i.test(type)
}

function sampled({ columns }: Relation): readonly Column[] {
  return columns.slice(0, COLUMNS_MAX)
}

function postgresSql(table: Relation, rows: number): string {
  const list = sampled(table).map((column, at) =>
    hasValues(column) ? `left(${quotePostgres(column.name)}::text, ${VALUE_CHARS_MAX}) AS c${at}` : `NULL AS c${at}`,
  )
  const name = `${quotePostgres(table.schema)}.${quotePostgres(table.name)}`
  return `SELECT ${list.join(', ') || '1'} FROM ${name} LIMIT ${rows}`
}

function mysqlSql(table: Relation, rows: number): string {
  const list = sampled(table).map((column, at) =>
    hasValues(column) ? `LEFT(${quoteMysql(column.name)}, ${VALUE_CHARS_MAX}) AS c${at}` : `NULL AS c${at}`,
  )
  return `SELECT ${list.join(', ')} FROM ${qualifiedText(table)} LIMIT ${rows}`
}

async function rowsOr(read: () => Promise<readonly Row[]>): Promise<readonly Row[] | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof SallyportError || isLost(error)) throw error
    return null
  }
}

/** What ended the connection ends the scan; what the server says of one table does not. */
function isLost(error: unknown): boolean {
  const fatal = typeof error === 'object' && error !== null && 'fatal' in error && error.fatal === true
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  return fatal || !/^(?:[0-9A-Z]{5}|ER_\w+)$/.test(code)
}

function sampleOf(table: Relation, rows: readonly Row[] | null): TableSample {
  const columns = sampled(table).map(({ name, type }, at) => ({
    column: name,
    type,
    values: (rows ?? []).flatMap((row) => row[`c${at}`] ?? []).map(String),
  }))
  return { schema: table.schema, table: table.name, columns, read: rows !== null }
}

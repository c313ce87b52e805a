import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadPostgresParser } from '../../../src/proxy/load_postgres_parser.ts'
import type { OutputField, RelationUse, StatementFacts } from '../../../src/sql/facts.ts'
import type { PostgresParser } from '../../../src/sql/parsers.ts'
import { analyzePostgres } from '../../../src/sql/postgres/analyze.ts'
import { describeEachPostgres } from '../../servers/availability.ts'
import { startPostgres } from '../../servers/postgres.ts'
import type { PostgresMajor } from '../../servers/postgres_major.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { SHOP, shopTablesSql } from '../../sql/postgres/shop.ts'
import { EVERYWHERE, SINCE } from './oracle_statements.ts'

/**
 * The server as the judge of the analysis: it describes the fields that the analysis expects, and a role that holds just
 * the privileges on what the analysis found may run the statement. A reference that was missed would be denied.
 */
function suite(major: PostgresMajor, statements: readonly string[]): void {
  let server: DatabaseServer
  let client: pg.Client
  let parser: PostgresParser

  beforeAll(async () => {
    parser = await loadPostgresParser(major)
    server = await startPostgres({ version: major, setupSql: shopTablesSql() })
    const { host, port, user, password, database, ca } = server
    client = new pg.Client({ host, port, user, password, database, ssl: { ca, servername: 'localhost' } })
    await client.connect()
    await client.query('SET search_path = shop')
  })
  afterAll(async () => {
    await client?.end()
    await server?.stop()
  })

  it.each(statements)('%s', async (sql) => {
    const context = { ...SHOP, catalog: { ...SHOP.catalog, major, database: 'postgres' } }
    const [facts] = analyzePostgres(sql, context, parser).statements
    if (!facts || facts.kind === 'opaque') throw new Error(facts?.opaque?.reason)
    await client.query('BEGIN')
    try {
      await client.query('CREATE ROLE probe; GRANT USAGE ON SCHEMA shop, internal TO probe')
      for (const grant of facts.uses.flatMap(grantsFor)) await client.query(grant)
      await client.query('SET LOCAL ROLE probe')
      const { fields } = await client.query({ text: sql, rowMode: 'array' })
      if (facts.output) expect(facts.output.map((field) => expected(field, facts))).toEqual(await described(fields))
    } finally {
      await client.query('ROLLBACK')
    }
  })

  async function described(fields: readonly pg.FieldDef[]): Promise<readonly string[]> {
    await client.query('RESET ROLE')
    const { rows } = await client.query<{ oid: number; name: string }>(
      "SELECT c.oid, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace",
    )
    const names = new Map(rows.map(({ oid, name }) => [oid, name]))
    // A row as a whole and a system column have no number of their own.
    return fields.map(({ name, tableID, columnID }) =>
      columnID > 0 && columnID < 0x8000 ? `${name} = ${names.get(tableID)}.${columnID}` : name,
    )
  }
}

function expected({ name, origin }: OutputField, facts: StatementFacts): string {
  const relation = facts.uses.find(({ id }) => id === origin?.use)?.relation
  const ordinal = relation?.columns.find((column) => column.name === origin?.column)?.ordinal
  return relation && ordinal ? `${name} = ${relation.schema}.${relation.name}.${ordinal}` : name
}

/** What a use says that the statement does to its relation, as privileges, column by column. */
function grantsFor(use: RelationUse): readonly string[] {
  const { relation, columns } = use
  if (relation.kind === 'system') return []
  const table = `"${relation.schema}"."${relation.name}"`
  const own = [...columns].filter(([name]) => relation.columns.some((column) => column.name === name))
  const list = (names: readonly string[]) => (names.length === 0 ? '' : `("${names.join('", "')}")`)
  const written = list(own.map(([name]) => name))
  const readNames = own.filter(([, how]) => how !== 'written').map(([name]) => name)
  const whole = use.wholeRow || own.length < columns.size
  // Rows that are only counted need a right to some column.
  const some = use.role === 'read' && readNames.length === 0 ? [relation.columns[0]!.name] : readNames
  const verbs = [...(use.verbs ?? []), ...(use.locked ? ['update'] : [])]
  return [
    ...(whole
      ? [`GRANT SELECT ON ${table} TO probe`]
      : some.length > 0
        ? [`GRANT SELECT ${list(some)} ON ${table} TO probe`]
        : []),
    ...verbs.map((verb) => `GRANT ${verb} ${verb === 'delete' || use.locked ? '' : written} ON ${table} TO probe`),
  ]
}

describeEachPostgres('the server touches what the analysis says', (major) =>
  suite(major, [...EVERYWHERE, ...[...SINCE].flatMap(([since, statements]) => (since <= major ? statements : []))]),
)

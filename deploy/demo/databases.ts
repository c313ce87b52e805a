import mysql from 'mysql2/promise'
import pg from 'pg'
import { mysqlBootstrap } from '../../src/upstream/mysql_bootstrap.ts'
import { applyBootstrap, postgresBootstrap, readBootstrapSchemas } from '../../src/upstream/postgres_bootstrap.ts'
import { mariadbUnavailable, startMariadb } from '../../test/servers/mariadb.ts'
import { startMysql } from '../../test/servers/mysql.ts'
import { mysqlUnavailable } from '../../test/servers/mysql_packages.ts'
import { startPostgres } from '../../test/servers/postgres.ts'
import type { DatabaseServer } from '../../test/servers/process.ts'
import { type Section, secretName, targetOf } from '../../test/servers/sallyport.ts'
import { MYSQL_DEMO_SQL } from './data_mysql.ts'
import { POSTGRES_DEMO_SQL } from './data_postgres.ts'
import { DEMO_LABELS } from './policy.ts'

/** The databases of the demo, each with the admin account that `db bootstrap` makes: no superuser, owner of nothing. */

const ADMIN = 'sallyport_admin'
const ADMIN_PASSWORD = 'demo-admin-password'
const MARKER = 'sallyport_sessions'

export interface DemoDatabase {
  readonly server: DatabaseServer
  readonly target: Section
  /** The environment variable that the target's reference names, and what it holds. */
  readonly secret: Readonly<Record<string, string>>
}

export async function startPostgresDemo(name: string): Promise<DemoDatabase> {
  const server = await startPostgres({ setupSql: POSTGRES_DEMO_SQL })
  try {
    await bootstrapPostgres(server)
  } catch (error) {
    await server.stop()
    throw error
  }
  return demoDatabase(name, 'postgres', server)
}

/** MySQL where its packages can be had, else MariaDB; null with the reason where neither can. */
export async function startFamilyDemo(name: string): Promise<DemoDatabase | string> {
  const start = mysqlUnavailable() === null ? startMysql : mariadbUnavailable() === null ? startMariadb : null
  if (start === null) return 'no MySQL or MariaDB here; to add one: apt-get install mariadb-server'
  const server = await start({ setupSql: MYSQL_DEMO_SQL })
  try {
    await bootstrapFamily(server)
  } catch (error) {
    await server.stop()
    throw error
  }
  return demoDatabase(name, 'mysql', server)
}

function demoDatabase(name: string, engine: 'postgres' | 'mysql', server: DatabaseServer): DemoDatabase {
  const admin = { user: ADMIN, password: `env:${secretName(name)}` }
  return {
    server,
    target: targetOf(name, engine, server, { admin, accounts: { dynamic: {} }, labels: DEMO_LABELS }),
    secret: { [secretName(name)]: ADMIN_PASSWORD },
  }
}

async function bootstrapPostgres({ host, port, user, password, database, ca }: DatabaseServer): Promise<void> {
  const client = new pg.Client({ host, port, user, password, database, ssl: { ca } })
  await client.connect()
  const query = async <T extends object>(text: string) => (await client.query(text)).rows as readonly T[]
  try {
    const schemas = await readBootstrapSchemas(query)
    const steps = postgresBootstrap({
      ...{ admin: ADMIN, password: ADMIN_PASSWORD, marker: MARKER, ownerRole: null, memberOf: [] },
      ...{ database, schemas, eventTrigger: true },
    })
    await applyBootstrap(query, steps)
  } finally {
    await client.end()
  }
}

async function bootstrapFamily({ host, port, user, password, ca }: DatabaseServer): Promise<void> {
  const connection = await mysql.createConnection({ host, port, user, password, ssl: { ca } })
  const query = async <T extends object>(text: string) => (await connection.query(text))[0] as unknown as readonly T[]
  try {
    const [about] = await query<{ version: string }>('SELECT VERSION() AS version')
    const steps = await mysqlBootstrap({
      mariadb: about?.version.includes('MariaDB') === true,
      literalNames: false,
      admin: { user: ADMIN, host: '%' },
      password: ADMIN_PASSWORD,
      tls: true,
      databases: ['pay', 'internal'],
      defines: false,
      owner: null,
      memberOf: [],
    })
    await applyBootstrap(query, steps)
  } finally {
    await connection.end()
  }
}

import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { SallyportError } from '../errors.ts'
import type { Target } from '../session/ports.ts'
import type { AccountEngine, AccountSettings, AccountSetup, NewLogin } from './accounts.ts'
import { judgeEffective } from './postgres_accounts_check.ts'
import { dropRoles } from './postgres_accounts_drop.ts'
import { createGroup, isDuplicate, renewGroup } from './postgres_accounts_group.ts'
import type { AdminClient, AdminPool } from './postgres_accounts_pool.ts'
import { createLoginsSql, GROUP_NAME, groupName, LOGIN_NAME } from './postgres_accounts_sql.ts'
import { literal, quoted } from './postgres_quoted.ts'

const REPLICA_POLL_MS = 20
const UNDEFINED_OBJECT = '42704'

/**
 * Accounts on PostgreSQL 15 to 18, made by a role with CREATEROLE that is no superuser. A login holds no privilege of its
 * own: it is a member of the group role that the grant's privileges were given to once, so that making one costs the same
 * for one table as for a thousand, and dropping one finds nothing in its way.
 */
export class PostgresAccounts implements AccountEngine {
  readonly #pool: AdminPool

  constructor(pool: AdminPool) {
    this.#pool = pool
  }

  async prepare(setup: AccountSetup): Promise<readonly string[]> {
    const { target, database } = setup
    try {
      return await this.#pool.run(target, database, async (client) => {
        await ensureMarker(client, setup.settings)
        if (!(await exists(client, groupName(setup))) && (await createGroup(client, setup)))
          return judgeEffective(client, setup)
        await renewGroup(client, setup)
        return judgeEffective(client, setup)
      })
    } catch (error) {
      throw accountError(error, 'the role of the grant could not be made')
    }
  }

  async create(setup: AccountSetup, logins: readonly NewLogin[]): Promise<void> {
    const { target, loginTarget } = setup
    try {
      await this.#pool.run(target, target.defaultDatabase, (client) =>
        client.query(createLoginsSql(setup, logins, client.major, randomBytes)),
      )
      if (loginTarget.name !== target.name) await this.#replicated(setup, logins)
    } catch (error) {
      throw accountError(error, 'the account of the session could not be made')
    }
  }

  async stop(target: Target, names: readonly string[], at: Target): Promise<void> {
    try {
      await this.#pool.run(target, target.defaultDatabase, (client) => stopped(client, names))
      if (at.name !== target.name) {
        await this.#pool.run(at, at.defaultDatabase, (client) => client.query(terminateSql(names)))
      }
    } catch (error) {
      throw accountError(error, 'the sessions of an account could not be ended')
    }
  }

  async drop(
    target: Target,
    names: readonly string[],
    settings: AccountSettings,
  ): Promise<ReadonlyMap<string, string>> {
    try {
      return await dropRoles(this.#pool, target, names, settings.ownerRole)
    } catch (error) {
      throw accountError(error, 'accounts could not be dropped')
    }
  }

  async found(target: Target, { marker }: AccountSettings): Promise<readonly string[]> {
    return this.#members(target, marker, LOGIN_NAME, '')
  }

  async sweep(target: Target, settings: AccountSettings, keep: ReadonlySet<string>): Promise<void> {
    const kept = new Set([...keep].map((digest) => groupName({ digest })))
    const unused = `AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members x JOIN pg_catalog.pg_roles y ON y.oid = x.member
      WHERE x.roleid = r.oid AND y.rolname ~ ${literal(LOGIN_NAME)})`
    const names = await this.#members(target, settings.marker, GROUP_NAME, unused)
    const dropped = names.filter((name) => !kept.has(name))
    const failed = dropped.length > 0 ? await this.drop(target, dropped, settings) : new Map<string, string>()
    for (const [name, why] of failed) throw new SallyportError('SP-ACCOUNT', `${name} could not be dropped: ${why}`)
  }

  close(): Promise<void> {
    return this.#pool.close()
  }

  async #members(target: Target, marker: string, form: string, condition: string): Promise<readonly string[]> {
    const sql = `SELECT r.rolname::text AS name FROM pg_catalog.pg_roles r
      JOIN pg_catalog.pg_auth_members m ON m.member = r.oid JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
      WHERE g.rolname = $1 AND r.rolname ~ $2 ${condition} ORDER BY r.rolname`
    try {
      return await this.#pool.run(target, target.defaultDatabase, async (client) =>
        (await client.query<{ name: string }>(sql, [marker, form])).map(({ name }) => name),
      )
    } catch (error) {
      throw accountError(error, 'the accounts on the server could not be listed')
    }
  }

  /** A replica learns of roles in the order in which they were made: the last one tells of all. */
  async #replicated({ loginTarget, settings }: AccountSetup, logins: readonly NewLogin[]): Promise<void> {
    const last = logins.at(-1)?.name ?? ''
    const deadline = performance.now() + settings.replicaWaitMs
    await this.#pool.run(loginTarget, loginTarget.defaultDatabase, async (client) => {
      while (!(await exists(client, last))) {
        if (performance.now() > deadline)
          throw new SallyportError('SP-ACCOUNT', `the replica ${loginTarget.name} does not know the account yet`)
        await pause(REPLICA_POLL_MS)
      }
    })
  }
}

async function exists(client: AdminClient, name: string): Promise<boolean> {
  return (await client.query('SELECT FROM pg_catalog.pg_roles WHERE rolname = $1', [name])).length > 0
}

/** `db bootstrap` makes it; where it is missing the admin role may make it as well. */
async function ensureMarker(client: AdminClient, { marker }: AccountSettings): Promise<void> {
  if (await exists(client, marker)) return
  await client.query(`CREATE ROLE ${quoted(marker)} NOLOGIN`).catch((error: unknown) => {
    if (!isDuplicate(error)) throw error
  })
}

/** In one message; an account that is gone already must not keep the others from being ended. */
async function stopped(client: AdminClient, names: readonly string[]): Promise<void> {
  try {
    await client.query(stopSql(names))
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== UNDEFINED_OBJECT) throw error
    await client.query('ROLLBACK')
    const rows = await client.query<{ name: string }>(
      'SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)',
      [names],
    )
    const left = rows.map(({ name }) => name)
    if (left.length > 0) await client.query(stopSql(left))
  }
}

/** Ended only when no new login can follow: what is committed first is seen by whoever logs in. */
function stopSql(names: readonly string[]): string {
  const locked = names.map((name) => `ALTER ROLE ${quoted(name)} NOLOGIN`)
  return ['BEGIN', ...locked, 'COMMIT', terminateSql(names)].join(';\n')
}

function terminateSql(names: readonly string[]): string {
  return `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename IN (${names.map(literal).join(', ')})`
}

/** With the server's SQLSTATE and its message, which names roles and objects and quotes no value. */
function accountError(error: unknown, what: string): SallyportError {
  if (error instanceof SallyportError) return error
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return new SallyportError('SP-ACCOUNT', `${what} (${error.code})`, { cause: error })
  }
  return new SallyportError('SP-UPSTREAM', `${what}: the database could not be reached`, { cause: error })
}

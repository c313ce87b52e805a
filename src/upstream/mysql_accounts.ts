import { setTimeout as pause } from 'node:timers/promises'
import { SallyportError } from '../errors.ts'
import type { LiveCredential, Target } from '../session/ports.ts'
import { quoteName } from '../sql/mysql/quoting.ts'
import type { AccountEngine, AccountSettings, AccountSetup, NewLogin } from './accounts.ts'
import { createMysqlAdmin, type MysqlAdmin, type MysqlAdminSession } from './mysql_accounts_admin.ts'
import { dropAccounts, foundAccounts, killSessions, lockAccounts, sweepRoles } from './mysql_accounts_drop.ts'
import { beyond } from './mysql_accounts_effective.ts'
import { everythingFor, grantsFor, type RoutineKind } from './mysql_accounts_grants.ts'
import { ensureRole, renewAccounts } from './mysql_accounts_renew.ts'
import { SparePasswords } from './mysql_accounts_spare.ts'
import { accountText, createOnMariadb, createOnMysql, literal, sharedRole } from './mysql_accounts_sql.ts'

const REPLICA_POLL_MS = 20

/**
 * Accounts on MySQL 8.4 and 9, and MariaDB from 10.6 on, made by an account that holds what `db bootstrap` lists. An account
 * holds no privilege of its own but a role, which the grant's privileges were given to once: making one costs one statement,
 * for one table as for a thousand, and what the role gets or loses holds in running sessions from their next statement
 * on. Only on MariaDB, where views and routines run with the privileges that their definer holds itself, one that may define them
 * holds its privileges beside the role too.
 */
export class MysqlAccounts implements AccountEngine {
  readonly #credentialOf: (target: Target) => LiveCredential
  readonly #admins = new Map<string, MysqlAdmin>()
  /** Accounts made here that can define nothing: to look for what others made takes a server with many tables long. */
  readonly #plain = new Set<string>()
  readonly #spares = new SparePasswords()

  constructor(credentialOf: (target: Target) => LiveCredential) {
    this.#credentialOf = credentialOf
  }

  password(): string {
    return this.#spares.take()
  }

  prepare(setup: AccountSetup, names: readonly string[]): Promise<readonly string[]> {
    return this.#run(setup.target, async (session) => {
      const granted = await wantedGrants(session, setup)
      const role = roleOf(session, setup)
      await ensureRole(session, role, setup, granted)
      if (session.mariadb && holdsItself(setup)) await renewAccounts(session, names, setup, granted)
      if (setup.privileges.unrestricted) return []
      return beyond(session, role, granted, setup.privileges.routines)
    })
  }

  async create(setup: AccountSetup, logins: readonly NewLogin[]): Promise<void> {
    if (definesNothing(setup)) for (const { name } of logins) this.#plain.add(name)
    await this.#run(setup.target, async (session) => {
      const verified = await Promise.all(
        logins.map(async (login) => ({
          ...login,
          identified: await this.#spares.identifiedBy(login.password, session.mariadb),
        })),
      )
      const role = roleOf(session, setup)
      await session.query(
        session.mariadb
          ? createOnMariadb(setup, verified, role, await ownGrants(session, setup), Date.now())
          : createOnMysql(setup, verified, role, Date.now()),
      )
    })
    if (setup.loginTarget.name !== setup.target.name) await this.#replicated(setup, logins)
  }

  async stop(target: Target, names: readonly string[], at: Target): Promise<void> {
    if (names.length === 0) return
    await this.#run(target, async (session) => {
      await lockAccounts(session, names)
      await killSessions(session, names)
    })
    if (at.name !== target.name) await this.#run(at, (session) => killSessions(session, names))
  }

  async drop(
    target: Target,
    names: readonly string[],
    settings: AccountSettings,
  ): Promise<ReadonlyMap<string, string>> {
    if (names.length === 0) return new Map()
    const isPlain = (name: string) => this.#plain.has(name)
    const failed = await this.#run(target, (session) => dropAccounts(session, names, settings.ownerRole, isPlain))
    for (const name of names) if (!failed.has(name)) this.#plain.delete(name)
    return failed
  }

  found(target: Target, settings: AccountSettings): Promise<readonly string[]> {
    return this.#run(target, (session) => foundAccounts(session, settings))
  }

  sweep(target: Target, settings: AccountSettings, keep: ReadonlySet<string>): Promise<void> {
    return this.#run(target, (session) => sweepRoles(session, settings, keep))
  }

  async close(): Promise<void> {
    for (const admin of this.#admins.values()) admin.close()
  }

  #run<T>(target: Target, work: (session: MysqlAdminSession) => Promise<T>): Promise<T> {
    const key = JSON.stringify([target.name, target.host, target.port, target.tls])
    const admin = this.#admins.get(key) ?? createMysqlAdmin(target, this.#credentialOf(target))
    this.#admins.set(key, admin)
    return admin.run(work)
  }

  /** A replica learns of accounts in the order in which they were made: the last one, with its role, tells of all. */
  async #replicated({ loginTarget, settings }: AccountSetup, logins: readonly NewLogin[]): Promise<void> {
    const last = literal(logins.at(-1)?.name ?? '')
    const deadline = performance.now() + settings.replicaWaitMs
    await this.#run(loginTarget, async (session) => {
      const edges = session.mariadb ? 'mysql.roles_mapping WHERE User' : 'mysql.role_edges WHERE TO_USER'
      for (;;) {
        const [rows = []] = await session.query(`SELECT 1 FROM ${edges} = ${last} LIMIT 1`)
        if (rows.length > 0) return
        if (performance.now() > deadline)
          throw new SallyportError('SP-ACCOUNT', `the replica ${loginTarget.name} does not know the account yet`)
        await pause(REPLICA_POLL_MS)
      }
    })
  }
}

function definesNothing({ privileges, settings }: AccountSetup): boolean {
  return !privileges.unrestricted && privileges.definitions.length === 0 && settings.memberOf.length === 0
}

function roleOf({ mariadb, user }: MysqlAdminSession, setup: AccountSetup): string {
  return sharedRole(setup, mariadb ? user : '')
}

/** Each without its TO. */
async function wantedGrants(
  session: MysqlAdminSession,
  { privileges, settings }: AccountSetup,
): Promise<readonly string[]> {
  const roles = settings.memberOf.map((name) =>
    session.mariadb ? `GRANT ${quoteName(name)}` : `GRANT ${accountText({ user: name, host: '%' })}`,
  )
  if (privileges.unrestricted) return [...(roles.length > 0 ? [] : await everythingFor(session)), ...roles]
  const routines = await routineKinds(session, privileges.routines)
  return [...grantsFor(privileges, { routines, literalNames: session.literalNames }), ...roles]
}

/** MariaDB: what the account holds itself. */
async function ownGrants(session: MysqlAdminSession, setup: AccountSetup): Promise<readonly string[]> {
  return holdsItself(setup) ? wantedGrants(session, setup) : []
}

function holdsItself({ privileges }: AccountSetup): boolean {
  return privileges.unrestricted || privileges.definitions.length > 0
}

async function routineKinds(session: MysqlAdminSession, names: readonly string[]): Promise<readonly RoutineKind[]> {
  if (names.length === 0) return []
  const [rows = []] = await session.query(
    `SELECT ROUTINE_SCHEMA AS s, ROUTINE_NAME AS n, ROUTINE_TYPE AS k FROM information_schema.ROUTINES
     WHERE ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION') AND CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME) IN (${names.map(literal).join(', ')})`,
  )
  return rows.map(({ s, n, k }) => ({
    schema: String(s),
    name: String(n),
    kind: k === 'PROCEDURE' ? 'PROCEDURE' : 'FUNCTION',
  }))
}

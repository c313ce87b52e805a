import { SallyportError } from '../errors.ts'
import { quoteName } from '../sql/mysql/quoting.ts'
import type { AccountSettings } from './accounts.ts'
import { errnoOf, type MysqlAdminSession, type MysqlRow } from './mysql_accounts_admin.ts'
import { madeBy, type OwnedObject, reown } from './mysql_accounts_objects.ts'
import { accountText, literal, mariadbMark, type Named, rolePrefix, sharedRole } from './mysql_accounts_sql.ts'

/** ER_NO_SUCH_THREAD: it ended before us. */
const NO_SUCH_THREAD = 1094
/** A session that was logging in while its account was locked is found the second time. */
const KILL_ROUNDS = 3
/** As `accounts.ts` makes them. */
const LOGIN_NAME = /^sp_[a-z0-9]{1,8}_[a-z0-9]{16}$/

/** No session begins with them any more. */
export async function lockAccounts(session: MysqlAdminSession, names: readonly string[]): Promise<void> {
  const accounts = await accountsCalled(session, names)
  if (accounts.length === 0) return
  try {
    await session.query(`ALTER USER IF EXISTS ${accounts.map(accountText).join(', ')} ACCOUNT LOCK`)
  } catch (error) {
    // One that another node drops at this moment must not keep the others from being locked.
    if (errnoOf(error) === undefined) throw error
    for (const account of accounts) await session.query(`ALTER USER IF EXISTS ${accountText(account)} ACCOUNT LOCK`)
  }
}

export async function killSessions(session: MysqlAdminSession, names: readonly string[]): Promise<void> {
  const living = `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER IN (${listOf(names)}) AND COMMAND <> 'Killed'`
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const [rows = []] = await session.query(living)
    if (rows.length === 0) return
    await killAll(
      session,
      rows.map(({ id }) => Number(id)),
    )
  }
}

/** In one message; where one has ended by itself just now, which ends the message, the rest one by one. */
async function killAll(session: MysqlAdminSession, ids: readonly number[]): Promise<void> {
  if (await killed(session, ids)) return
  for (const id of ids) await killed(session, [id])
}

async function killed(session: MysqlAdminSession, ids: readonly number[]): Promise<boolean> {
  try {
    await session.query(ids.map((id) => `KILL CONNECTION ${id}`))
    return true
  } catch (error) {
    if (errnoOf(error) === NO_SUCH_THREAD) return false
    throw error
  }
}

/**
 * By name, why an account is still there. One that made something without an owner to take it stays, locked; `isPlain` is
 * true of those that can't have made anything.
 */
export async function dropAccounts(
  session: MysqlAdminSession,
  names: readonly string[],
  owner: string | null,
  isPlain: (name: string) => boolean,
): Promise<ReadonlyMap<string, string>> {
  const failed = new Map<string, string>()
  const accounts = await accountsCalled(session, names)
  if (accounts.length === 0) return failed
  const defining = accounts.filter(({ user }) => !isPlain(user))
  const made = await madeBy(session, defining)
  for (const account of defining) {
    const why = await settled(session, account, made.get(accountKey(account)) ?? [], owner)
    if (why !== null) failed.set(account.user, why)
  }
  const free = accounts.filter(({ user }) => !failed.has(user))
  if (free.length === 0) return failed
  try {
    await session.query(`DROP USER IF EXISTS ${free.map(accountText).join(', ')}`)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    for (const account of free) {
      const why = await dropAlone(session, account)
      if (why !== null) failed.set(account.user, why)
    }
  }
  return failed
}

async function dropAlone(session: MysqlAdminSession, account: Named): Promise<string | null> {
  try {
    await session.query(`DROP USER IF EXISTS ${accountText(account)}`)
    return null
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === undefined) throw error
    return `the database refuses to drop it (${String(errno)})`
  }
}

async function settled(
  session: MysqlAdminSession,
  account: Named,
  made: readonly OwnedObject[],
  owner: string | null,
): Promise<string | null> {
  const [first] = made
  if (!first) return null
  const names = made.map(({ kind, schema, name }) => `${kind} ${schema}.${name}`).join(', ')
  if (owner === null) return `it is the definer of ${names}, and no owner is configured`
  for (const object of made) {
    try {
      const why = await reown(session, account, object, owner)
      if (why !== null) return why
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === undefined) throw error
      return `the ${object.kind} ${object.schema}.${object.name} could not get another definer (${String(errno)})`
    }
  }
  return null
}

export async function foundAccounts(session: MysqlAdminSession, settings: AccountSettings): Promise<readonly string[]> {
  const marked = session.mariadb
    ? `mysql.global_priv WHERE JSON_VALUE(Priv, '$.max_connections') = ${mariadbMark(settings)}`
    : `mysql.user WHERE User_attributes->>'$.metadata.sallyport' = ${literal(settings.marker)}`
  const [rows = []] = await session.query(`SELECT User AS user FROM ${marked} AND LEFT(User, 3) = 'sp_'`)
  return rows.map(({ user }) => String(user)).filter((name) => LOGIN_NAME.test(name))
}

/** Roles of grants that have no account left, but for those that are in use by this program. */
export async function sweepRoles(
  session: MysqlAdminSession,
  settings: AccountSettings,
  keep: ReadonlySet<string>,
): Promise<void> {
  const prefix = rolePrefix(settings)
  const maker = session.mariadb ? session.user : ''
  const kept = new Set([...keep].map((digest) => sharedRole({ digest, settings }, maker)))
  const [roles = []] = await session.query(
    session.mariadb
      ? `SELECT User AS name FROM mysql.global_priv WHERE LEFT(User, ${prefix.length}) = '${prefix}' AND JSON_VALUE(Priv, '$.is_role')
         AND User NOT IN (SELECT m.Role FROM mysql.roles_mapping m JOIN mysql.global_priv u ON u.User = m.User AND u.Host = m.Host WHERE LEFT(m.User, 3) = 'sp_')`
      : `SELECT User AS name FROM mysql.user WHERE LEFT(User, ${prefix.length}) = '${prefix}'
         AND User NOT IN (SELECT FROM_USER FROM mysql.role_edges)`,
  )
  for (const { name } of roles) {
    if (!kept.has(String(name))) await session.query(`DROP ROLE IF EXISTS ${quoteName(String(name))}`)
  }
}

/** Every account of these names: they are random, so the host says nothing more. */
async function accountsCalled(session: MysqlAdminSession, names: readonly string[]): Promise<readonly Named[]> {
  if (names.some((name) => !name.startsWith('sp_'))) {
    throw new SallyportError('SP-INTERNAL', 'an account that is not ours is never touched')
  }
  const [rows = []] = await session.query(
    `SELECT User AS user, Host AS host FROM mysql.user WHERE User IN (${listOf(names)})`,
  )
  return rows.map(({ user, host }: MysqlRow) => ({ user: String(user), host: String(host) }))
}

function listOf(names: readonly string[]): string {
  return names.map(literal).join(', ')
}

function accountKey({ user, host }: Named): string {
  return `${user}@${host}`
}

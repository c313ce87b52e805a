import { errnoOf } from './mysql_accounts_admin.ts'
import type { MysqlSession } from './mysql_client.ts'

/** What MySQL and MariaDB say of accounts, settings and definers, in one form for both. */

export interface PostureAccount {
  readonly user: string
  readonly host: string
  readonly plugin: string
  readonly hasPassword: boolean
  /** When its password was set, as the server says it; '' where it does not. */
  readonly passwordSet: string
  readonly locked: boolean
  readonly tls: boolean
  /** Global privileges, as `mysql.user` calls them: `super`, `file`, `grant`. */
  readonly privileges: readonly string[]
}

export interface PostureDefiner {
  readonly kind: string
  readonly object: string
  /** `user@host`. */
  readonly definer: string
}

export interface MysqlPostureFacts {
  readonly mariadb: boolean
  readonly accounts: readonly PostureAccount[]
  /** By name, in lower case; what this server does not have is missing. */
  readonly settings: ReadonlyMap<string, string>
  /** Databases that every account has privileges in. */
  readonly openDatabases: readonly string[]
  /** What PUBLIC holds (MariaDB). */
  readonly publicGrants: readonly string[]
  /** Accounts that no account without SYSTEM_USER can change (MySQL), as `user@host`. */
  readonly systemUsers: ReadonlySet<string>
  readonly definers: readonly PostureDefiner[]
}

const SETTINGS = [
  ...['require_secure_transport', 'have_ssl', 'tls_version', 'local_infile', 'secure_file_priv', 'general_log'],
  ...['log_output', 'log_bin_trust_function_creators', 'mandatory_roles', 'skip_grant_tables', 'old_passwords'],
  ...['strict_password_validation', 'partial_revokes', 'activate_all_roles_on_login'],
]

/** The server's own, which nobody logs in to or connects as. */
const SYSTEM_ACCOUNTS: ReadonlySet<string> = new Set([
  ...['mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys', 'PUBLIC'],
])
const SYSTEM_SCHEMAS = `('mysql', 'sys', 'information_schema', 'performance_schema')`
/** ER_NONEXISTING_GRANT, ER_PARSE_ERROR, ER_INVALID_ROLE. */
const NO_PUBLIC: ReadonlySet<unknown> = new Set([1141, 1064, 1959])

export async function readMysqlPosture(session: MysqlSession): Promise<MysqlPostureFacts> {
  const { mariadb } = session
  const settings = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${SETTINGS.map((name) => `'${name}'`).join(', ')})`,
  )
  const open = await session.query<{ db: string }>(`SELECT DISTINCT Db AS db FROM mysql.db WHERE User = '' ORDER BY 1`)
  return {
    mariadb,
    accounts: await accountsOf(session),
    settings: new Map(settings.map(({ Variable_name: name, Value }) => [name.toLowerCase(), Value])),
    openDatabases: open.map(({ db }) => db),
    publicGrants: mariadb ? await publicGrants(session) : [],
    systemUsers: mariadb ? new Set() : await systemUsers(session),
    definers: await definersOf(session),
  }
}

type UserRow = Readonly<Record<string, string | Uint8Array | null>>

async function accountsOf(session: MysqlSession): Promise<readonly PostureAccount[]> {
  const people = session.mariadb ? `WHERE is_role <> 'Y'` : ''
  const rows = await session.query<UserRow>(`SELECT * FROM mysql.user ${people} ORDER BY User, Host`)
  const more = session.mariadb ? await moreOnMariadb(session) : new Map<string, MariadbAccount>()
  // A role of MySQL is an account that is locked and has no password.
  return rows
    .map((row) => accountOf(row, more))
    .filter(({ user, hasPassword, locked }) => !SYSTEM_ACCOUNTS.has(user) && (hasPassword || !locked))
}

interface MariadbAccount {
  readonly name: string
  readonly locked: string | null
  readonly changed: string | null
}

function accountOf(row: UserRow, more: ReadonlyMap<string, MariadbAccount>): PostureAccount {
  const text = (name: string) => textOf(row[name] ?? row[name.toLowerCase()])
  const [user, host] = [text('User'), text('Host')]
  const known = more.get(`${user}@${host}`)
  const privileges = Object.keys(row).filter((name) => /_priv$/i.test(name) && textOf(row[name]) === 'Y')
  return {
    user,
    host,
    plugin: text('plugin'),
    hasPassword: (text('authentication_string') || text('Password')) !== '',
    passwordSet: text('password_last_changed') || (known?.changed ?? ''),
    locked: text('account_locked') === 'Y' || isTrue(known?.locked ?? null),
    tls: text('ssl_type') !== '',
    privileges: privileges.map((name) => name.slice(0, -'_priv'.length).toLowerCase()),
  }
}

function textOf(value: string | Uint8Array | null | undefined): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
}

function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1'
}

async function moreOnMariadb(session: MysqlSession): Promise<ReadonlyMap<string, MariadbAccount>> {
  const rows = await session.query<MariadbAccount>(
    `SELECT CONCAT(User, '@', Host) AS name, JSON_VALUE(Priv, '$.account_locked') AS locked,
       JSON_VALUE(Priv, '$.password_last_changed') AS changed FROM mysql.global_priv`,
  )
  return new Map(rows.map((row) => [row.name, row]))
}

async function publicGrants(session: MysqlSession): Promise<readonly string[]> {
  try {
    const rows = await session.query<Readonly<Record<string, string>>>('SHOW GRANTS FOR PUBLIC')
    return rows.flatMap((row) => Object.values(row))
  } catch (error) {
    if (NO_PUBLIC.has(errnoOf(error))) return []
    throw error
  }
}

async function systemUsers(session: MysqlSession): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ name: string }>(
    `SELECT CONCAT(USER, '@', HOST) AS name FROM mysql.global_grants WHERE PRIV = 'SYSTEM_USER'`,
  )
  return new Set(rows.map(({ name }) => name))
}

function definersOf(session: MysqlSession): Promise<readonly PostureDefiner[]> {
  return session.query<PostureDefiner>(
    `SELECT LOWER(ROUTINE_TYPE) AS kind, CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME) AS object, DEFINER AS definer
     FROM information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND ROUTINE_SCHEMA NOT IN ${SYSTEM_SCHEMAS}
     UNION ALL SELECT 'view', CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), DEFINER
     FROM information_schema.VIEWS WHERE SECURITY_TYPE = 'DEFINER' AND TABLE_SCHEMA NOT IN ${SYSTEM_SCHEMAS}
     UNION ALL SELECT 'trigger', CONCAT(TRIGGER_SCHEMA, '.', TRIGGER_NAME), DEFINER
     FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN ${SYSTEM_SCHEMAS}
     UNION ALL SELECT 'event', CONCAT(EVENT_SCHEMA, '.', EVENT_NAME), DEFINER
     FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN ${SYSTEM_SCHEMAS}
     ORDER BY 1, 2`,
  )
}

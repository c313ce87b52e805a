import { createHash } from 'node:crypto'
import { quoteName } from '../sql/mysql/quoting.ts'
import type { AccountSettings, AccountSetup, NewLogin } from './accounts.ts'

/** What accounts and the roles that they share are called, and how they are made. */

/** A session, and a second connection that ends a statement of it. */
const CONNECTIONS_PER_ACCOUNT = 2
const MS_PER_DAY = 86_400_000
/** A person's short name is never empty, so no account is called as a role is. */
const ROLE = 'sp__'
const MARK_CHARACTERS = 6
const DIGEST_CHARACTERS = 18
/** MariaDB keeps no attributes of an account: a number that limits nobody says whose it is. */
const MARK_FROM = 2 ** 30

export interface Named {
  readonly user: string
  readonly host: string
}

export function accountText({ user, host }: Named): string {
  return `${quoteName(user)}@${quoteName(host)}`
}

/** A literal under NO_BACKSLASH_ESCAPES, which connections for accounts are in. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * The role that holds the privileges of a setup, which its accounts share: one statement then makes an account. `maker`
 * is '' but on MariaDB, where a role is handed on by the account alone that made it: another one makes its own.
 */
export function sharedRole({ digest, settings }: Pick<AccountSetup, 'digest' | 'settings'>, maker: string): string {
  const own = maker === '' ? digest : hashOf(`${digest} ${maker}`)
  return `${rolePrefix(settings)}${own.slice(0, DIGEST_CHARACTERS)}`
}

export function rolePrefix({ marker }: Pick<AccountSettings, 'marker'>): string {
  return `${ROLE}${hashOf(marker).slice(0, MARK_CHARACTERS)}_`
}

/** `max_connections_per_hour` of this installation's accounts: 2^30 to 2^31. */
export function mariadbMark({ marker }: Pick<AccountSettings, 'marker'>): number {
  return MARK_FROM + (Number.parseInt(hashOf(marker).slice(0, 8), 16) % MARK_FROM)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

export interface VerifiedLogin extends NewLogin {
  /** `IDENTIFIED ...` */
  readonly identified: string
}

/** Each account with its privileges in force from its first moment on, in one statement (MySQL). */
export function createOnMysql(
  setup: AccountSetup,
  logins: readonly VerifiedLogin[],
  role: string,
  now: number,
): readonly string[] {
  const { settings, grantId } = setup
  const users = logins.map(
    ({ name, identified }) => `${accountText({ user: name, host: settings.host })} ${identified}`,
  )
  const expires = new Date(lastOf(logins)).toISOString()
  const attribute = literal(JSON.stringify({ sallyport: settings.marker, grant: grantId, expires }))
  return [
    `CREATE USER ${users.join(', ')} DEFAULT ROLE ${quoteName(role)} ${limits(setup, logins, now)} ATTRIBUTE ${attribute}`,
  ]
}

/** `grants` are those that every account holds itself: what it defines runs with these, never with those of a role. */
export function createOnMariadb(
  setup: AccountSetup,
  logins: readonly VerifiedLogin[],
  shared: string,
  grants: readonly string[],
  now: number,
): readonly string[] {
  const { settings } = setup
  const users = logins.map(({ name }) => accountText({ user: name, host: settings.host }))
  const made = logins.map(({ identified }, index) => `${users[index]} ${identified}`)
  const role = quoteName(shared)
  return [
    `CREATE USER ${made.join(', ')} ${limits(setup, logins, now)}`,
    ...grants.map((grant) => `${grant} TO ${users.join(', ')}`),
    // From here on it can log in to something.
    `GRANT ${role} TO ${users.join(', ')}`,
    ...users.map((user) => `SET DEFAULT ROLE ${role} FOR ${user}`),
  ]
}

function limits({ loginTarget, settings }: AccountSetup, logins: readonly NewLogin[], now: number): string {
  const days = Math.max(1, Math.ceil((lastOf(logins) - now) / MS_PER_DAY))
  const tls = loginTarget.tls.mode === 'disable' ? 'NONE' : 'SSL'
  const mark = mariadbMark(settings)
  const connections = `MAX_CONNECTIONS_PER_HOUR ${mark} MAX_USER_CONNECTIONS ${CONNECTIONS_PER_ACCOUNT}`
  // The server itself knows no end but in whole days: whatever else fails, the account ends then.
  return `REQUIRE ${tls} WITH ${connections} PASSWORD EXPIRE INTERVAL ${days} DAY`
}

function lastOf(logins: readonly NewLogin[]): number {
  return Math.max(...logins.map(({ expiresAt }) => expiresAt))
}

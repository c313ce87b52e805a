import { accountText } from './mysql_accounts_sql.ts'
import type { MysqlPostureFacts, PostureAccount, PostureDefiner } from './mysql_posture_facts.ts'
import type { PostureFinding } from './posture.ts'

/** What is amiss with a MySQL or MariaDB target, and how to mend it. */

export interface MysqlPostureInput {
  readonly facts: MysqlPostureFacts
  /** Accounts of sessions, the admin account and whatever else is this installation's. */
  readonly isOurs: (user: string) => boolean
}

/** Any of these is enough to become everybody: they change accounts, read files, or act for others. */
const POWERFUL: ReadonlySet<string> = new Set(['super', 'file', 'grant', 'create_user', 'process', 'shutdown'])
/** Enough to read or change all data. */
const ALL_DATA: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete'])
/** Older than `caching_sha2_password`; on MariaDB `mysql_native_password` is the usual one. */
const OLD_PLUGINS: ReadonlySet<string> = new Set(['mysql_old_password', 'sha256_password', 'mysql_native_password'])
/** These know who somebody is without a password. */
const NO_PASSWORD: ReadonlySet<string> = new Set(['auth_socket', 'unix_socket', 'mysql_no_login', 'gssapi', 'pam'])
const ANYWHERE: ReadonlySet<string> = new Set(['%', '', '0.0.0.0/0', '%.%.%.%'])

export function mysqlFindings({ facts, isOurs }: MysqlPostureInput): readonly PostureFinding[] {
  const others = facts.accounts.filter(({ user }) => !isOurs(user))
  return [
    ...settingFindings(facts),
    ...everybodyFindings(facts),
    ...others.flatMap((account) => accountFindings(account, facts)),
    ...facts.definers.flatMap((definer) => definerFindings(definer, facts, isOurs)),
  ]
}

interface SettingCheck extends PostureFinding {
  readonly amiss: (value: string) => boolean
}

const isOn = (value: string): boolean => value === 'ON' || value === '1'

const SETTING_CHECKS: readonly SettingCheck[] = [
  {
    ...{ id: 'mysql.tls_off', severity: 'high', object: 'have_ssl' },
    amiss: (value) => value === 'DISABLED' || value === 'NO',
    text: 'The server offers no TLS: passwords and rows travel in clear.',
    mend: 'Give the server ssl_cert and ssl_key in its configuration.',
  },
  {
    ...{ id: 'mysql.tls_optional', severity: 'medium', object: 'require_secure_transport' },
    amiss: (value) => !isOn(value),
    text: 'A client may connect without TLS.',
    mend: 'SET GLOBAL require_secure_transport = ON',
  },
  {
    ...{ id: 'mysql.local_infile', severity: 'medium', object: 'local_infile', amiss: isOn },
    text: 'LOAD DATA LOCAL is on: a server may ask a client for its files.',
    mend: 'SET GLOBAL local_infile = OFF',
  },
  {
    ...{ id: 'mysql.files_anywhere', severity: 'high', object: 'secure_file_priv' },
    amiss: (value) => value === '',
    text: 'An account with FILE may read and write files anywhere that the server may.',
    mend: 'Set secure_file_priv in the configuration of the server: NULL, or a folder for it alone.',
  },
  {
    ...{ id: 'mysql.general_log', severity: 'medium', object: 'general_log', amiss: isOn },
    text: 'The general log keeps every statement with its values.',
    mend: 'SET GLOBAL general_log = OFF',
  },
  {
    ...{ id: 'mysql.trusts_creators', severity: 'low', object: 'log_bin_trust_function_creators', amiss: isOn },
    text: 'Functions may be made without SUPER that change what replicas hold.',
    mend: 'SET GLOBAL log_bin_trust_function_creators = OFF',
  },
  {
    ...{ id: 'mysql.no_grants', severity: 'high', object: 'skip_grant_tables', amiss: isOn },
    text: 'The server was started without its privileges: everybody may do anything.',
    mend: 'Start the server without skip-grant-tables.',
  },
  {
    ...{ id: 'mysql.mandatory_roles', severity: 'medium', object: 'mandatory_roles' },
    amiss: (value) => value !== '',
    text: 'Every account has these roles, those of sessions too, whatever their grant says.',
    mend: "SET GLOBAL mandatory_roles = ''",
  },
]

function settingFindings({ settings }: MysqlPostureFacts): readonly PostureFinding[] {
  return SETTING_CHECKS.flatMap(({ amiss, ...finding }) => {
    const value = settings.get(finding.object)
    return value !== undefined && amiss(value) ? [finding] : []
  })
}

function everybodyFindings({ openDatabases, publicGrants }: MysqlPostureFacts): readonly PostureFinding[] {
  return [
    ...openDatabases.map((name) => ({
      id: 'mysql.open_database',
      severity: 'medium' as const,
      object: name,
      text: 'Every account has privileges in this database, given to the account without a name.',
      mend: `DELETE FROM mysql.db WHERE User = '' AND Db = '${name.replaceAll("'", "''")}'; FLUSH PRIVILEGES`,
    })),
    ...publicGrants
      .filter((line) => !/^GRANT USAGE ON \*\.\*/i.test(line))
      .map((line) => ({
        id: 'mysql.public_grant',
        severity: 'medium' as const,
        object: 'PUBLIC',
        text: `Every account has what PUBLIC was given: ${line}`,
        mend: line.replace(/^GRANT (.*) TO .*$/is, 'REVOKE $1 FROM PUBLIC'),
      })),
  ]
}

function accountFindings(account: PostureAccount, facts: MysqlPostureFacts): readonly PostureFinding[] {
  const name = accountText(account)
  const of = (id: string, severity: PostureFinding['severity'], text: string, mend: string): PostureFinding => ({
    ...{ id: `mysql.${id}`, severity, object: name, text, mend },
  })
  if (account.user === '') {
    return [
      of(
        'anonymous_account',
        'high',
        'Anybody may log in without a name; and who logs in from there may be taken for it instead.',
        `DROP USER ${name}`,
      ),
    ]
  }
  if (account.locked) return []
  const powers = account.privileges.filter((one) => POWERFUL.has(one) || ALL_DATA.has(one))
  const system = facts.mariadb || facts.systemUsers.has(`${account.user}@${account.host}`)
  const found: (PostureFinding | false)[] = [
    !account.hasPassword &&
      !NO_PASSWORD.has(account.plugin) &&
      of('no_password', 'high', 'The account has no password.', `ALTER USER ${name} ACCOUNT LOCK`),
    isOld(account.plugin, facts.mariadb) &&
      of(
        'old_plugin',
        'low',
        `The password is kept by ${account.plugin}, which is weak.`,
        facts.mariadb
          ? `ALTER USER ${name} IDENTIFIED VIA ed25519 USING PASSWORD('...')`
          : `ALTER USER ${name} IDENTIFIED WITH caching_sha2_password BY '...'`,
      ),
    powers.length > 0 &&
      ANYWHERE.has(account.host) &&
      of(
        'powerful_anywhere',
        'high',
        `The account may log in from anywhere and holds ${powers.join(', ')} on everything.`,
        `RENAME USER ${name} TO ${accountText({ user: account.user, host: 'ADDRESS' })}`,
      ),
    account.privileges.some((one) => one === 'super' || one === 'grant' || one === 'create_user') &&
      !system &&
      of(
        'not_system_user',
        'low',
        'Whoever may CREATE USER may set the password of this powerful account, the admin account of the proxy too.',
        `GRANT SYSTEM_USER ON *.* TO ${name}`,
      ),
    of(
      'standing_account',
      'medium',
      'The account can log in past the proxy at any time.',
      `ALTER USER ${name} ACCOUNT LOCK`,
    ),
  ]
  return found.filter((one) => one !== false)
}

function isOld(plugin: string, mariadb: boolean): boolean {
  return OLD_PLUGINS.has(plugin) && !(mariadb && plugin === 'mysql_native_password')
}

function definerFindings(
  { kind, object, definer }: PostureDefiner,
  { accounts }: MysqlPostureFacts,
  isOurs: (user: string) => boolean,
): readonly PostureFinding[] {
  const at = definer.lastIndexOf('@')
  const user = definer.slice(0, at)
  const account = accounts.find((one) => `${one.user}@${one.host}` === definer)
  const of = (id: string, severity: PostureFinding['severity'], text: string): PostureFinding => ({
    ...{ id: `mysql.${id}`, severity, object: `${kind} ${object}`, text },
    mend: `Make the ${kind} again with SQL SECURITY INVOKER, or with a definer that may do no more than it needs.`,
  })
  if (isOurs(user)) {
    return [of('session_definer', 'low', `It was made in a session and belongs to ${definer}, an account that ends.`)]
  }
  const power = account?.privileges.filter((one) => POWERFUL.has(one)) ?? []
  if (power.length === 0) return []
  return [of('powerful_definer', 'medium', `Whoever may use it acts as ${definer}, who holds ${power.join(', ')}.`)]
}

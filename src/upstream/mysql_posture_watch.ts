import type { MysqlSession } from './mysql_client.ts'
import { type MysqlPostureFacts, type PostureAccount, readMysqlPosture } from './mysql_posture_facts.ts'
import type { PostureSnapshot } from './posture.ts'

/** Tables of grants, with the words that name what is granted. */
const GRANTED = [
  `SELECT User AS u, Host AS h, CONCAT('database ', Db) AS o, NULL AS p FROM mysql.db`,
  `SELECT User, Host, CONCAT('table ', Db, '.', Table_name), Table_priv FROM mysql.tables_priv WHERE Table_priv <> ''`,
  `SELECT User, Host, CONCAT('column ', Db, '.', Table_name, '.', Column_name), Column_priv FROM mysql.columns_priv`,
  `SELECT User, Host, CONCAT(LOWER(Routine_type), ' ', Db, '.', Routine_name), Proc_priv FROM mysql.procs_priv`,
]
const MYSQL_GRANTED = [
  `SELECT USER, HOST, CONCAT('server ', PRIV), WITH_GRANT_OPTION FROM mysql.global_grants`,
  `SELECT TO_USER, TO_HOST, CONCAT('role ', FROM_USER, '@', FROM_HOST), WITH_ADMIN_OPTION FROM mysql.role_edges`,
]
const MARIADB_GRANTED = [`SELECT User, Host, CONCAT('role ', Role), Admin_option FROM mysql.roles_mapping`]
/** Threads of the server itself, and connections that have not said who they are. */
const NOBODY: ReadonlySet<string> = new Set(['system user', 'event_scheduler', 'unauthenticated user', ''])

interface GrantRow {
  readonly u: string
  readonly h: string
  readonly o: string
  readonly p: string | number | null
}

/** What a watch compares: accounts, what they hold, definers, settings, and who is connected past the proxy. */
export async function mysqlSnapshot(
  session: MysqlSession,
  isOurs: (user: string) => boolean,
): Promise<PostureSnapshot> {
  const facts = await readMysqlPosture(session)
  const grants = await session.query<GrantRow>(
    [...GRANTED, ...(session.mariadb ? MARIADB_GRANTED : MYSQL_GRANTED)].join(' UNION ALL '),
  )
  const databases = await session.query<Readonly<Record<string, string>>>('SELECT * FROM mysql.db')
  const threads = await session.query<{ id: number; u: string; h: string }>(
    'SELECT ID AS id, USER AS u, HOST AS h FROM information_schema.PROCESSLIST ORDER BY ID',
  )
  return {
    facts: new Map([
      ['account', accountFacts(facts, isOurs)],
      ['definer', new Map(facts.definers.map(({ kind, object, definer }) => [`${kind} ${object}`, definer]))],
      ['grant', grantFacts(grants, databases, isOurs)],
      ['setting', facts.settings],
    ]),
    logins: new Map(
      threads.flatMap(({ id, u, h }) =>
        NOBODY.has(u) || isOurs(u) ? [] : [[`${id}`, `${u} is connected from ${h} past the proxy`] as const],
      ),
    ),
  }
}

function accountFacts({ accounts }: MysqlPostureFacts, isOurs: (user: string) => boolean): ReadonlyMap<string, string> {
  return new Map(
    accounts
      .filter(({ user }) => !isOurs(user))
      .map((account) => [`${account.user}@${account.host}`, stateOf(account)]),
  )
}

/** That a password has changed shows, and nothing of it. */
function stateOf({ plugin, hasPassword, passwordSet, locked, tls, privileges }: PostureAccount): string {
  const kept = hasPassword ? `password of ${passwordSet || 'unknown time'}` : 'no password'
  const held = privileges.length === 0 ? 'no global privileges' : privileges.join(', ')
  return [plugin, kept, locked ? 'locked' : 'open', tls ? 'TLS demanded' : 'TLS not demanded', held].join('; ')
}

function grantFacts(
  rows: readonly GrantRow[],
  databases: readonly Readonly<Record<string, string>>[],
  isOurs: (user: string) => boolean,
): ReadonlyMap<string, string> {
  const inDatabases = new Map(
    databases.map((row) => [
      `${row.User}@${row.Host}: database ${row.Db}`,
      Object.keys(row)
        .filter((name) => name.endsWith('_priv') && row[name] === 'Y')
        .join(', '),
    ]),
  )
  return new Map(
    rows.flatMap(({ u, h, o, p }) => {
      const key = `${u}@${h}: ${o}`
      return isOurs(u) ? [] : [[key, p === null ? (inDatabases.get(key) ?? '') : String(p)] as const]
    }),
  )
}

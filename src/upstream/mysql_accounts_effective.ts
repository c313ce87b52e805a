import { SallyportError } from '../errors.ts'
import { quoteName } from '../sql/mysql/quoting.ts'
import type { MysqlAdminSession, MysqlRow } from './mysql_accounts_admin.ts'
import { errnoOf } from './mysql_accounts_admin.ts'
import { privilegesIn } from './mysql_accounts_grants.ts'
import { accountText, literal } from './mysql_accounts_sql.ts'

/** So many objects are named in one finding. */
const NAMED_MAX = 5
/** ER_NONEXISTING_GRANT; ER_PARSE_ERROR and ER_INVALID_ROLE of a MariaDB that has no PUBLIC. */
const NO_SUCH: ReadonlySet<unknown> = new Set([1141, 1064, 1959])

async function roleGrants(session: MysqlAdminSession, role: string): Promise<readonly string[]> {
  const account = session.mariadb ? quoteName(role) : accountText({ user: role, host: '%' })
  return grantLines(session, account)
}

/** What SHOW GRANTS says of an account or a role, or nothing where there is none. */
export async function grantLines(session: MysqlAdminSession, account: string): Promise<readonly string[]> {
  try {
    const [rows = []] = await session.query(`SHOW GRANTS FOR ${account}`)
    return rows.map((row) => String(Object.values(row)[0]))
  } catch (error) {
    if (NO_SUCH.has(errnoOf(error))) return []
    throw error
  }
}

/**
 * What an account with the role may do beyond `granted`, as the server says it: what somebody gave to the role, to
 * everybody (mandatory roles, PUBLIC, accounts without a name), and what its routines may do. Rejects with `SP-ACCOUNT` where
 * something is missing.
 */
export async function beyond(
  session: MysqlAdminSession,
  role: string,
  granted: readonly string[],
  routines: readonly string[],
): Promise<readonly string[]> {
  const expected = privilegesIn(granted)
  const actual = privilegesIn(await roleGrants(session, role))
  const missing = [...expected].filter((one) => !actual.has(one))
  if (missing.length > 0) {
    throw new SallyportError('SP-ACCOUNT', `the database did not grant ${someOf(missing)}`)
  }
  return [
    ...exceeding('the role of the grant', actual, expected),
    ...(await ofEverybody(session, expected)),
    ...(await definers(session, routines)),
  ]
}

async function ofEverybody(session: MysqlAdminSession, expected: ReadonlySet<string>): Promise<readonly string[]> {
  const findings: string[] = []
  for (const account of session.mariadb ? ['PUBLIC'] : await mandatoryRoles(session)) {
    const held = privilegesIn(await grantLines(session, account))
    findings.push(...exceeding(account === 'PUBLIC' ? 'PUBLIC' : `the mandatory role ${account}`, held, expected))
  }
  const [databases = []] = await session.query(`SELECT DISTINCT Db AS name FROM mysql.db WHERE User = ''`)
  if (databases.length > 0) {
    findings.push(`every account has privileges in ${someOf(namesOf(databases))} (given to the account without a name)`)
  }
  return findings
}

/** As GRANT takes them: `mandatory_roles` is a list of accounts as the administrator wrote it. */
async function mandatoryRoles(session: MysqlAdminSession): Promise<readonly string[]> {
  const [[row = {}] = []] = await session.query('SELECT @@GLOBAL.mandatory_roles AS roles')
  const text = String(row.roles ?? '')
  const parts = text.matchAll(/([`'"]?)([^`'"@,\s]+)\1(?:@([`'"]?)([^`'"@,\s]+)\3)?/g)
  return [...parts].map(([, , user = '', , host = '%']) => accountText({ user, host }))
}

function exceeding(who: string, held: ReadonlySet<string>, expected: ReadonlySet<string>): readonly string[] {
  const more = [...held].filter((one) => !expected.has(one) && !expected.has(one.replace(/\(.*?\)/, '')))
  return more.length === 0 ? [] : [`${who} holds ${someOf(more)} beyond the grant`]
}

/** A routine that runs with its definer's rights may do what these allow, whoever calls it. */
async function definers(session: MysqlAdminSession, routines: readonly string[]): Promise<readonly string[]> {
  if (routines.length === 0) return []
  const names = routines.map((name) => literal(name)).join(', ')
  const [rows = []] = await session.query(
    `SELECT CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME, ' (', DEFINER, ')') AS name FROM information_schema.ROUTINES
     WHERE SECURITY_TYPE = 'DEFINER' AND CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME) IN (${names})`,
  )
  return rows.length === 0 ? [] : [`routines run with the rights of their definers: ${someOf(namesOf(rows))}`]
}

function namesOf(rows: readonly MysqlRow[]): readonly string[] {
  return rows.map(({ name }) => String(name))
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).join('; ')
  return names.length > NAMED_MAX ? `${shown} and ${names.length - NAMED_MAX} more` : shown
}

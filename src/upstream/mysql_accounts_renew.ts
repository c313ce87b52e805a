import { quoteName } from '../sql/mysql/quoting.ts'
import type { AccountSetup } from './accounts.ts'
import type { MysqlAdminSession } from './mysql_accounts_admin.ts'
import { errnoOf } from './mysql_accounts_admin.ts'
import { grantLines } from './mysql_accounts_effective.ts'
import { grantedTo, privilegesIn, revokesFor } from './mysql_accounts_grants.ts'
import { accountText } from './mysql_accounts_sql.ts'

/** ER_NONEXISTING_GRANT, ER_NONEXISTING_TABLE_GRANT, ER_NONEXISTING_PROC_GRANT: another node took it back before us. */
const TAKEN_BACK: ReadonlySet<unknown> = new Set([1141, 1147, 1403])

/** The role of a setup; another node may make the same at this moment: what both do is the same. */
export async function ensureRole(
  session: MysqlAdminSession,
  role: string,
  setup: AccountSetup,
  granted: readonly string[],
): Promise<void> {
  const grantee = session.mariadb ? quoteName(role) : accountText({ user: role, host: '%' })
  const lines = await grantLines(session, grantee)
  if (lines.length === 0) await session.query(`CREATE ROLE IF NOT EXISTS ${grantee}`)
  await renew(session, grantee, lines, setup, granted)
}

/** MariaDB: accounts that may make views and routines hold their privileges themselves too. */
export async function renewAccounts(
  session: MysqlAdminSession,
  names: readonly string[],
  setup: AccountSetup,
  granted: readonly string[],
): Promise<void> {
  for (const user of names) {
    const account = accountText({ user, host: setup.settings.host })
    const lines = await grantLines(session, account)
    // One that has ended meanwhile needs nothing.
    if (lines.length > 0) await renew(session, account, lines, setup, granted)
  }
}

/** Takes back first what is not named any more, so that nothing else has to go well for that. */
async function renew(
  session: MysqlAdminSession,
  grantee: string,
  lines: readonly string[],
  { privileges }: AccountSetup,
  granted: readonly string[],
): Promise<void> {
  const own = grantedTo(lines, grantee)
  const revokes = privileges.unrestricted ? [] : revokesFor(own, privilegesIn(granted))
  for (const revoke of revokes) await session.query(`${revoke} FROM ${grantee}`).catch(unlessTakenBack)
  // To take back a table as a whole takes back its columns too.
  const held = privilegesIn(revokes.length > 0 ? grantedTo(await grantLines(session, grantee), grantee) : own)
  const missing = granted.filter((grant) => [...privilegesIn([grant])].some((one) => !held.has(one)))
  await giveAll(
    session,
    missing.map((grant) => `${grant} TO ${grantee}`),
  )
}

/** One table that can't be handed on must not keep sessions from the others: the first failure is told in the end. */
async function giveAll(session: MysqlAdminSession, statements: readonly string[]): Promise<void> {
  try {
    if (statements.length > 0) await session.query(statements)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    for (const statement of statements) {
      await session.query(statement).catch((again: unknown) => {
        if (errnoOf(again) === undefined) throw again
      })
    }
    throw error
  }
}

function unlessTakenBack(error: unknown): void {
  if (!TAKEN_BACK.has(errnoOf(error))) throw error
}

import type { Target } from '../session/ports.ts'
import { withMysqlAdmin } from './mysql_client.ts'
import { mysqlFindings } from './mysql_posture.ts'
import { readMysqlPosture } from './mysql_posture_facts.ts'
import { mysqlSnapshot } from './mysql_posture_watch.ts'
import { withPostgresAdmin } from './postgres_client.ts'
import { type PostgresPostureInput, postgresFindings } from './postgres_posture.ts'
import { postgresSnapshot } from './postgres_posture_watch.ts'
import type { PostureFinding, PostureSnapshot } from './posture.ts'

/** What on a target belongs to this installation, and is no news there. */
export interface Installation {
  /** The mark of the accounts of sessions. */
  readonly marker: string
  /** Standing accounts, owner roles and the like, by name. */
  readonly ours: readonly string[]
}

/** Accounts of sessions, and the roles that they share (`mysql_accounts_sql.ts`). */
const SESSION_ACCOUNT = /^sp_/

/** What is amiss with a target, over a fresh admin connection to its default database. Rejects with `SP-UPSTREAM`. */
export function targetFindings(target: Target, installation: Installation): Promise<readonly PostureFinding[]> {
  if (target.engine === 'postgres') return onPostgres(target, installation, postgresFindings)
  const isOurs = mysqlOurs(target, installation)
  return withMysqlAdmin(target, async (session) => mysqlFindings({ facts: await readMysqlPosture(session), isOurs }))
}

/** What a watch compares with the next look. Rejects with `SP-UPSTREAM`. */
export function targetSnapshot(target: Target, installation: Installation): Promise<PostureSnapshot> {
  if (target.engine === 'postgres') return onPostgres(target, installation, postgresSnapshot)
  return withMysqlAdmin(target, (session) => mysqlSnapshot(session, mysqlOurs(target, installation)))
}

function mysqlOurs({ admin }: Target, { ours }: Installation): (user: string) => boolean {
  const names = new Set([admin.user, ...ours])
  return (user) => SESSION_ACCOUNT.test(user) || names.has(user)
}

/** A check that the admin role may not make must not end the transaction that the others are made in. */
function onPostgres<T>(
  target: Target,
  { marker, ours }: Installation,
  look: (input: PostgresPostureInput) => Promise<T>,
): Promise<T> {
  return withPostgresAdmin(target, target.defaultDatabase, (session) => {
    const query: PostgresPostureInput['query'] = async (text, values = []) => {
      await session.query('SAVEPOINT look')
      try {
        return await session.query(text, values)
      } catch (error) {
        await session.query('ROLLBACK TO SAVEPOINT look')
        throw error
      }
    }
    return look({ query, marker, ours })
  })
}

import { withMysqlAdmin } from '../../../src/upstream/mysql_client.ts'
import { mysqlFindings } from '../../../src/upstream/mysql_posture.ts'
import { readMysqlPosture } from '../../../src/upstream/mysql_posture_facts.ts'
import { mysqlSnapshot } from '../../../src/upstream/mysql_posture_watch.ts'
import { postureChanges } from '../../../src/upstream/posture.ts'
import type { Ground } from './accounts_yard.ts'

export const isOurs = (user: string): boolean => user.startsWith('sp_') || user === 'sallyport_admin'

/** Ids of findings by object. */
export async function findingsOn({ target }: Ground): Promise<readonly string[]> {
  const facts = await withMysqlAdmin(target, readMysqlPosture)
  return mysqlFindings({ facts, isOurs }).map(({ id, object }) => `${id} ${object}`)
}

/** What a watch tells of what `work` does. */
export async function watched({ target }: Ground, work: () => Promise<void>): Promise<readonly string[]> {
  const look = () => withMysqlAdmin(target, (session) => mysqlSnapshot(session, isOurs))
  const before = await look()
  await work()
  return postureChanges(before, await look()).map(({ activity, text }) => `${activity}: ${text}`)
}

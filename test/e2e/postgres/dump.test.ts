import { afterAll, beforeAll, expect, it } from 'vitest'
import { pgDump } from '../../clients/programs.ts'
import { describeWithPostgres15 } from '../../servers/availability.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type Person, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, OWNER, SHOWN_IN_PART } from './club.ts'

const EXPORTER: Section = {
  name: 'exporter',
  scope: [{ databases: ['postgres'], schemas: ['club'], tables: ['*'], verbs: ['read', 'export'] }],
}

/** pg_dump of the server's own version, with two databases' worth of statements that no driver sends. */
describeWithPostgres15('pg_dump', () => {
  let stack: PostgresStack
  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: CLUB_SQL,
      version: 15,
      roles: [EXPORTER, { ...OWNER, exports: true }, { ...OWNER, name: 'keeper' }],
      masking: SHOWN_IN_PART,
      grants: () => [grantOf('alice', 'exporter'), grantOf('carol', 'owner'), grantOf('bob', 'keeper')],
    })
  })
  afterAll(() => stack?.stop())

  const dumpAs = async (person: Person) => pgDump(await stack.login(person), '--schema=club')
  /** Without the random word that keeps a dump from running commands of psql. */
  const plain = (dump: string) => dump.replaceAll(/^\\(un)?restrict \w+$/gm, '')

  it('of an unrestricted role with exports is the dump of the server itself', async () => {
    const ours = await dumpAs('carol')
    expect([ours.code, ours.stderr]).toEqual([0, expect.stringMatching(/^NOTICE: {2}connected/)])
    const { host, port, user, password, database, caFile } = stack.postgres
    const own = await pgDump({ host, port, user, password, database, caFile }, '--schema=club')
    expect(plain(ours.stdout)).toBe(plain(own.stdout))
    expect(ours.stdout).toContain('CANARY-MAIL-1')
  })

  it.each([
    ['bob', /the role may have `exports: true` \(SP-EXPORT\)/],
    ['alice', /\(SP-SETTING\)/],
  ] as const)('of %s is refused with a reason, and gives no row', async (person, reason) => {
    const refused = await dumpAs(person)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(reason)
    expect(refused.stdout).not.toMatch(/CANARY|^\d+\t/m)
  })
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { pgDump, psql } from '../../clients/programs.ts'
import { describeWithPostgres15 } from '../../servers/availability.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type Person, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, OWNER, SHOWN_IN_PART } from './club.ts'

const EXPORTER: Section = {
  name: 'exporter',
  scope: [{ databases: ['postgres'], schemas: ['club'], tables: ['*'], verbs: ['read', 'export'] }],
}

const LIMITED: Section = {
  name: 'limited',
  scope: [
    { databases: ['postgres'], schemas: ['club'], tables: ['*'], exceptTables: ['safes'], verbs: ['read', 'export'] },
  ],
}
const READER: Section = {
  name: 'reader',
  scope: [{ databases: ['postgres'], schemas: ['club'], tables: ['*'], verbs: ['read'] }],
}

/** The lines of each COPY of a dump, by its table. */
function rowsOf(dump: string): ReadonlyMap<string, readonly string[]> {
  const blocks = dump.matchAll(/^COPY (club\.(?:\w+|"[^"]+")) \([^)]*\) FROM stdin;\n([\s\S]*?)^\\\.$/gm)
  return new Map(Array.from(blocks, ([, table, lines]) => [table ?? '', (lines ?? '').split('\n').slice(0, -1)]))
}

/** Masks of other tables than these leave their rows as they are. */
const UNMASKED = ['club.boats', 'club.drafts', 'club.safes', 'club."Odd Name"']

/** pg_dump of the server's own version, with two databases' worth of statements that no driver sends. */
describeWithPostgres15('pg_dump', () => {
  let stack: PostgresStack
  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: CLUB_SQL,
      version: 15,
      roles: [EXPORTER, LIMITED, READER, { ...OWNER, exports: true }, { ...OWNER, name: 'keeper' }],
      masking: SHOWN_IN_PART,
      grants: () => [
        ...['exporter', 'limited', 'reader'].map((role) => grantOf('alice', role)),
        grantOf('carol', 'owner'),
        grantOf('bob', 'keeper'),
      ],
    })
  })
  afterAll(() => stack?.stop())

  const dumpAs = async (person: Person) => pgDump(await stack.login(person), '--schema=club')
  const dumpIn = async (role: string, ...options: readonly string[]) =>
    pgDump(await stack.login('alice', { user: `alice@example.test/club-pg/${role}` }), '--schema=club', ...options)
  const direct = async () => {
    const { host, port, user, password, database, caFile } = stack.postgres
    return pgDump({ host, port, user, password, database, caFile }, '--schema=club')
  }
  /** Without the random word that keeps a dump from running commands of psql. */
  const plain = (dump: string) => dump.replaceAll(/^\\(un)?restrict \w+$/gm, '')

  it('of an unrestricted role with exports is the dump of the server itself', async () => {
    const ours = await dumpAs('carol')
    expect([ours.code, ours.stderr]).toEqual([0, expect.stringMatching(/^NOTICE: {2}connected/)])
    const own = await direct()
    expect(plain(ours.stdout)).toBe(plain(own.stdout))
    expect(ours.stdout).toContain('CANARY-MAIL-1')
  })

  it('of a role that may export is masked, and else that of the server', async () => {
    const ours = await dumpIn('exporter')
    expect([ours.code, ours.stderr]).toEqual([0, expect.stringMatching(/^NOTICE: {2}connected/)])
    const own = await direct()
    const [masked, clear] = [rowsOf(ours.stdout), rowsOf(own.stdout)]
    expect([...masked.keys()]).toEqual([...clear.keys()])
    for (const table of UNMASKED) expect([table, masked.get(table)]).toEqual([table, clear.get(table)])
    expect(masked.get('club.members')?.[0]).toBe('1\tAnchor One\tPort A\tC***@***.invalid\t***********111\t\\N\t\\N')
    expect(ours.stdout).not.toMatch(/CANARY-(MAIL|TEL|CARD|LETTER)/)
    const definitions = (dump: string) => plain(dump).replaceAll(/^COPY [\s\S]*?^\\\.$/gm, '')
    expect(definitions(ours.stdout)).toBe(definitions(own.stdout))
  })

  it('of a role whose scope is smaller leaves out what has to be named, or is refused with the reason', async () => {
    const refused = await dumpIn('limited')
    expect([refused.code, refused.stdout]).toEqual([1, expect.not.stringMatching(/CANARY/)])
    expect(refused.stderr).toMatch(
      /the grant does not cover club.safes for read; to ask for it: sallyport request --from \w+ \(SP-SCOPE\)/,
    )
    const without = await dumpIn('limited', '--exclude-table=club.safes', '--exclude-table=club.safe_names')
    expect([without.code, without.stderr]).toEqual([0, expect.stringMatching(/^NOTICE: {2}connected/)])
    expect(without.stdout).not.toContain('CANARY')
    expect(rowsOf(without.stdout).get('club.boats')).toHaveLength(3)
  })

  it('of a role that may only read is refused', async () => {
    const refused = await dumpIn('reader')
    expect([refused.code, refused.stdout]).toEqual([1, expect.not.stringMatching(/CANARY/)])
    expect(refused.stderr).toMatch(/\(SP-SETTING\)/)
  })

  it('gives way to nobody: LOCK is that of a SELECT, and no other', async () => {
    const locked = async (mode: string) => {
      const said = await psql(
        await stack.login('alice', { user: 'alice@example.test/club-pg/limited' }),
        `BEGIN; LOCK TABLE club.boats IN ${mode} MODE; ROLLBACK`,
      )
      return /SP-\w+/.exec(said.stderr)?.[0] ?? 'locked'
    }
    expect(await locked('ACCESS SHARE')).toBe('locked')
    for (const mode of ['ROW SHARE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE']) expect(await locked(mode)).toBe('SP-VERB')
  })

  it.each([['bob', /the role may have `exports: true`; .* \(SP-EXPORT\)/]] as const)(
    'of %s is refused with a reason, and gives no row',
    async (person, reason) => {
      const refused = await dumpAs(person)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(reason)
      expect(refused.stdout).not.toMatch(/CANARY|^\d+\t/m)
    },
  )
})

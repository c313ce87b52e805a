import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { psql } from '../../clients/programs.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { type AuditRecord, auditOf, recordAfter } from './records.ts'

/** Limits that hold over all sessions of a person, with real clients: what one session takes, the others lack. */

const HOURLY = 150
const PER_SECOND = 1_000
const LOGBOOK_ROWS = 4_000

const role = (name: string, limits: Section): Section => ({
  name,
  scope: [{ schemas: ['club'], tables: ['logbook', 'boats'], verbs: ['read', 'export'] }],
  limits,
})
const ROLES = [
  role('hourly', { maxRowsPerHour: HOURLY }),
  role('watched', { bulkReadRows: 100, maxRowsPerTableAndHour: 250 }),
  role('slow', { rowsPerSecond: PER_SECOND, lockTimeout: '1500ms' }),
]

let stack: PostgresStack

beforeAll(async () => {
  const logbook = [
    'CREATE TABLE club.logbook (id int PRIMARY KEY, entry text NOT NULL)',
    `INSERT INTO club.logbook SELECT n, repeat('x', 200) FROM generate_series(1, ${LOGBOOK_ROWS}) n`,
  ]
  const grants = () => [grantOf('alice', 'hourly'), grantOf('bob', 'watched'), grantOf('carol', 'slow')]
  stack = await startPostgresStack({
    setupSql: [...CLUB_SQL, ...logbook],
    roles: ROLES,
    masking: SHOWN_IN_PART,
    grants,
  })
})
afterAll(() => stack?.stop())

const returned = (records: readonly AuditRecord[]) =>
  records.reduce((sum, { unmapped }) => sum + (unmapped.jit.rows?.returned ?? 0), 0)

describe('rows per person and hour', () => {
  it('are shared by two sessions of psql, to the row', async () => {
    const login = await stack.login('alice')
    const from = auditOf(stack).length
    const small = new Array<string>(5).fill('SELECT id FROM club.logbook WHERE id <= 20')
    const sessions = await Promise.all([psql(login, ...small), psql(login, ...small)])
    const printed = sessions.map(({ stdout }) => stdout.trimEnd().split('\n').filter(Boolean).length)
    const told = sessions.flatMap(({ stderr }) => stderr.split('\n')).filter((line) => line.includes('SP-LIMIT-QUOTA'))
    // psql keeps nothing of a result that ends in an error: seven whole results and ten rows of the eighth, or six where
    // both sessions were in the middle of one.
    const whole = printed.reduce((sum, one) => sum + one, 0) / 20
    expect([6, 7]).toContain(whole)
    expect(told).toHaveLength(10 - whole)
    expect(told.at(-1)).toMatch(
      /^ERROR: {2}the limit of 150 rows per person and hour is reached: 150 are used, and some are free again in 6[01] min/,
    )
    const completions = auditOf(stack)
      .slice(from)
      .filter(({ metadata }) => metadata.event_code === 'db.completion')
    expect(returned(completions)).toBe(HOURLY)
  })

  it('hold for a COPY and in a later session too, and let a statement without rows pass', async () => {
    const { stdout, stderr } = await psql(
      await stack.login('alice'),
      'COPY club.boats TO STDOUT',
      'BEGIN',
      'SET LOCAL TimeZone = UTC',
      'COMMIT',
    )
    expect(stdout).toBe('BEGIN\nSET\nCOMMIT\n')
    expect(stderr).toContain('SP-LIMIT-QUOTA')
  })
})

describe('a table that is read in small parts', () => {
  it('raises one alert, and is cut at its own limit; other tables are not', async () => {
    const client = await stack.connect('bob')
    const from = auditOf(stack).length
    const pages = (first: number) => ({
      text: 'SELECT id FROM club.logbook WHERE id > $1 ORDER BY id LIMIT 20',
      values: [first * 20],
    })
    for (let page = 0; page < 12; page++) expect((await client.query(pages(page))).rows).toHaveLength(20)
    await expect(client.query(pages(12))).rejects.toMatchObject({
      code: '53400',
      message: expect.stringContaining('250 rows of club.logbook per person and hour'),
    })
    expect((await client.query('SELECT name FROM club.boats')).rows).toHaveLength(3)
    const isFound = (record: AuditRecord) => record.metadata.event_code === 'db.bulk_read'
    expect(await recordAfter(stack, from, isFound)).toMatchObject({
      message: '100 rows of club.logbook within 60 min; the alert is set at 100',
      class_uid: 2004,
      finding_info: { title: 'Bulk read', types: ['bulk_read'] },
      evidences: [{ actor: { user: { email_addr: 'bob@example.test' } }, database: { name: 'postgres' } }],
    })
    expect(auditOf(stack).filter(isFound)).toHaveLength(1)
    const alert = await recordAfter(stack, from, ({ metadata }) => metadata.event_code === 'alert.bulk_read')
    expect(alert).toMatchObject({
      class_uid: 2004,
      is_alert: true,
      finding_info: { uid: expect.stringMatching(/^bulk_read\/bob@example\.test\/.*\/club\.logbook$/) },
      remediation: { references: ['docs/runbooks/bulk_read.md'] },
    })
    await client.end()
  })
})

describe('rows per second', () => {
  it('are kept to by making the database wait; nothing is lost', async () => {
    const client = await stack.connect('carol')
    const start = performance.now()
    const { rows } = await client.query('SELECT id, entry FROM club.logbook ORDER BY id')
    const seconds = (performance.now() - start) / 1_000
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: LOGBOOK_ROWS }, (_, index) => index + 1))
    // One second of the rate may go ahead, and the last piece of up to 64 KiB is not waited for.
    expect(seconds).toBeGreaterThan((LOGBOOK_ROWS - PER_SECOND - 400) / PER_SECOND)
    await client.end()
  })
})

describe('the time that a statement may wait for a lock', () => {
  it('is the role’s own', async () => {
    const client = await stack.connect('carol', { options: '-c lock_timeout=0' })
    const shown = async () => (await client.query('SHOW lock_timeout')).rows
    expect(await shown()).toEqual([{ lock_timeout: '1500ms' }])
    await expect(client.query('SET lock_timeout = 0')).rejects.toMatchObject({
      message: expect.stringContaining('the role sets lock_timeout (SP-SETTING)'),
    })
    await client.query('RESET lock_timeout')
    expect(await shown()).toEqual([{ lock_timeout: '1500ms' }])
    await client.end()
  })
})

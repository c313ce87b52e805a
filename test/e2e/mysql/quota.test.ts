import type { RowDataPacket } from 'mysql2'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Section } from '../../servers/sallyport.ts'
import { FAMILIES } from './families.ts'
import { grantsOf, type Person, type Stack, startStack } from './stack.ts'

/** Limits that hold over all sessions of a person or grant, and those of a session's time, as on PostgreSQL. */

const PER_SECOND = 1_000
const LOGBOOK_ROWS = 4_000
const WAIT = { timeout: 10_000, interval: 20 }

const SETUP: readonly string[] = [
  'CREATE DATABASE club CHARACTER SET utf8mb4',
  'CREATE TABLE club.logbook (id int PRIMARY KEY, entry varchar(200) NOT NULL)',
  'CREATE TABLE club.boats (id int PRIMARY KEY, name varchar(20) NOT NULL)',
  "INSERT INTO club.boats VALUES (1, 'one'), (2, 'two'), (3, 'three')",
  `INSERT INTO club.logbook SELECT a.d * 1000 + b.d * 100 + c.d * 10 + d.d + 1, REPEAT('x', 200)
     FROM (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) a, ${['b', 'c', 'd']
       .map((name) => `(SELECT 0 d ${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `UNION SELECT ${n}`).join(' ')}) ${name}`)
       .join(', ')}`,
]

const LIMITS: Readonly<Record<string, Section>> = {
  hourly: { maxRowsPerHour: 150 },
  heavy: { maxBytesPerHour: 20_000 },
  daily: { maxRowsPerDay: 60 },
  watched: { bulkReadRows: 100, maxRowsPerTableAndHour: 250 },
  slow: { rowsPerSecond: PER_SECOND },
  few: { maxSessions: 2, maxStatements: 1 },
  idle: { idleTimeout: '700ms' },
  waiting: { idleInTransactionTimeout: '700ms' },
}
const HELD: readonly (readonly [Person, string])[] = [
  ['alice', 'hourly'],
  ['alice', 'heavy'],
  ['alice', 'waiting'],
  ['bob', 'watched'],
  ['bob', 'few'],
  ['bob', 'idle'],
  ['carol', 'slow'],
  ['carol', 'daily'],
]
const ROLES = Object.entries(LIMITS).map(([name, limits]) => ({
  name,
  scope: [{ schemas: ['club'], tables: ['*'], verbs: ['read'] }],
  limits,
}))
const GRANTS = HELD.map(([person, role]) => ({
  ...grantsOf().find(({ id }) => id === `grant-${person}`),
  id: `grant-${person}-${role}`,
  role,
}))
/** So many rows that it takes longer than any limit. */
const SLOW = `SELECT COUNT(*) FROM ${Array.from({ length: 8 }, (_, at) => `logbook l${at}`).join(', ')}`

interface Failed {
  readonly errno: number
  readonly message: string
}

for (const family of FAMILIES) {
  family.describe(`quotas and limits of time on ${family.name}`, () => {
    let stack: Stack

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: SETUP, proxy: { roles: ROLES, grants: GRANTS } })
    })
    afterAll(() => stack?.stop())

    const as = (person: Person, role: string) =>
      stack.connect(person, { database: 'club', user: `${person}@example.test/${role}` })
    const failure = (done: Promise<unknown>) =>
      done.then(
        () => null,
        (error: Failed) => error,
      )
    const ids = async (connection: mysql.Connection, condition: string) => {
      const [rows] = await connection.query<RowDataPacket[]>(`SELECT id FROM logbook WHERE ${condition}`)
      return rows.length
    }
    const audited = (from: number, text: string) =>
      vi.waitFor(() => {
        const found = stack.proxy
          .audit()
          .slice(from)
          .filter((record) => JSON.stringify(record).includes(text))
        if (found.length === 0) throw new Error('no such record')
        return found
      }, WAIT)
    /** What the client is told when the proxy ends its session by itself. */
    const ended = (connection: mysql.Connection) =>
      new Promise<Failed>((done) => (connection as unknown as NodeJS.EventEmitter).once('error', done))

    it('of rows per person and hour are shared by sessions, to the row', async () => {
      const sessions = [await as('alice', 'hourly'), await as('alice', 'hourly')]
      const answers = await Promise.all(
        sessions.flatMap((session) => Array.from({ length: 5 }, () => failure(ids(session, 'id <= 20')))),
      )
      const refused = answers.filter((answer) => answer !== null)
      expect(refused).toHaveLength(3)
      for (const { message } of refused)
        expect(message).toContain('the limit of 150 rows per person and hour is reached')
      const later = await as('alice', 'hourly')
      expect(await failure(later.execute('SELECT id FROM boats'))).toMatchObject({
        message: expect.stringContaining('SP-LIMIT-QUOTA'),
      })
      expect(await failure(later.query('SET @a = 1'))).toBe(null)
      for (const one of [...sessions, later]) one.destroy()
    })

    it.each([
      ['alice', 'heavy', 'bytes per person and hour'],
      ['carol', 'daily', 'rows per grant and day'],
    ] as const)('of %s’s role %s hold in a later session too', async (person, role, what) => {
      const first = await as(person, role)
      const [done] = await first.query<RowDataPacket[]>('SELECT id, entry FROM logbook WHERE id <= 50')
      expect(done).toHaveLength(50)
      const second = await as(person, role)
      const refused = await failure(second.execute('SELECT id, entry FROM logbook WHERE id <= 100'))
      expect(refused?.message).toContain(what)
      for (const one of [first, second]) one.destroy()
    })

    it('of a table that is read in small parts raise one alert, and cut it alone', async () => {
      const client = await as('bob', 'watched')
      const from = stack.proxy.audit().length
      const page = (first: number) =>
        client.execute<RowDataPacket[]>('SELECT id FROM logbook WHERE id > ? ORDER BY id LIMIT 20', [first * 20])
      for (let at = 0; at < 12; at++) expect((await page(at))[0]).toHaveLength(20)
      expect((await failure(page(12)))?.message).toContain('250 rows of club.logbook per person and hour')
      expect((await client.query<RowDataPacket[]>('SELECT name FROM boats'))[0]).toHaveLength(3)
      const found = await audited(from, 'db.bulk_read')
      expect(found).toHaveLength(1)
      expect(JSON.stringify(found)).toContain('100 rows of club.logbook within 60 min; the alert is set at 100')
      client.destroy()
    })

    it('of rows per second are kept to by making the database wait; nothing is lost', async () => {
      const client = await as('carol', 'slow')
      const start = performance.now()
      const [rows] = await client.query<RowDataPacket[]>('SELECT id, entry FROM logbook ORDER BY id')
      const seconds = (performance.now() - start) / 1_000
      expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: LOGBOOK_ROWS }, (_, at) => at + 1))
      // One second of the rate may go ahead, and the last piece of up to 64 KiB is not waited for.
      expect(seconds).toBeGreaterThan((LOGBOOK_ROWS - PER_SECOND - 400) / PER_SECOND)
      client.destroy()
    })

    it('of sessions and of statements at once hold under a grant', async () => {
      const [first, second] = [await as('bob', 'few'), await as('bob', 'few')]
      expect(await failure(as('bob', 'few'))).toMatchObject({
        errno: 1040,
        message: expect.stringContaining('SP-LIMIT-CONNECTIONS'),
      })
      const from = stack.proxy.audit().length
      const slow = failure(first.query(SLOW))
      await audited(from, 'db.decision')
      expect((await failure(second.query('SELECT 1')))?.message).toContain('SP-LIMIT-STATEMENTS')
      await second.query(`KILL QUERY ${first.threadId}`)
      expect(await slow).toMatchObject({ errno: 1317 })
      await vi.waitFor(() => second.query('SELECT 1'), WAIT)
      first.destroy()
      await vi.waitFor(async () => (await as('bob', 'few')).destroy(), WAIT)
      second.destroy()
    })

    it.each([
      ['bob', 'idle', []],
      ['alice', 'waiting', ['BEGIN', 'SELECT id FROM boats WHERE 0']],
    ] as const)('of %s’s role %s end a session that waits', async (person, role, before) => {
      const client = await as(person, role)
      for (const statement of before) await client.query(statement)
      expect((await ended(client)).message).toContain('SP-LIMIT-TIME')
      client.destroy()
    })
  })
}

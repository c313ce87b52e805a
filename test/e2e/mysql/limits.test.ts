import type { RowDataPacket, Connection as Streaming } from 'mysql2'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Section } from '../../servers/sallyport.ts'
import { FAMILIES } from './families.ts'
import { FIXTURE_SQL, ROLES } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

const CLINIC = { schemas: ['clinic'], tables: ['*'] }
const LIMITED: readonly Section[] = [
  {
    name: 'reader',
    scope: [{ ...CLINIC, verbs: ['read'] }],
    limits: { maxRowsPerResult: 2, statementTimeout: '400ms' },
  },
  {
    name: 'writer',
    scope: [{ ...CLINIC, verbs: ['read', 'insert', 'update', 'delete'] }],
    maxRowsChanged: 2,
    limits: { lockTimeout: '1s' },
  },
  ...ROLES.filter(({ name }) => name === 'unlimited'),
]
const LEDGER = [
  'CREATE TABLE clinic.ledger (id int PRIMARY KEY, v int NOT NULL) ENGINE=InnoDB',
  'CREATE TABLE clinic.loose (id int PRIMARY KEY, v int NOT NULL) ENGINE=MyISAM',
  'INSERT INTO clinic.ledger VALUES (1, 0), (2, 0), (3, 0)',
  'INSERT INTO clinic.loose VALUES (1, 0)',
]
/** Longer than any limit: the condition has each row looked at, where a count of them all is only a product. */
const SLOW = `SELECT COUNT(*) FROM ${Array.from({ length: 26 }, (_, at) => `visits v${at}`).join(', ')} WHERE v0.id + v25.id > 0`

/** The connection that gives rows as they come. */
const streaming = (connection: mysql.Connection) => (connection as unknown as { connection: Streaming }).connection

interface Failed {
  readonly errno: number
  readonly message: string
}

for (const family of FAMILIES) {
  family.describe(`limits of a role on ${family.name}`, () => {
    let stack: Stack
    let alice: mysql.Connection
    let bob: mysql.Connection
    let direct: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: [...FIXTURE_SQL, ...LEDGER], proxy: { roles: LIMITED } })
      ;[alice, bob, direct] = await Promise.all([stack.connect('alice'), stack.connect('bob'), stack.direct()])
    })
    afterAll(async () => {
      for (const connection of [alice, bob, direct]) connection?.destroy()
      await stack?.stop()
    })

    const failure = (done: Promise<unknown>) =>
      done.then(
        () => null,
        (error: Failed) => error,
      )
    const sums = async () => {
      const [rows] = await direct.query<RowDataPacket[]>('SELECT v FROM ledger ORDER BY id')
      return rows.map(({ v }) => Number(v))
    }
    const reset = () => direct.query('UPDATE ledger SET v = 0')

    it.each(['query', 'execute'] as const)('of rows are exact, by %s', async (method) => {
      const given: unknown[] = []
      const error = await new Promise<Failed>((resolve) => {
        const streamed = streaming(alice)[method]('SELECT id FROM visits ORDER BY id')
        streamed
          .on('result', (row: unknown) => given.push(row))
          .on('error', (cause: unknown) => resolve(cause as Failed))
      })
      expect(error).toMatchObject({ errno: 1104, message: expect.stringContaining('SP-LIMIT-ROWS') })
      expect(given).toHaveLength(2)
      const [rows] = await alice.query<RowDataPacket[]>('SELECT id FROM visits ORDER BY id LIMIT 2')
      expect(rows).toHaveLength(2)
    })

    it('of time end a statement, and can not be changed', async () => {
      expect(await failure(alice.query(SLOW))).toMatchObject({
        message: expect.stringMatching(/SP-LIMIT-STATEMENT/),
      })
      const name = family.name === 'MySQL' ? 'max_execution_time' : 'max_statement_time'
      expect(await failure(alice.query(`SET ${name} = 100000`))).toMatchObject({
        message: expect.stringMatching(/SP-/),
      })
      await alice.query('SELECT 1')
    })

    it('of rows that are changed hold before the write stays', async () => {
      await reset()
      expect(await failure(bob.query('UPDATE ledger SET v = 1'))).toMatchObject({
        message: expect.stringContaining('SP-LIMIT-WRITE'),
      })
      expect(await sums()).toEqual([0, 0, 0])
      const [done] = await bob.query<mysql.ResultSetHeader>('UPDATE ledger SET v = 1 WHERE id < 3')
      expect(done.affectedRows).toBe(2)
      expect(await sums()).toEqual([1, 1, 0])
      expect(await failure(bob.execute('UPDATE ledger SET v = ?', [9]))).not.toBeNull()
      expect(await sums()).toEqual([1, 1, 0])
      await bob.execute('UPDATE ledger SET v = ? WHERE id = 3', [7])
      expect(await sums()).toEqual([1, 1, 7])
    })

    it('of rows that are changed leave the rest of a transaction as it is', async () => {
      await reset()
      await bob.beginTransaction()
      await bob.query('UPDATE ledger SET v = 5 WHERE id = 1')
      expect(await failure(bob.query('DELETE FROM ledger WHERE id > 0'))).not.toBeNull()
      await bob.query('UPDATE ledger SET v = 6 WHERE id = 2')
      await bob.commit()
      expect(await sums()).toEqual([5, 6, 0])
    })

    it('of rows that are changed hold without autocommit', async () => {
      await reset()
      const own = await stack.connect('bob')
      await own.query('SET autocommit = 0')
      await own.query('UPDATE ledger SET v = 2 WHERE id = 2')
      expect(await failure(own.query('UPDATE ledger SET v = 3'))).not.toBeNull()
      expect(await sums()).toEqual([0, 0, 0])
      await own.query('COMMIT')
      expect(await sums()).toEqual([0, 2, 0])
      await own.end()
    })

    it('of rows that are changed refuse a table that can not be undone', async () => {
      expect(await failure(bob.query('UPDATE loose SET v = 1 WHERE id = 1'))).toMatchObject({
        message: expect.stringContaining('SP-VERB'),
      })
    })

    it('of the wait for a lock end it', async () => {
      await reset()
      const holder = await stack.direct()
      await holder.beginTransaction()
      await holder.query('UPDATE ledger SET v = 1 WHERE id = 1')
      expect(await failure(bob.query('UPDATE ledger SET v = 2 WHERE id = 1'))).toMatchObject({ errno: 1205 })
      await holder.rollback()
      await holder.end()
      expect(await failure(bob.query('SET innodb_lock_wait_timeout = 100'))).toMatchObject({
        message: expect.stringContaining('SP-SETTING'),
      })
    })
  })
}

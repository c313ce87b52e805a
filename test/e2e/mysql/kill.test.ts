import { setTimeout as wait } from 'node:timers/promises'
import type { RowDataPacket } from 'mysql2'
import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { type Stack, startStack } from './stack.ts'

const POLL_MS = 20
/** Marked by a constant that the list of the server's threads shows. */
const slow = (mark: number) =>
  `SELECT COUNT(*) + ${mark} FROM ${Array.from({ length: 26 }, (_, at) => `visits v${at}`).join(', ')}`

interface Failed {
  readonly errno: number
  readonly message: string
}

for (const family of FAMILIES) {
  family.describe(`sessions of one's own on ${family.name}`, () => {
    let stack: Stack
    let watcher: mysql.Connection

    beforeAll(async () => {
      stack = await startStack(family.start)
      watcher = await stack.direct()
    })
    afterAll(async () => {
      watcher?.destroy()
      await stack?.stop()
    })

    const failure = (done: Promise<unknown>) =>
      done.then(
        () => null,
        (error: Failed) => error,
      )
    const runs = async (mark: number) => {
      const [rows] = await watcher.query<RowDataPacket[]>('SHOW FULL PROCESSLIST')
      return rows.some(({ Info }) => String(Info).includes(`COUNT(*) + ${mark}`))
    }
    const until = async (mark: number, running: boolean) => {
      while ((await runs(mark)) !== running) await wait(POLL_MS)
    }
    const numberOf = async (connection: mysql.Connection) => {
      const [[row]] = await connection.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id')
      return Number(row?.id)
    }

    it.each([
      ['the number of its handshake', (one: mysql.Connection) => Promise.resolve(one.threadId)],
      ['the number that CONNECTION_ID() gives', numberOf],
    ])('are killed by %s', async (what, numberBy) => {
      const mark = what.length
      const [busy, other] = [await stack.connect('alice'), await stack.connect('alice')]
      const number = await numberBy(busy)
      const answer = failure(busy.query(slow(mark)))
      await until(mark, true)
      await other.query(`KILL QUERY ${number}`)
      expect(await answer).toMatchObject({ errno: 1317 })
      await busy.query('SELECT 1')
      await other.query(`KILL ${number}`)
      while ((await failure(busy.query('SELECT 1'))) === null) await wait(POLL_MS)
      await other.end()
    })

    it('are ended by themselves', async () => {
      const alice = await stack.connect('alice')
      alice.on('error', () => undefined)
      await alice.query('KILL CONNECTION_ID()')
      while ((await failure(alice.query('SELECT 1'))) === null) await wait(POLL_MS)
      alice.destroy()
    })

    it('are the only ones that are', async () => {
      const [alice, carol] = [await stack.connect('alice'), await stack.connect('carol')]
      for (const number of [carol.threadId, await numberOf(carol), await numberOf(watcher), 1]) {
        expect(await failure(alice.query(`KILL ${number}`))).toMatchObject({ errno: 1095 })
        expect(await failure(alice.query(`KILL QUERY ${number}`))).toMatchObject({ errno: 1095 })
      }
      await carol.query('SELECT 1')
      await Promise.all([alice.end(), carol.end()])
    })

    it('are the only ones that are listed', async () => {
      const [alice, carol] = [await stack.connect('alice'), await stack.connect('carol')]
      const [rows] = await alice.query<RowDataPacket[]>('SHOW FULL PROCESSLIST')
      expect(rows.map(({ Id, User }) => [Number(Id), User])).toContainEqual([alice.threadId, 'alice@example.test'])
      expect(rows.every(({ User }) => User === 'alice@example.test')).toBe(true)
      await Promise.all([alice.end(), carol.end()])
    })

    it('leave nothing running when their client goes', async () => {
      const gone = await stack.connect('alice')
      const answer = failure(gone.query(slow(4711)))
      await until(4711, true)
      gone.destroy()
      await until(4711, false)
      void answer
    })

    it('see definitions that another session has just changed', async () => {
      const [alice, carol] = [await stack.connect('alice'), await stack.connect('carol')]
      await carol.query('CREATE TABLE clinic.fresh (id int PRIMARY KEY)')
      const [rows] = await alice.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM fresh')
      expect(Number(rows[0]?.n)).toBe(0)
      await carol.query('DROP TABLE clinic.fresh')
      await Promise.all([alice.end(), carol.end()])
    })

    it('keep their database where USE fails, and their limits and modes through a reset', async () => {
      const alice = await stack.connect('alice')
      expect(await failure(alice.query('USE nowhere'))).not.toBeNull()
      await alice.query('SELECT id FROM visits LIMIT 1')
      await alice.query("SET sql_mode = ''")
      await alice.query('SELECT id FROM visits LIMIT 1')
      await alice.end()
    })

    it('are told at connect who they are, as a warning', async () => {
      const alice = await stack.connect('alice')
      const [rows] = await alice.query<RowDataPacket[]>('SHOW WARNINGS')
      expect(rows[0]?.Message).toContain('as role reader until')
      await alice.end()
    })
  })
}

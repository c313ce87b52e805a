import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWithMariadb, describeWithMysql } from '../servers/availability.ts'
import { startMariadb } from '../servers/mariadb.ts'
import { startMysql } from '../servers/mysql.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { type Login, mariadbClient, mysqlClient, type Outcome, psql } from './programs.ts'

function suite(
  start: () => Promise<DatabaseServer>,
  client: (login: Login, statement: string) => Promise<Outcome>,
): () => void {
  return () => {
    let server: DatabaseServer
    beforeAll(async () => {
      server = await start()
    })
    afterAll(() => server.stop())

    it('verifies the name of the server and gives the rows', async () => {
      const outcome = await client({ ...server, host: 'localhost' }, `SELECT 'ünïcode', 1 + 1`)
      expect(outcome).toMatchObject({ code: 0, stderr: '' })
      expect(outcome.stdout.trim()).toMatch(/^ünïcode[|\t]2$/)
    })

    it('gives the error of a statement and of a login', async () => {
      const wrong = await client({ ...server, host: 'localhost' }, 'SELECT * FROM nowhere_at_all')
      expect(wrong.code).not.toBe(0)
      expect(wrong.stderr).toMatch(/nowhere_at_all/)
      const stranger = await client({ ...server, host: 'localhost', password: 'not it' }, 'SELECT 1')
      expect(stranger.code).not.toBe(0)
      expect(stranger.stderr).toMatch(/password authentication failed|Access denied/)
    })
  }
}

describe('psql', suite(startPostgres, psql))
describeWithMysql('the client of MySQL 9', suite(startMysql, mysqlClient))
describeWithMariadb('the client of MariaDB, with MariaDB', suite(startMariadb, mariadbClient))

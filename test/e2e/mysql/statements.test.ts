import { createConnection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PASSWORD } from '../../servers/mysql.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { STATEMENTS } from '../../sql/mysql/statement_cases.ts'
import { WRITES } from '../../sql/mysql/write_cases.ts'
import { FAMILIES } from './families.ts'

/** ER_PARSE_ERROR, ER_EMPTY_QUERY and ER_SYNTAX_ERROR; ER_WRONG_USAGE, for clauses that do not go together. */
const NOT_UNDERSTOOD = new Set([1064, 1065, 1149, 1221])

for (const family of FAMILIES) {
  family.describe('the forms of statements that the analysis lists', () => {
    let server: DatabaseServer

    beforeAll(async () => {
      server = await family.start()
    }, 60_000)

    afterAll(async () => {
      await server?.stop()
    })

    it(`are ${family.name}'s own`, async () => {
      const own = family.name === 'MySQL' ? 'mysql' : 'mariadb'
      const { host, port } = server
      const session = await createConnection({ host, port, user: 'app', password: PASSWORD, database: 'test' })
      const refused: string[] = []
      for (const { sql, server: of } of [...STATEMENTS, ...WRITES]) {
        if (of !== 'both' && of !== own) continue
        await session.query('SET @statement = ?', [sql])
        // Tables that are not there, and statements that can't be prepared, have been parsed.
        await session.query('PREPARE one FROM @statement').catch((error: { errno: number; message: string }) => {
          if (NOT_UNDERSTOOD.has(error.errno)) refused.push(`${sql}: ${error.message}`)
        })
      }
      await session.end()
      expect(refused).toEqual([])
    })
  })
}

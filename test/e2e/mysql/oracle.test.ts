import type { Connection } from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readMysqlCatalog } from '../../../src/upstream/mysql_catalog.ts'
import { contradiction } from '../../refused/described.ts'
import { judge } from '../../refused/judge.ts'
import { PrivilegeProbe } from '../../refused/privileges.ts'
import { connect, describeOn, type SessionState } from '../../refused/scratch.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import { liveTarget } from '../../upstream/target.ts'
import { FAMILIES } from './families.ts'
import { MARIADB_STATEMENTS, MYSQL_STATEMENTS, ORACLE_SCHEMA, ORACLE_STATEMENTS } from './oracle_statements.ts'

/**
 * The server is asked what a statement uses: it describes the result, and it denies the statement to an account that
 * holds exactly the column privileges which the facts name, if they miss any.
 */
for (const family of FAMILIES) {
  family.describe(`the facts of a statement hold on ${family.name}`, () => {
    let server: DatabaseServer
    let admin: Connection
    let probe: PrivilegeProbe
    let catalog: Awaited<ReturnType<typeof readMysqlCatalog>>
    let state: SessionState

    beforeAll(async () => {
      server = await family.start({ setupSql: ORACLE_SCHEMA })
      catalog = await readMysqlCatalog(liveTarget('mysql', server))
      admin = await connect(server, server.user, server.password, 'shop')
      probe = await PrivilegeProbe.open(admin, server)
      state = { database: 'shop', sqlMode: catalog.sqlMode, charset: 'utf8mb4' }
    })
    afterAll(async () => {
      probe?.close()
      admin?.destroy()
      await server?.stop()
    })

    it.each([...ORACLE_STATEMENTS, ...(family.name === 'MySQL' ? MYSQL_STATEMENTS : MARIADB_STATEMENTS)])(
      '%s',
      async (sql) => {
        const { fields } = await describeOn(admin, sql)
        const judged = await judge(sql, catalog, state)
        expect(judged?.statement.opaque ?? null).toBe(null)
        const { statement } = judged as NonNullable<typeof judged>
        expect(contradiction(statement, fields, catalog)).toBe(null)
        expect(await probe.denied(sql, statement, state)).toBe(null)
      },
    )
  })
}

import type mysql from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { rawConnect } from './raw.ts'
import { type Person, type Stack, startStack } from './stack.ts'

const QUESTIONS = [
  "SELECT 'привет, мир' AS result",
  "SELECT HEX('д\\'я'), LENGTH('дя')",
  "SELECT id, country FROM clinic.patients WHERE country <> 'мир' ORDER BY id",
]

for (const family of FAMILIES) {
  family.describe(`character sets of clients, ${family.name}`, () => {
    let stack: Stack
    const open: mysql.Connection[] = []

    beforeAll(async () => {
      stack = await startStack(family.start)
    })
    afterAll(() => stack?.stop())
    afterEach(() => {
      for (const connection of open.splice(0)) connection.destroy()
    })

    const rows = async (connection: mysql.Connection, sql: string, values?: unknown[]) =>
      (await connection.query({ sql, rowsAsArray: true, ...(values ? { values } : {}) }))[0]

    async function pair(person: Person, charset: string): Promise<[mysql.Connection, mysql.Connection]> {
      const made: [mysql.Connection, mysql.Connection] = [
        await stack.connect(person, { charset }),
        await stack.direct({ charset }),
      ]
      open.push(...made)
      return made
    }

    it.each(['KOI8R_GENERAL_CI', 'CP1251_GENERAL_CI', 'UTF8_GENERAL_CI', 'UTF8MB4_UNICODE_CI'])(
      'a client of %s sees what it sees straight from the server',
      async (charset) => {
        for (const person of ['alice', 'carol'] as const) {
          const [proxied, direct] = await pair(person, charset)
          for (const sql of QUESTIONS) expect([sql, await rows(proxied, sql)]).toEqual([sql, await rows(direct, sql)])
        }
      },
    )

    it('masks stay masks in every one of them', async () => {
      const [proxied] = await pair('alice', 'KOI8R_GENERAL_CI')
      expect(await rows(proxied, 'SELECT email FROM clinic.patients WHERE id = 1')).toEqual([['c***@***.example']])
      expect(await rows(proxied, "SELECT CONCAT(email, 'я') FROM clinic.patients WHERE id = 1")).toEqual([
        ['c***@***.exampleя'],
      ])
      await expect(proxied.query('SELECT email FROM `clinic`.`пациенты`')).rejects.toThrow('SP-SYNTAX')
    })

    it('binary values inside of a text go to the server as they are', async () => {
      const client = await rawConnect({
        port: stack.proxy.mysqlPort,
        user: stack.user('alice'),
        token: await stack.token('alice'),
      })
      const bytes = Buffer.concat([
        Buffer.from("\x03SELECT HEX(_binary'"),
        Buffer.of(0xff, 0xfe, 0x5c, 0x27),
        Buffer.from("')"),
      ])
      client.send(bytes)
      const { rows: found } = await client.result()
      expect(found.map((row) => Buffer.from(row).toString('latin1')).join()).toContain('FFFE27')
      client.close()
    })
  })
}

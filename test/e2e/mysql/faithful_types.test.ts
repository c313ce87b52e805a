import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { FAMILIES } from './families.ts'
import { FIXTURE_SQL } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

const SHAPES = [
  'CREATE TABLE clinic.shapes (id int PRIMARY KEY, j json, p point, secret json)',
  `INSERT INTO clinic.shapes VALUES (1, '{"a": [1, "x"]}', ST_GeomFromText('POINT(1 2)'), '{"name": "jsoncanary"}')`,
]
const MASKS = {
  masks: [{ schemas: ['clinic'], tables: ['shapes'], columns: ['secret'], strategy: 'redact', text: 'x' }],
}

for (const family of FAMILIES) {
  family.describe(`types that a driver of ${family.name} makes values of`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack(family.start, { fixture: [...FIXTURE_SQL, ...SHAPES], proxy: { masking: MASKS } })
      // From now on the proxy greets by the server's own version.
      await (await stack.connect('alice')).end()
    })
    afterAll(() => stack?.stop())

    it.each(['query', 'execute'] as const)('are told as the server tells them, by %s', async (how) => {
      const [through, straight] = [await stack.connect('alice'), await stack.direct()]
      const text = 'SELECT id, j, p, JSON_EXTRACT(j, "$.a") AS a FROM shapes'
      const ask = (connection: mysql.Connection) =>
        how === 'query' ? connection.query(text) : connection.execute(text)
      const [[rows], [expected]] = [await ask(through), await ask(straight)]
      expect(rows).toEqual(expected)
      expect(rows).toMatchObject([{ id: 1, j: { a: [1, 'x'] }, p: { x: 1, y: 2 } }])
      await through.end()
      await straight.end()
    })

    it("come after the server's own greeting", async () => {
      const [through, straight] = [await stack.connect('alice'), await stack.direct()]
      const greeting = (connection: mysql.Connection) =>
        (connection as unknown as { connection: { _handshakePacket: { serverVersion: string } } }).connection
          ._handshakePacket.serverVersion
      expect(greeting(through)).toBe(greeting(straight))
      await through.end()
      await straight.end()
    })

    it('fail in the character set of the client', async () => {
      const koi = { charset: 'KOI8R_GENERAL_CI' }
      const [through, straight] = [await stack.connect('carol', koi), await stack.direct(koi)]
      const failure = (connection: mysql.Connection) =>
        connection.query('SELECT 1 FROM `Таблица').catch(({ message }: Error) => message)
      expect(await failure(through)).toBe(await failure(straight))
      await through.end()
      await straight.end()
    })

    it('are not told of a masked column, whose text need not be of the type', async () => {
      const connection = await stack.connect('alice')
      const [rows] = await connection.query('SELECT id, secret FROM shapes')
      expect(JSON.stringify(rows)).not.toContain('jsoncanary')
      expect(rows).toMatchObject([{ id: 1 }])
      await connection.end()
    })
  })
}

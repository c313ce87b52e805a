import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { COMMAND } from '../../../src/wire/mysql/command-codes.ts'
import { type Random, randomOf } from '../../fuzz/random.ts'
import { FAMILIES } from './families.ts'
import { CANARIES } from './fixture.ts'
import { MODERN, type RawClient, rawConnect, WITHOUT_DEPRECATE_EOF } from './raw.ts'
import { type Stack, startStack } from './stack.ts'

/** Sessions that send packets made at random: commands out of turn, cut short, altered, numbered wrongly. */

const SESSIONS = 100
const AT_ONCE = 6
const ANSWER_MS = 10_000
const TEXTS = [
  ...['SELECT email FROM patients', 'SELECT * FROM patients', 'SELECT upper(email), ? FROM patients', "SELECT 'x"],
  ...['SELECT 1; SELECT note FROM patients', 'PREPARE s FROM "SELECT tax_id FROM patients"', 'EXECUTE s', 'BEGIN'],
  ...['SET sql_mode = ANSI', 'SELECT pan FROM cards', 'SELECT * FROM contacts', 'USE clinic', 'SHOW WARNINGS'],
]
const CODES = Object.values(COMMAND).filter((code) => code !== COMMAND.changeUser)
const EVERY_CANARY = Object.values(CANARIES).flat()

function commandFrom(random: Random): number[] {
  const bytes = (most: number) => Array.from({ length: random(most) }, () => random(256))
  const text = [...Buffer.from(TEXTS[random(TEXTS.length)] as string)]
  const statement = [1 + random(3), 0, 0, 0]
  const made = [
    () => [COMMAND.query, ...text],
    () => [COMMAND.stmtPrepare, ...text],
    () => [COMMAND.stmtExecute, ...statement, random(2), 1, 0, 0, 0, ...bytes(20)],
    () => [COMMAND.stmtFetch, ...statement, random(5), 0, 0, 0],
    () => [CODES[random(CODES.length)] as number, ...statement, ...bytes(20)],
    () => [random(256), ...bytes(30)],
  ][random(6)] as () => number[]
  const command = made()
  for (let edits = random(4); edits > 1; edits--) command.splice(random(command.length + 1), random(2), random(256))
  return random(5) === 0 ? command.slice(0, random(command.length + 1)) : command
}

/** Every byte that came, up to the end of the connection. */
function listen(client: RawClient): { text: string; packets: number; over: boolean } {
  const heard = { text: '', packets: 0, over: false }
  const pump = async () => {
    for (;;) {
      heard.text += Buffer.from(await client.next()).toString('latin1')
      heard.packets++
    }
  }
  pump().catch(() => {
    heard.over = true
  })
  return heard
}

for (const family of FAMILIES) {
  family.describe(`packets made at random on ${family.name}`, () => {
    let stack: Stack
    beforeAll(async () => {
      stack = await startStack(family.start)
    })
    afterAll(() => stack?.stop())

    async function converse(seed: number, token: string): Promise<string> {
      const random = randomOf(seed)
      const capabilities = random(3) === 0 ? WITHOUT_DEPRECATE_EOF : MODERN
      const login = { port: stack.proxy.mysqlPort, user: stack.user('alice'), token, database: 'clinic', capabilities }
      const client = await rawConnect(login)
      const heard = listen(client)
      for (let left = 1 + random(8); left > 0 && !heard.over; left--) {
        client.send(Uint8Array.from(commandFrom(random)), random(6) === 0 ? random(256) : 0)
        if (random(2) === 0) await wait(random(5))
      }
      const before = heard.packets
      client.send(Uint8Array.of(COMMAND.ping))
      await expect.poll(() => heard.over || heard.packets > before, { timeout: ANSWER_MS }).toBe(true)
      client.close()
      return heard.text
    }

    it('are answered or end their own session, and show nothing', { timeout: 60_000 }, async () => {
      const token = await stack.token('alice')
      const seeds = Array.from({ length: SESSIONS }, (_, at) => at + 1)
      const heard: string[] = []
      const worker = async () => {
        for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) heard.push(await converse(seed, token))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, worker))
      expect(EVERY_CANARY.filter((canary) => heard.some((text) => text.includes(canary)))).toEqual([])
      expect(heard.length).toBe(SESSIONS)
      const connection = await stack.connect('alice')
      expect((await connection.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }])
      await connection.end()
    })
  })
}

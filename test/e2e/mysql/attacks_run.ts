import type mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTACKS, type Attack } from './attacks.ts'
import { FAMILIES } from './families.ts'
import { CANARIES, CONSTANT_MASKING, fixtureSql, TWINS } from './fixture.ts'
import { type Stack, startStack } from './stack.ts'

const EVERY_CANARY = Object.values(CANARIES).flat()
/** Reads the clinic masked, and may do what it likes in a database of its own. */
const ATTACKER = {
  name: 'reader',
  scope: [
    { schemas: ['clinic'], tables: ['*'], verbs: ['read'] },
    { schemas: ['scratch'], tables: ['*'], verbs: ['read', 'insert', 'update', 'delete', 'ddl', 'call'] },
  ],
}
const OTHERS = ['writer', 'unlimited'].map((name) => ({ name, unrestricted: true }))
const PROXY = { masking: CONSTANT_MASKING, roles: [ATTACKER, ...OTHERS] }

interface Answer {
  /** Everything that reached the client: names, rows and messages. */
  readonly text: string
  readonly errors: readonly number[]
}

/** Through the proxy, beside a twin with other values, and on the bare server, where each has to work. */
export function describeAttacks(chosen: (attack: Attack) => boolean): void {
  for (const family of FAMILIES) describeFamily(family, ATTACKS.filter(chosen))
}

function describeFamily(family: (typeof FAMILIES)[number], chosen: readonly Attack[]): void {
  family.describe(`attacks through ${family.name}`, () => {
    let stack: Stack
    let twin: Stack

    beforeAll(async () => {
      const started = await Promise.allSettled([
        startStack(family.start, { proxy: PROXY }),
        startStack(family.start, { proxy: PROXY, fixture: fixtureSql(TWINS) }),
      ])
      const [first, second] = started.map((one) => (one.status === 'fulfilled' ? one.value : null))
      if (first) stack = first
      if (second) twin = second
      for (const one of started) if (one.status === 'rejected') throw one.reason
      const direct = await stack.direct()
      await direct.query('SET SESSION use_stat_tables = 0').catch(() => undefined)
      await direct.query(
        family.name === 'MySQL'
          ? 'ANALYZE TABLE patients UPDATE HISTOGRAM ON email, tax_id'
          : 'ANALYZE TABLE patients PERSISTENT FOR ALL',
      )
      await direct.end()
    })
    afterAll(async () => {
      await stack?.stop()
      await twin?.stop()
    })

    const attacks = chosen
      .filter(({ only }) => only === undefined || only === family.name)
      .map((attack) => [attack.kind, attack.title, attack] as const)

    describe.each(['query', 'execute'] as const)('recover nothing through the proxy by %s', (how) => {
      it.each(attacks)('%s: %s', async (_kind, _title, attack) => {
        const { sql, guess, denied } = attack
        const through = await answerOf(() => stack.connect('alice'), sql, how)
        expect(recovered(guess ? '' : through.text)).toEqual([])
        expect(through).toEqual(await answerOf(() => twin.connect('alice'), sql, how))
        if (guess) expect(await answerOf(() => stack.connect('alice'), guess, how)).toEqual(through)
        if (denied) expect(through.errors).not.toEqual([])
      })
    })

    // After the others: these leave objects behind.
    describe('work on the bare server', () => {
      it.each(attacks)('%s: %s', async (_kind, _title, { sql, guess, blind, denied }) => {
        const bare = await answerOf(() => stack.direct(), sql)
        if (guess) expect(await answerOf(() => stack.direct(), guess)).not.toEqual(bare)
        else if (blind) expect(await answerOf(() => twin.direct(), sql)).not.toEqual(bare)
        else if (denied) expect(bare.errors).toEqual([])
        else expect(recovered(bare.text)).not.toEqual([])
      })
    })
  })
}

/** Runs the statements in a fresh session, which must still be in step at the end. */
async function answerOf(
  connect: () => Promise<mysql.Connection>,
  sql: readonly string[],
  how: 'query' | 'execute' = 'query',
): Promise<Answer> {
  const connection = await connect()
  const text: string[] = []
  const errors: number[] = []
  try {
    for (const statement of [...sql, "SELECT 'in', 'step'"]) {
      try {
        const [rows, fields] = await run(connection, how, statement)
        const names = (fields as { name: string }[] | undefined)?.map((field) => field?.name) ?? []
        text.push(names.join('\t'), ...cellsOf(rows))
      } catch (error) {
        const { errno, message } = error as { errno: number; message: string }
        errors.push(errno)
        text.push(message)
      }
    }
    expect(text.slice(-2)).toEqual(['in\tstep', 'in\tstep'])
    return { text: text.join('\n'), errors }
  } finally {
    await connection.end()
  }
}

/** Bytes as they come, but by the binary protocol, where the driver can't leave numbers alone. */
function run(connection: mysql.Connection, how: 'query' | 'execute', sql: string) {
  return how === 'query'
    ? connection.query({ sql, rowsAsArray: true, typeCast: false })
    : connection.execute({ sql, rowsAsArray: true })
}

function cellsOf(rows: unknown): string[] {
  if (!Array.isArray(rows)) return []
  return rows.map((row) => (Array.isArray(row) ? row.map(cell).join('\t') : ''))
}

function cell(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(value)
  const bytes = Buffer.from(value)
  return bytes.includes(0) ? `${bytes.toString('latin1').replaceAll('\0', '')}` : bytes.toString()
}

/** The canaries in a text, in any case and in the forms that the attacks bring them out in. */
function recovered(text: string): readonly string[] {
  const seen = text.toLowerCase()
  const bare = seen.replaceAll(/[\s,]/g, '')
  return EVERY_CANARY.filter((canary) => {
    const clear = canary.toLowerCase()
    const forms = [
      clear,
      [...clear].reverse().join(''),
      Buffer.from(canary).toString('hex'),
      Buffer.from(canary).toString('base64').toLowerCase(),
      clear.slice(0, 12),
    ]
    return forms.some((form) => seen.includes(form) || bare.includes(form))
  })
}

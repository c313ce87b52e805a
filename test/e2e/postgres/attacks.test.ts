import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { ATTACKS, FORBIDDEN, ORACLES } from './attacks.ts'
import { CLUB_ROLES, CLUB_SQL, HIDDEN, MEMBERS } from './club.ts'
import { leak } from './leak.ts'
import { type Observed, observe, type Step } from './observe.ts'

/** The same statements on the bare server and through the proxy: they leak there and recover nothing here. */

/** Another session's statement, which is nobody else's business. */
const VICTIM = 'CANARY-ACTIVITY-1'
const PHONES = ['CANARY-TEL-111', 'CANARY-TEL-222', 'CANARY-TEL-333', 'CANARY-TEL-444']
const EMAILS = [1, 2, 3, 4].map((number) => `CANARY-MAIL-${number}@club.invalid`)
const OTHERS = [
  'CANARY-CARD-1',
  'CANARY-CARD-2',
  'CANARY-LETTER-1',
  'CANARY-TAG-1',
  'CANARY-SAFE-1',
  'CANARY-VAULT-1',
  VICTIM,
]
const EXACT = MEMBERS.flatMap(({ born, dues }) => [born, dues])
const HIDDEN_FROM = { alice: [...PHONES, ...EMAILS, ...OTHERS, ...EXACT], bob: [...PHONES, ...OTHERS, ...EXACT] }

const CONTENT = `SELECT md5(string_agg(x, ';' ORDER BY x)) AS content FROM (
  SELECT b::text FROM club.boats b UNION ALL SELECT m::text FROM club.members m UNION ALL SELECT l::text FROM club.letters l
  UNION ALL SELECT d::text FROM club.drafts d UNION ALL SELECT relname || relacl::text FROM pg_class WHERE relnamespace > 16000
  UNION ALL SELECT rolname FROM pg_roles UNION ALL SELECT attname FROM pg_attribute WHERE attrelid > 16000) AS t(x)`

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({ setupSql: CLUB_SQL, roles: CLUB_ROLES, masking: HIDDEN, grants: usualGrants })
  const victim = await stack.direct()
  await victim.query(`SELECT '${VICTIM}'`)
})
afterAll(() => stack?.stop())

async function bare(steps: readonly Step[]): Promise<Observed> {
  const client = await stack.direct()
  const observed = await observe(client, steps)
  await client.end()
  return observed
}

async function proxied(person: 'alice' | 'bob', steps: readonly Step[]): Promise<Observed> {
  const client = await stack.connect(person)
  const observed = await observe(client, steps)
  const after = await observe(client, ['ROLLBACK', 'SELECT 1'])
  expect(after.tables.at(-1)).toEqual([['1']])
  await client.end()
  return observed
}

function show(steps: readonly Step[]): string {
  return steps
    .map((step) => (typeof step === 'string' ? step : `${step.text}${step.binary ? ' (binary)' : ''}`))
    .join('; ')
}

describe.each([...new Set(ATTACKS.map(({ of }) => of))])('%s', (of) => {
  const cases = ATTACKS.filter((attack) => attack.of === of).map((attack) => [show(attack.steps), attack] as const)
  it.each(cases)('%s', async (_name, { steps, by = 'alice' }) => {
    expect(leak(await bare(steps), HIDDEN_FROM[by])).not.toBeNull()
    const observed = await proxied(by, steps)
    expect(leak(observed, HIDDEN_FROM[by])).toBeNull()
  })
})

describe('an answer that tells a right guess from a wrong one', () => {
  it.each(ORACLES.map(({ of, pair }) => [of, pair] as const))('%s', async (_name, [right, wrong]) => {
    expect(await bare(right)).not.toEqual(await bare(wrong))
    expect(await proxied('alice', right)).toEqual(await proxied('alice', wrong))
  })
})

describe.each([...new Set(FORBIDDEN.map(({ of }) => of))])('%s, refused outright', (of) => {
  const cases = FORBIDDEN.filter((attack) => attack.of === of).map((attack) => [show(attack.steps), attack] as const)
  it.each(cases)('%s', async (_name, { steps }) => {
    expect((await bare(['BEGIN', ...steps, 'ROLLBACK'])).states.slice(1, -1)).toEqual(steps.map(() => null))
    const before = (await bare([CONTENT])).tables
    const { states, tables } = await proxied('alice', steps)
    expect(states).toEqual(steps.map(() => expect.stringMatching(/^(42501|0A000)$/)))
    expect(tables).toEqual([])
    expect((await bare([CONTENT])).tables).toEqual(before)
  })
})

import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { sweepAnswers } from '../../src/http/idempotency.ts'
import { GRANT, NOW, REQUEST, startTestApi } from './api.ts'

let answer: () => Promise<unknown> = async () => ({ request: REQUEST, grant: null })
const test = await startTestApi({
  createRequest: () => answer(),
  issuePassword: async () => ({
    record: {
      id: 'p1',
      identity: REQUEST.requester,
      target: 't',
      grantId: 'g',
      createdAt: 0,
      expiresAt: 1,
      revokedAt: null,
    },
    password: 'opaque-once',
    user: 'alice/t',
  }),
  revokeGrant: async () => GRANT,
})
afterAll(() => test.close())
beforeEach(() => {
  answer = async () => ({ request: REQUEST, grant: null })
  test.asked.length = 0
})

const BODY = { target: 'orders-prod', role: 'read-only', reason: 'a slow query' }
const ask = (key: string, body: object = BODY, token = 'token-of-alice') =>
  test.call('/v1/requests', { body, token, headers: { 'idempotency-key': key } })

describe('an idempotency key', () => {
  it('does once what is sent twice, and answers alike', async () => {
    const [first, second] = [await ask('k1'), await ask('k1')]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(await second.text()).toBe(await first.text())
    expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true'])
    expect(test.asked).toHaveLength(1)
  })

  it('is one of its person and its call', async () => {
    await ask('k2')
    expect((await ask('k2', BODY, 'token-of-bob')).status).toBe(201)
    const other = await ask('k2', { ...BODY, reason: 'another' })
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, 'SP-IDEMPOTENCY'])
    const elsewhere = await test.call('/v1/grants/g1/revoke', {
      body: { reason: 'x' },
      headers: { 'idempotency-key': 'k2' },
    })
    expect(elsewhere.status).toBe(422)
    expect(test.asked).toHaveLength(2)
  })

  it('is refused while its first use is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const begun = Promise.withResolvers<void>()
    answer = () => {
      begun.resolve()
      return promise
    }
    const first = ask('k3')
    await begun.promise
    expect((await ask('k3')).status).toBe(409)
    resolve({ request: REQUEST, grant: null })
    expect((await first).status).toBe(201)
  })

  it('keeps a refusal too, but not a lost race', async () => {
    answer = async () => {
      throw new SallyportError('SP-NO-RULE', 'no rule')
    }
    expect((await ask('k4')).status).toBe(422)
    answer = async () => ({ request: REQUEST, grant: null })
    const again = await ask('k4')
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([422, 'true'])
    answer = async () => {
      throw new SallyportError('SP-CONFLICT', 'lost')
    }
    expect((await ask('k5')).status).toBe(409)
    answer = async () => ({ request: REQUEST, grant: null })
    expect((await ask('k5')).status).toBe(201)
  })

  it('stores no secret, and gives it once', async () => {
    const mint = () =>
      test.call('/v1/connection-passwords', { body: { target: 't' }, headers: { 'idempotency-key': 'k6' } })
    expect(await (await mint()).text()).toContain('opaque-once')
    const again = await mint()
    expect(again.status).toBe(409)
    expect(await again.text()).not.toContain('opaque-once')
    const kept = await test.store.read(({ answers }) => answers.list({}))
    expect(JSON.stringify(kept)).not.toContain('opaque-once')
  })

  it.each(['', 'with space', 'x'.repeat(256)])('%j is no key', async (key) => {
    expect((await ask(key)).status).toBe(422)
  })

  it('is of no use to what was not valid: nothing is kept of that', async () => {
    expect((await ask('k7', { target: 'only' })).status).toBe(422)
    expect((await ask('k7')).status).toBe(201)
  })

  it('is forgotten after a day', async () => {
    await test.store.write(async ({ answers }) => {
      const old = { version: 1, bodySha256: '', status: 200, answer: null, at: NOW }
      for (let more = 0; more < 600; more++) await answers.insert({ id: `old${more}`, ...old })
    })
    await sweepAnswers({ ...test.deps, clock: { now: () => NOW + 86_400_001, monotonic: () => 0 } })
    expect(await test.store.read(({ answers }) => answers.count({}))).toBe(0)
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { SallyportError } from '../../src/errors.ts'
import type { ApiDeps } from '../../src/http/ports.ts'
import { PRODUCT } from '../audit/events.ts'
import { faultsOf } from '../audit/ocsf/validate.ts'
import { GRANT, SETTINGS, startTestApi, type TestApi } from './api.ts'

let test: TestApi
afterEach(() => test.close())

const SECRET = 'hunter2'
const REVOKE = '/v1/grants/g1/revoke'
const revokeGrant = async () => GRANT

describe('a call of somebody who is known', () => {
  it('is in the log before anything is done, with who, what, on what and from where', async () => {
    const order: string[] = []
    const audit: ApiDeps['audit'] = {
      append: async (events) => {
        await new Promise((resolve) => setImmediate(resolve))
        order.push('recorded')
        test.recorded.push(...events)
      },
    }
    const revoked = async () => {
      order.push('done')
      return GRANT
    }
    test = await startTestApi({ revokeGrant: revoked }, { audit })
    const body = { reason: `it was ${SECRET}` }
    const headers = { 'user-agent': 'curl/8 "x"\\' }
    expect((await test.call(`${REVOKE}?token=${SECRET}`, { body, headers })).status).toBeLessThan(500)
    expect(order[0]).toBe('recorded')
    const [event] = test.recorded
    expect(event).toMatchObject({
      kind: 'api_call',
      by: { issuer: 'https://id.example.test', subject: 'alice', email: 'alice@example.test' },
      operation: 'revokeGrant',
      method: 'POST',
      path: REVOKE,
      resources: { id: 'g1' },
      clientAddress: '127.0.0.1',
      userAgent: 'curl/8 "x"\\',
    })
    const records = recordsOf(event!, PRODUCT).map(toOcsf)
    expect(records.flatMap(faultsOf)).toEqual([])
    expect(records).toMatchObject([{ class_uid: 6003, activity_id: 3, api: { operation: 'revokeGrant' } }])
    expect(JSON.stringify(records)).not.toContain(SECRET)
    expect(JSON.stringify(records)).not.toContain('token-of')
  })

  it('is recorded though it reads alone, and though its input is refused', async () => {
    test = await startTestApi({ grants: async () => ({ items: [], next: null }) })
    await test.call('/v1/grants')
    await test.call(REVOKE, { body: { reason: 1, [SECRET]: SECRET } })
    expect(test.recorded).toMatchObject([
      { operation: 'listGrants', method: 'GET', path: '/v1/grants', resources: {} },
      { operation: 'revokeGrant' },
    ])
    expect(JSON.stringify(test.recorded)).not.toContain(SECRET)
  })

  it.each([
    ['GET', '/v1/grants', {}],
    ['POST', REVOKE, { body: { reason: 'a good reason' } }],
  ])('is not done where it can not be recorded: %s', async (method, path, init) => {
    const audit = { append: () => Promise.reject(new SallyportError('SP-AUDIT', 'the disk is full')) }
    test = await startTestApi({ revokeGrant }, { audit })
    const answer = await test.call(path, { method, ...init })
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ code: 'SP-AUDIT', status: 503 })
    expect(test.asked).toEqual([])
  })

  it('is answered as an internal error, and not done, where the log fails in no known way', async () => {
    test = await startTestApi({ revokeGrant }, { audit: { append: () => Promise.reject(new Error('no such thing')) } })
    expect((await test.call(REVOKE, { body: { reason: 'a good reason' } })).status).toBe(500)
    expect(test.asked).toEqual([])
  })
})

describe('a call that is refused', () => {
  it('for who makes it is an event, of its operation, and no call', async () => {
    test = await startTestApi()
    expect((await test.call(REVOKE, { token: 'nonsense', body: {} })).status).toBe(401)
    expect(test.recorded).toEqual([])
    expect(test.events).toMatchObject([
      { activity: 'api.refused', entity: { type: 'operation', id: 'revokeGrant' }, clientAddress: '127.0.0.1' },
    ])
    const records = test.events.flatMap((event) => recordsOf(event, PRODUCT)).map(toOcsf)
    expect(records.flatMap(faultsOf)).toEqual([])
    expect(records).toMatchObject([{ class_uid: 6003, status: 'Failure', status_code: 'SP-AUTH', disposition_id: 26 }])
  })

  it('of strangers fills no log: beyond the failed logins that are allowed an address leaves nothing', async () => {
    const rates = { perAddress: 1_000, logins: 3, reads: 1_000, writes: 1_000, heavy: 1_000 }
    const settings = { ...SETTINGS, rates }
    test = await startTestApi({}, { settings })
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) statuses.push((await test.call('/v1/grants', { token: `bad-${i}` })).status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(3)
    expect(test.events).toHaveLength(3)
    expect(test.recorded).toEqual([])
  })

  it('since the person is locked is an event', async () => {
    const lock = { what: 'person', reason: 'a lost laptop' } as never
    test = await startTestApi({}, { locks: { lockedBy: () => lock } })
    expect((await test.call('/v1/grants')).status).toBe(403)
    expect(test.events).toMatchObject([{ activity: 'api.refused', detail: { code: 'SP-LOCKED' } }])
    expect(test.recorded).toEqual([])
  })

  it('since somebody calls too often leaves one record for each that was let through', async () => {
    const rates = { perAddress: 1_000, logins: 30, reads: 2, writes: 1_000, heavy: 1_000 }
    const settings = { ...SETTINGS, rates }
    test = await startTestApi({ grants: async () => ({ items: [], next: null }) }, { settings })
    for (let i = 0; i < 5; i++) await test.call('/v1/grants')
    expect(test.recorded).toHaveLength(2)
  })
})

it('what nobody has to log in for is no call of anybody', async () => {
  test = await startTestApi()
  await test.call('/v1/problems/sp-auth', { token: null })
  await test.call('/v1/openapi.json', { token: null })
  await test.call('/nowhere')
  expect(test.recorded).toEqual([])
})

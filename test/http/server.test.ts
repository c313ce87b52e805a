import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { startApi } from '../../src/http/server.ts'
import { GRANT, POLICY, REQUEST, SETTINGS, startTestApi, type TestApi } from './api.ts'

let test: TestApi
let failing: Error | null = null

beforeAll(async () => {
  test = await startTestApi({
    createRequest: async () => {
      if (failing !== null) throw failing
      return { request: REQUEST, grant: GRANT }
    },
    requests: async () => ({ items: [REQUEST], next: REQUEST.id }),
    policy: async () => POLICY,
    putPolicy: async () => POLICY,
    passwords: async () => ({ items: [], next: null }),
    issuePassword: async () => ({ record: PASSWORD, password: 'opaque', user: 'alice/orders-prod' }),
  })
})
afterAll(() => test.close())
beforeEach(() => {
  failing = null
  test.asked.length = 0
  test.events.length = 0
  test.logged.length = 0
})

const PASSWORD = {
  id: 'p1',
  version: 1,
  identity: { ...REQUEST.requester, groups: ['secret-group'] },
  target: 'orders-prod',
  grantId: 'g1',
  scram: 'SCRAM-SHA-256$hidden',
  sha2: 'hidden',
  digest: 'hidden',
  createdAt: 0,
  expiresAt: 1,
  revokedAt: null,
}
const ASKED = { target: 'orders-prod', role: 'read-only', reason: 'a slow query' }

describe('answers', () => {
  it('decodes what comes in and encodes what goes out', async () => {
    const answer = await test.call('/v1/requests', { body: { ...ASKED, duration_ms: 60_000 } })
    expect(answer.status).toBe(201)
    const { request, grant } = (await answer.json()) as Record<string, Record<string, unknown>>
    expect(request).toMatchObject({ id: REQUEST.id, duration_ms: 3_600_000, created_at: '2030-01-31T09:00:00.000Z' })
    expect(grant?.grant).toMatchObject({ parameters: { tenant: 7 }, request_id: REQUEST.id })
    const [method, caller, input] = test.asked[0] ?? []
    expect([method, caller?.identity.subject, caller?.clientAddress]).toEqual(['createRequest', 'alice', '127.0.0.1'])
    expect(input).toMatchObject({ durationMs: 60_000, narrowing: null, script: null })
  })

  it('carries headers that keep browsers from making anything of it', async () => {
    const { headers } = await test.call('/v1/me')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('ratelimit-limit')).not.toBeNull()
  })

  it('never gives what verifies a password, whatever the record holds', async () => {
    const answer = await test.call('/v1/connection-passwords', { body: { target: 'orders-prod' } })
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({ password: 'opaque', record: { id: 'p1', grant_id: 'g1' } })
    expect(text).not.toContain('hidden')
    expect(text).not.toContain('secret-group')
  })

  it('gives pages with a cursor that leads on', async () => {
    const first = (await (await test.call('/v1/requests?limit=1')).json()) as { next_cursor: string }
    await test.call(`/v1/requests?view=all&limit=1&cursor=${first.next_cursor}`)
    expect(test.asked[1]?.[2]).toEqual({ view: 'all', limit: 1, after: REQUEST.id })
    const bad = await test.call('/v1/requests?cursor=%25%25')
    expect(bad.status).toBe(422)
  })
})

describe('problems', () => {
  const problem = async (answer: Response) => {
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    return (await answer.json()) as Record<string, unknown> & { errors?: { pointer: string }[] }
  }

  it('names the fields that are not valid, with pointers', async () => {
    const answer = await test.call('/v1/requests', { body: { target: 'a', reason: ' ', duration_ms: 'x', odd: 1 } })
    expect(answer.status).toBe(422)
    const { code, errors, type } = await problem(answer)
    expect([code, type]).toEqual(['SP-INPUT', '/v1/problems/sp-input'])
    const pointers = errors?.map(({ pointer }) => pointer)
    expect(pointers?.sort()).toEqual(['/body/duration_ms', '/body/odd', '/body/reason', '/body/role'])
    expect(test.asked).toEqual([])
  })

  it('explains its types', async () => {
    const answer = await test.call('/v1/problems/sp-input', { token: null })
    expect(await answer.json()).toMatchObject({ code: 'SP-INPUT', next: expect.any(String) })
    expect((await test.call('/v1/problems/constructor', { token: null })).status).toBe(404)
  })

  it.each([
    ['an unknown address', '/v1/nothing', {}, 404],
    ['an address that is too long', `/v1/grants/${'x'.repeat(2000)}`, {}, 414],
    ['an unknown method', '/v1/grants', { method: 'DELETE' }, 405],
    ['a large body', '/v1/requests', { body: { reason: 'x'.repeat(1_100_000) } }, 413],
    ['another type of body', '/v1/requests', { body: '{}', headers: { 'content-type': 'text/xml' } }, 415],
    ['what is no JSON', '/v1/requests', { body: '{"a":' }, 400],
    ['a prototype', '/v1/requests', { body: '{"__proto__":{"admin":true}}' }, 400],
    ['no body', '/v1/requests', { method: 'POST' }, 422],
    ['a bad escape', '/v1/grants/%ff', {}, 400],
    ['a form', '/v1/requests', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 422],
  ])('%s', async (_, path, init, status) => {
    const answer = await test.call(path, init)
    expect(answer.status).toBe(status)
    expect(await problem(answer)).toMatchObject({ status, code: expect.stringMatching(/^SP-/) })
  })

  it.each([
    ['SP-FORBIDDEN', 403],
    ['SP-SEPARATION', 403],
    ['SP-CONFLICT', 409],
    ['SP-NO-RULE', 422],
    ['SP-STORE', 503],
    ['SP-FRESH-LOGIN', 401],
  ] as const)('%s has the status %i', async (code, status) => {
    failing = new SallyportError(code, 'because')
    const answer = await test.call('/v1/requests', { body: ASKED })
    expect(answer.status).toBe(status)
    expect(await problem(answer)).toMatchObject({ code, detail: 'because' })
    expect(answer.headers.has('www-authenticate')).toBe(status === 401)
  })

  it('says nothing of an error that is not its own, and logs it', async () => {
    failing = new Error('password=hunter2 at /srv/x')
    const answer = await test.call('/v1/requests', { body: ASKED })
    expect(answer.status).toBe(500)
    expect(JSON.stringify(await problem(answer))).not.toContain('hunter2')
    expect(test.logged).toHaveLength(1)
  })
})

describe('who calls', () => {
  it.each([
    ['nobody', { token: null }],
    ['a bad token', { token: 'forged' }],
    ['another scheme', { token: null, headers: { authorization: 'Basic YTpi' } }],
    ['a cookie of nobody', { token: null, headers: { cookie: '__Host-sallyport=x' } }],
  ])('%s is refused and that is recorded', async (_, init) => {
    const answer = await test.call('/v1/requests', { ...init, body: ASKED })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    expect(test.asked).toEqual([])
    expect(test.events).toMatchObject([{ activity: 'api.refused', detail: { code: 'SP-AUTH' } }])
    expect(JSON.stringify(test.events)).not.toContain('forged')
  })

  it('a locked person is kept out', async () => {
    const locked = { what: 'person', label: 'alice', reason: 'left', at: 0, until: null } as const
    const other = await startTestApi({}, { locks: { lockedBy: () => locked } })
    const answer = await other.call('/v1/me')
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'SP-LOCKED'])
    await other.close()
  })

  it('nobody is let in while it is not known who is locked', async () => {
    const other = await startTestApi(
      {},
      { locks: { lockedBy: () => new SallyportError('SP-LEASE', 'not heard from') } },
    )
    const answer = await other.call('/v1/me')
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'SP-LEASE'])
    await other.close()
  })

  it('is not served in clear beyond loopback', async () => {
    const settings = { ...SETTINGS, host: '0.0.0.0' }
    await expect(startApi({ ...test.deps, settings })).rejects.toMatchObject({ code: 'SP-CONFIG' })
  })

  it('too many failed logins shut an address out, good tokens too', async () => {
    const rates = { ...SETTINGS.rates, logins: 3 }
    const other = await startTestApi({}, { settings: { ...SETTINGS, rates } })
    const statuses: number[] = []
    for (const token of ['a', 'b', 'c', 'token-of-alice']) statuses.push((await other.call('/v1/me', { token })).status)
    expect(statuses).toEqual([401, 401, 401, 429])
    await other.close()
  })

  it('calls are limited by person, with the time to wait', async () => {
    const rates = { ...SETTINGS.rates, reads: 2 }
    const other = await startTestApi({}, { settings: { ...SETTINGS, rates } })
    await other.call('/v1/me')
    expect((await other.call('/v1/me')).headers.get('ratelimit-remaining')).toBe('0')
    const answer = await other.call('/v1/me')
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([429, 'SP-RATE'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await other.call('/v1/me', { token: 'token-of-bob' })).status).toBe(200)
    await other.close()
  })
})

describe('policies', () => {
  const path = '/v1/policies/role/read-only'
  const body = { body: { maxDuration: '1h' }, reason: 'shorter' }

  it('have an ETag, and are written only over the version that was read', async () => {
    const etag = (await test.call(path)).headers.get('etag')
    expect(etag).toBe(`"${POLICY.digest}"`)
    expect((await test.call(path, { method: 'PUT', body })).status).toBe(428)
    expect((await test.call(path, { method: 'PUT', body, headers: { 'if-match': '"x"' } })).status).toBe(412)
    test.asked.length = 0
    await test.call(path, { method: 'PUT', body, headers: { 'if-match': etag ?? '' } })
    await test.call(path, { method: 'PUT', body, headers: { 'if-none-match': '*' } })
    expect(test.asked.map(([, , input]) => (input as { replaces: unknown }).replaces)).toEqual([POLICY.digest, null])
  })

  it('can be read as of a time', async () => {
    await test.call(`${path}?at=2030-01-01T00:00:00Z`)
    expect(test.asked[0]?.slice(2)).toEqual(['role', 'read-only', Date.UTC(2030, 0, 1)])
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FromRefusal, NewVote } from '../../src/access/control.ts'
import { SallyportError } from '../../src/errors.ts'
import { html } from '../../src/http/pages/html.ts'
import { REQUEST } from './api.ts'
import { type Browser, type BrowserApi, startBrowserApi } from './browser_api.ts'

/** The pages that links lead to, in a browser without scripts. */
const SLY = '<script>alert(1)</script> & "quoted"'
const asked: FromRefusal[] = []
const votes: NewVote[] = []
const REFUSAL = {
  id: 'abc234xy',
  version: 1,
  person: REQUEST.requester,
  target: 'orders-prod',
  database: 'shop',
  role: null,
  code: 'SP-SCOPE',
  reason: SLY,
  needs: REQUEST.narrowing ?? [],
  clear: [],
  statementSha256: null,
  at: Date.now(),
  expiresAt: Date.now() + 1000,
}
const OPEN = {
  name: 'approval',
  groups: ['security'],
  quorum: 1,
  distinctGroups: false,
  freshLoginMs: 0,
  nudgeAfterMs: 0,
  escalateAfterMs: 0,
  escalateTo: [],
  openedAt: 0,
  nudgedAt: null,
  escalatedAt: null,
  completedAt: null,
  votes: [],
}
let api: BrowserApi
let alice: Browser
let carol: Browser

beforeAll(async () => {
  const request = { ...REQUEST, reason: SLY, stages: [OPEN] }
  const page = (items: readonly unknown[]) => async () => ({ items, next: null })
  api = await startBrowserApi(
    {
      requests: page([request]),
      grants: page([]),
      request: async () => request,
      approvers: async () => [
        {
          stage: 'approval',
          groups: ['security'],
          quorum: 1,
          answered: [],
          eligible: [{ issuer: api.oidc.issuer, subject: 'carol', email: 'carol@example.test', name: null }],
        },
      ],
      proposeFromRefusal: async (_caller: unknown, id: string) => {
        if (id !== REFUSAL.id) throw new SallyportError('SP-NOT-FOUND', 'there is no such refusal')
        return { refusal: REFUSAL, role: 'reader', narrowing: REFUSAL.needs, parameters: { tenant: 'integer' } }
      },
      createFromRefusal: async (_caller: unknown, _id: string, input: FromRefusal) => {
        asked.push(input)
        return { request, grant: null }
      },
      vote: async (_caller: unknown, _id: string, input: NewVote) => {
        votes.push(input)
        return { request, grant: null }
      },
    },
    { now: () => Date.now(), monotonic: () => performance.now() },
  )
  alice = await api.logIn('alice')
  carol = await api.logIn('carol')
})
afterAll(() => api?.close())

const get = (path: string, { cookie }: Partial<Browser> = {}) =>
  fetch(`${api.origin}${path}`, { redirect: 'manual', headers: cookie === undefined ? {} : { cookie } })
const post = (path: string, { cookie }: Browser, fields: Record<string, string>, origin = api.origin) =>
  fetch(`${api.origin}${path}`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(fields),
    headers: { cookie, origin },
  })

describe('a link', () => {
  it('asks for a login first, and leads back to where it led', async () => {
    const answer = await get('/requests/new?from=abc234xy')
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      '/v1/auth/login?return_to=%2Frequests%2Fnew%3Ffrom%3Dabc234xy',
    ])
    expect((await get('/', { cookie: '__Host-sallyport=made-up' })).status).toBe(302)
  })

  it('shows what would be asked for, and asks for it', async () => {
    const shown = await get(`/requests/new?from=${REFUSAL.id}`, alice)
    const text = await shown.text()
    expect(text).toContain('orders-prod')
    expect(text).toContain('name="parameter.tenant"')
    expect(text).not.toContain('<script')
    expect(shown.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
    const fields = { csrf: alice.csrf, from: REFUSAL.id, role: 'reader', reason: 'a ticket', minutes: '30' }
    const made = await post('/requests/new', alice, { ...fields, 'parameter.tenant': '7' })
    expect([made.status, made.headers.get('location')]).toEqual([303, `/requests/${REQUEST.id}`])
    expect(asked).toEqual([
      { role: 'reader', parameters: { tenant: 7 }, durationMs: 1_800_000, reason: 'a ticket', ticket: null },
    ])
  })

  it('says what is wrong with it', async () => {
    const answer = await get('/requests/new?from=another', alice)
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('there is no such refusal')])
    expect((await get('/requests/new', alice)).status).toBe(422)
  })
})

describe('a request', () => {
  it('has buttons for those who may answer alone', async () => {
    const page = async (browser: Browser) => (await get(`/requests/${REQUEST.id}`, browser)).text()
    expect(await page(alice)).not.toContain('<button')
    expect(await page(carol)).toContain('value="approve"')
    expect(await page(carol)).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot;')
  })

  it('is answered with the version that was shown, from its own page alone', async () => {
    const path = `/requests/${REQUEST.id}/answer`
    const fields = { csrf: carol.csrf, version: '1', decision: 'approve', reason: 'fine', minutes: '' }
    expect((await post(path, carol, fields)).status).toBe(303)
    expect(votes).toEqual([
      { decision: 'approve', reason: 'fine', narrowing: null, durationMs: null, onBehalfOf: null, version: 1 },
    ])
    expect((await post(path, carol, { ...fields, csrf: alice.csrf })).status).toBe(403)
    expect((await post(path, carol, fields, 'https://evil.example.test')).status).toBe(403)
    expect((await post(path, carol, { ...fields, decision: 'maybe' })).status).toBe(422)
    expect((await post(path, carol, { ...fields, reason: ' ' })).status).toBe(422)
    expect(votes).toHaveLength(1)
  })

  it('is listed with what waits for an answer', async () => {
    expect(await (await get('/', alice)).text()).toContain(`href="/requests/${REQUEST.id}"`)
  })
})

it('puts in text as text', () => {
  expect(html`<p title="${SLY}">${SLY}${null}${html`<b>${1}</b>`}${[html`<i></i>`]}</p>`.text).toBe(
    '<p title="&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot;">&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot;<b>1</b><i></i></p>',
  )
})

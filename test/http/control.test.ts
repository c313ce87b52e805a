import { createHash } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import type { PolicyKind } from '../../src/access/records.ts'
import { SallyportError } from '../../src/errors.ts'
import { OPERATIONS, type OperationId } from '../../src/http/contract/operations.ts'
import { HOUR, NOW, person, policyOf, role } from '../access/fixture.ts'
import { alice, bob, caller as callerOf, carol, OPEN_INCIDENT, plane, policyAdmin, root } from '../control/fixture.ts'
import { startTestApi, type TestApi } from './api.ts'

/** The API over the real control plane and store: what it answers has to fit the contract, or the call fails. */

const PEOPLE = { alice, bob, carol, root, pat: policyAdmin, pia: callerOf(person('pia', ['policy'])) }
type Name = keyof typeof PEOPLE

type Json = Record<string, unknown>
interface Answered {
  readonly status: number
  readonly etag: string | null
  readonly body: Json
}

async function start() {
  const checkPolicy = async (kind: PolicyKind, name: string, body: unknown) => ({
    problems: [],
    digest: createHash('sha256')
      .update(JSON.stringify([kind, name, body]))
      .digest('hex'),
  })
  const roles = [role('reader'), role('fire', { breakGlass: true })]
  const { control, store, state } = await plane(policyOf({ roles }), { checkPolicy })
  const clock = { now: () => state.now, monotonic: () => state.now }
  const verify = async (token: string) => {
    const known = Object.hasOwn(PEOPLE, token) ? PEOPLE[token as Name] : null
    if (known === null) throw new SallyportError('SP-AUTH', 'bad signature')
    return known.identity
  }
  const test = await startTestApi({}, { control, store, clock, tokens: { verify } })
  onTestFinished(() => test.close())
  return { as: (who: Name) => caller(test, who), state, tick: () => control.tick() }
}

function caller(test: TestApi, token: Name) {
  return async (
    id: OperationId,
    params: Readonly<Record<string, string | number>> = {},
    body?: object,
    headers = {},
  ) => {
    const { method, path } = OPERATIONS[id]
    const used = new Set<string>()
    const filled = path.replace(/\{([a-z]+)\}/g, (_, name: string) => {
      used.add(name)
      return encodeURIComponent(params[name] ?? '')
    })
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(params)) if (!used.has(name)) query.set(name, String(value))
    const answer = await test.call(`${filled}?${query}`, { method, token, headers, ...(body && { body }) })
    const text = await answer.text()
    expect([test.logged, answer.status < 500 ? '' : text]).toEqual([[], ''])
    return { status: answer.status, etag: answer.headers.get('etag'), body: JSON.parse(text || '{}') } as Answered
  }
}

const ASKED = { target: 'orders', role: 'reader', reason: 'a look at an order' }
const idOf = (part: unknown) => (part as { id: string }).id
const itemsOf = ({ body }: Answered) => (body.items as Json[]).map(idOf)

it('a request goes its way to a grant and to its end', async () => {
  const { as } = await start()
  expect((await as('alice')('getMe')).body).toMatchObject({ person: { subject: 'alice' }, csrf_token: null })
  const options = await as('alice')('listRoleOptions', { name: 'orders' })
  expect(options.body.items).toMatchObject([{ role: 'reader', approval: 'people' }, { role: 'fire' }])
  expect((await as('alice')('listTargets')).body.items).toMatchObject([{ name: 'orders', locked: false }])
  const asked = await as('alice')('createRequest', {}, ASKED)
  const { id, version } = asked.body.request as { id: string; version: number }
  expect([asked.status, asked.body.grant]).toEqual([201, null])
  expect((await as('alice')('listApprovers', { id })).body.items).toMatchObject([{ stage: 'approval', quorum: 1 }])
  expect(itemsOf(await as('bob')('listRequests', { view: 'to_answer' }))).toEqual([id])
  const vote = { decision: 'approve', reason: 'fine' }
  expect((await as('alice')('voteOnRequest', { id }, vote)).body.code).toBe('SP-SEPARATION')
  expect((await as('bob')('voteOnRequest', { id }, { ...vote, version: version + 1 })).status).toBe(409)
  const voted = await as('bob')('voteOnRequest', { id }, { ...vote, version })
  expect(voted.body).toMatchObject({
    request: { state: 'approved' },
    grant: { state: 'active', holder: { subject: 'alice' } },
  })
  const grant = idOf(voted.body.grant)
  expect(itemsOf(await as('alice')('listGrants'))).toEqual([grant])
  expect((await as('alice')('getGrantProgress', { id: grant })).body).toEqual({ progress: null, statements: 0 })
  const extended = await as('alice')('extendGrant', { id: grant }, { reason: 'more', duration_ms: HOUR })
  expect(extended.body.request).toMatchObject({ kind: 'extension', extends_grant: grant })
  await as('alice')('cancelRequest', { id: idOf(extended.body.request) }, { reason: 'no need' })
  expect((await as('alice')('revokeGrant', { id: grant }, { reason: 'x' })).status).toBe(403)
  expect((await as('root')('revokeGrant', { id: grant }, { reason: 'over' })).body).toMatchObject({
    state: 'revoked',
    ended_by: { subject: 'root' },
    ended_at: new Date(NOW).toISOString(),
  })
})

it('break-glass opens at once, gives a connection password, and is reviewed', async () => {
  const { as, state, tick } = await start()
  const incident = { provider: 'pager', id: 'P1' }
  const opened = await as('alice')('startBreakGlass', {}, { target: 'orders', incident, reason: 'orders fail' })
  expect(opened.body).toMatchObject({ grant: { state: 'active', review: { state: 'open' } } })
  const id = idOf(opened.body.grant)
  const made = await as('alice')('issuePassword', {}, { target: 'orders', grant_id: id })
  expect(made.body).toMatchObject({ password: expect.any(String), record: { grant_id: id } })
  expect(JSON.stringify(made.body)).not.toContain('SCRAM')
  const passwords = await as('alice')('listPasswords')
  expect(itemsOf(passwords)).toEqual([idOf(made.body.record)])
  await as('alice')('revokePassword', { id: idOf(made.body.record) })
  await as('alice')('handBackGrant', { id }, { reason: 'solved' })
  state.incident = { ...OPEN_INCIDENT, open: false } as typeof OPEN_INCIDENT
  state.now += HOUR
  await tick()
  const judged = await as('carol')('reviewBreakGlass', { id }, { judgment: 'justified', reason: 'seen' })
  expect([judged.status, (judged.body.review as Json | undefined)?.state]).toEqual([200, 'reviewed'])
})

it('locks, delegations, sessions and certificates are shown as they are', async () => {
  const { as } = await start()
  const locked = await as('root')('setLock', {}, { what: 'target', value: 'orders', reason: 'maintenance' })
  expect(locked.status).toBe(201)
  expect(itemsOf(await as('root')('listLocks'))).toEqual([locked.body.id])
  expect(
    (await as('root')('liftLock', { id: String(locked.body.id) }, { reason: 'done' })).body.lifted_at,
  ).not.toBeNull()
  expect((await as('alice')('setLock', {}, { what: 'target', value: 'orders', reason: 'x' })).status).toBe(403)
  const end = new Date(NOW + 24 * HOUR).toISOString()
  const away = await as('bob')('createDelegation', {}, { to: 'carol@example.test', end, reason: 'away' })
  expect(away.body).toMatchObject({ from: { subject: 'bob' }, to: { subject: 'carol' }, end })
  expect(itemsOf(await as('carol')('listDelegations'))).toEqual([away.body.id])
  expect((await as('bob')('endDelegation', { id: String(away.body.id) })).body.ended_at).not.toBeNull()
  expect((await as('root')('listSessions', { view: 'all' })).body).toEqual({ items: [], next_cursor: null })
  expect((await as('alice')('getSession', { id: 'none' })).status).toBe(404)
  expect((await as('alice')('listCertificates')).body.items).toEqual([])
  expect((await as('alice')('getRefusal', { id: 'none' })).status).toBe(404)
})

it('a policy is proposed, decided by another person, and read as of a time', async () => {
  const { as, state } = await start()
  const at = { kind: 'role', name: 'helper' }
  const change = { body: { description: 'helps' }, reason: 'new' }
  expect((await as('alice')('putPolicy', at, change, { 'if-none-match': '*' })).status).toBe(403)
  const proposed = await as('pat')('putPolicy', at, change, { 'if-none-match': '*' })
  expect(proposed.body).toMatchObject({ state: 'proposed', number: 1, author: { subject: 'pat' } })
  const decide = { ...at, number: 1 }
  const yes = { decision: 'approve', reason: 'fine' }
  expect((await as('pat')('decidePolicy', decide, yes)).body.code).toBe('SP-SEPARATION')
  expect((await as('pia')('decidePolicy', decide, yes)).body).toMatchObject({ state: 'in_force' })
  const read = await as('pat')('getPolicy', at)
  expect([read.etag, read.body.body]).toEqual([`"${String(read.body.digest)}"`, { description: 'helps' }])
  expect((await as('pat')('putPolicy', at, change, { 'if-match': `"${'0'.repeat(64)}"` })).status).toBe(412)
  state.now += HOUR
  expect(
    (await as('pat')('deletePolicy', { ...at, reason: 'over' }, undefined, { 'if-match': read.etag ?? '' })).status,
  ).toBe(200)
  expect((await as('pat')('getPolicy', { ...at, at: new Date(NOW).toISOString() })).body.number).toBe(1)
  expect((await as('pat')('listPolicyVersions', at)).body.items).toHaveLength(2)
  expect((await as('pat')('listPolicies', { kind: 'role' })).body.items).toHaveLength(1)
})

it('an access review lists what was held, and is answered by another person', async () => {
  const { as, state } = await start()
  const asked = await as('alice')('createRequest', {}, ASKED)
  await as('bob')('voteOnRequest', { id: idOf(asked.body.request) }, { decision: 'approve', reason: 'fine' })
  state.now += HOUR / 2
  const [from, to, due] = [NOW - HOUR, NOW + HOUR / 4, NOW + 48 * HOUR].map((ms) => new Date(ms).toISOString())
  const body = { name: 'january', from, to, due_at: due, reviewer_groups: ['dba'] }
  const opened = await as('root')('openReview', {}, body)
  const id = String(opened.body.id)
  expect([opened.status, opened.body.on_unanswered]).toEqual([201, 'revoke'])
  const items = await as('bob')('listReviewItems', { id })
  expect(items.body.items).toMatchObject([{ holder: { subject: 'alice' }, use: 'unused', decision: null }])
  const item = itemsOf(items)[0] ?? ''
  const kept = await as('bob')('answerReviewItem', { id, item }, { decision: 'keep', reason: 'still needed' })
  expect(kept.body).toMatchObject({ decision: 'keep', by: { subject: 'bob' } })
  expect((await as('bob')('completeReview', { id })).body).toMatchObject({ state: 'completed' })
  expect(itemsOf(await as('bob')('listReviews'))).toEqual([id])
})

import { describe, expect, it } from 'vitest'
import { condition, DAY, HOUR, MINUTE, NOW, person, policyOf, role, rule, stage } from '../access/fixture.ts'
import { ASKED, alice, bob, caller, carol, plane, policyAdmin, root, YES } from './fixture.ts'

/** What people who may do something try beyond it. */

const NESTED = "groups.all(a, groups.all(b, groups.all(c, a != '' && b != '' && c != '')))"
const NOTHING = { narrowing: null, durationMs: null } as const

describe('who left', () => {
  it('renews no password and no certificate by a certificate, once the token behind it is over', async () => {
    const { control, state } = await plane(policyOf({ rules: [rule('auto', [])] }))
    await control.createRequest(alice, { ...ASKED, durationMs: 8 * HOUR })
    const old = caller(person('alice', [], { expiresAt: NOW + 10 * MINUTE }))
    const asked = { target: 'orders', role: null, grantId: null, durationMs: null }
    await control.issuePassword(old, asked)
    state.now = NOW + 10 * MINUTE
    await expect(control.issuePassword(old, asked)).rejects.toThrow(/SP-FRESH-LOGIN/)
    await expect(control.issueCertificate(old, { publicKey: null, durationMs: null })).rejects.toThrow(/SP-FRESH-LOGIN/)
  })

  it('comes back by nothing that was issued to the login that is over', async () => {
    const { control, state } = await plane(policyOf({ rules: [rule('auto', [])] }))
    const login = (sid: string) => caller(person('alice', [], { sid }))
    await control.createRequest(alice, ASKED)
    const asked = { target: 'orders', role: null, grantId: null, durationMs: null }
    for (const sid of ['one', 'two']) await control.issuePassword(login(sid), asked)
    const left = async () =>
      (await control.passwords(alice, { all: false })).items.filter(({ revokedAt }) => revokedAt === null).length
    const { issuer, subject } = alice.identity
    await control.loggedOut({ issuer, subject: 'bob', sid: null })
    await control.loggedOut({ issuer: 'https://other.example.test', subject, sid: null })
    await control.loggedOut({ issuer, subject: null, sid: 'three' })
    expect(await left()).toBe(2)
    await control.loggedOut({ issuer, subject: null, sid: 'one' })
    expect(await left()).toBe(1)
    await control.loggedOut({ issuer, subject, sid: null })
    expect(await left()).toBe(0)
    expect(state.events.filter(({ activity }) => activity === 'password.revoked')).toHaveLength(2)
  })

  it('brings no group back by an older token', async () => {
    const { control, store } = await plane()
    const at = (minutes: number, groups: readonly string[]) =>
      person('dan', groups, { issuedAt: NOW + minutes * MINUTE })
    await control.seen(at(0, ['dba']))
    await control.seen(at(5, []))
    await control.seen(at(0, ['dba']))
    const [dan] = await store.read((tx) => tx.people.list({ where: { email: 'dan@example.test' } }))
    expect(dan?.identity.groups).toEqual([])
  })
})

describe('who heaps up what they hold', () => {
  it('is stopped long before it could keep a lock from ending all of it', async () => {
    const { control, store } = await plane(policyOf({ rules: [rule('auto', [])] }))
    const asked = { target: 'orders', role: null, grantId: null, durationMs: null }
    const first = (await control.createRequest(alice, ASKED)).grant
    const { record } = await control.issuePassword(alice, asked)
    await store.write(async (tx) => {
      for (let more = 1; more < 100; more++) await tx.passwords.insert({ ...record, id: `p${more}`, version: 1 })
    })
    await expect(control.issuePassword(alice, asked)).rejects.toThrow(/SP-REQUEST.*still good/)
    await store.write(async (tx) => {
      if (first === null) return
      for (let more = 1; more < 200; more++) await tx.grants.insert({ ...first, id: `g${more}`, version: 1 })
    })
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/SP-REQUEST.*hand some back/)
    const lock = { what: 'person', value: 'alice@example.test', reason: 'left', until: null } as const
    await control.setLock(root, lock)
    expect(await store.read((tx) => tx.grants.count({ where: { state: 'active' } }))).toBe(0)
  })

  it('fills no store with refusals, and all that are old are forgotten', async () => {
    const { control, store, state } = await plane()
    const told = { database: '', role: null, code: 'SP-NO-GRANT', reason: 'none', needs: [], clear: [] }
    const note = (statement: number) =>
      control.refusals.note({ ...told, person: alice.identity, target: 'orders', statementSha256: `${statement}` })
    const ids = Array.from({ length: 100 }, (_, statement) => note(statement))
    await control.settled()
    expect(ids.filter((id) => id !== null)).toHaveLength(30)
    const count = () => store.read((tx) => tx.refusals.count({}))
    expect(await count()).toBe(30)
    state.now += MINUTE
    expect(note(100)).not.toBeNull()
    // What is refused again is the same refusal.
    expect(note(100)).toBe(note(100))
    await control.settled()
    const [one] = await store.read((tx) => tx.refusals.list({ limit: 1 }))
    await store.write(async (tx) => {
      for (let more = 0; one !== undefined && more < 600; more++) await tx.refusals.insert({ ...one, id: `old${more}` })
    })
    state.now += 4 * DAY
    await control.tick()
    expect(await count()).toBe(0)
  })

  it('has no more than so many requests wait', async () => {
    const { control, store } = await plane()
    const { request } = await control.createRequest(alice, ASKED)
    await store.write(async (tx) => {
      for (let more = 1; more < 100; more++) await tx.requests.insert({ ...request, id: `r${more}`, version: 1 })
    })
    await expect(control.createRequest(alice, ASKED)).rejects.toThrow(/SP-REQUEST.*cancel some/)
    await control.cancelRequest(alice, request.id, 'too many')
    expect((await control.createRequest(alice, ASKED)).request.state).toBe('pending')
  })
})

describe('who only calls themselves as another person', () => {
  it('sees and ends nothing of theirs', async () => {
    const { control, store } = await plane(policyOf({ rules: [rule('auto', [], { verbs: ['read'] })] }))
    const eve = caller(person('eve', [], { aliases: ['eve', 'eve@example.test', 'alice@example.test'] }))
    const { grant } = await control.createRequest(alice, ASKED)
    const id = grant?.id ?? ''
    const asked = { target: 'orders', role: null, grantId: id, durationMs: null }
    const { record } = await control.issuePassword(alice, asked)
    const note = { database: '', role: null, code: 'SP-NO-GRANT', reason: 'none', needs: [], clear: [] }
    const refusal = { ...note, person: alice.identity, target: 'orders', statementSha256: null }
    const refused = control.refusals.note(refusal) ?? ''
    await control.settled()
    const tried = {
      grant: control.grant(eve, id),
      request: control.request(eve, grant?.grant.requestId ?? ''),
      'hand back': control.handBack(eve, id, 'done'),
      extend: control.extendGrant(eve, id, { durationMs: null, reason: 'more', ticket: null }),
      password: control.revokePassword(eve, record.id),
      refusal: control.refusal(eve, refused),
    }
    for (const [what, trial] of Object.entries(tried)) await expect(trial, what).rejects.toThrow(/SP-NOT-FOUND/)
    expect((await store.read((tx) => tx.grants.get(id)))?.state).toBe('active')
    expect((await control.refusal(alice, refused)).id).toBe(refused)
  })
})

describe('a request that waits', () => {
  it('gives no role that became another one meanwhile', async () => {
    const { control, state } = await plane()
    const { request } = await control.createRequest(alice, ASKED)
    const wider = role('reader', {}, { digest: 'wider', unrestricted: true })
    state.policy = policyOf({ roles: [wider] })
    await expect(control.vote(bob, request.id, YES)).rejects.toThrow(/SP-STATE.*role reader has changed/)
    const none = { parameters: null, start: null, ticket: null, script: null, reason: null, ...NOTHING }
    await control.amendRequest(alice, request.id, none)
    expect((await control.vote(bob, request.id, YES)).request.state).toBe('approved')
  })

  it('counts twenty votes of one person at a time as one', async () => {
    const rules = [rule('dual', [stage(['dba'], { quorum: 2 })])]
    const { control, store } = await plane(policyOf({ rules }))
    const { request } = await control.createRequest(alice, ASKED)
    const votes = await Promise.allSettled(Array.from({ length: 20 }, () => control.vote(bob, request.id, YES)))
    expect(votes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await store.read((tx) => tx.grants.count({}))).toBe(0)
    expect((await control.vote(carol, request.id, YES)).request.state).toBe('approved')
  })
})

describe('a pattern or condition that runs away', () => {
  it.each([
    ['a pattern of reasons', policyOf({ roles: [role('reader', { reasonPattern: '^(a+)+$' })] })],
    ['a condition in a condition', policyOf({ rules: [rule('nested', [], { when: condition(NESTED) })] })],
  ])('holds nobody up: %s', async (_, policy) => {
    const { control } = await plane(policy)
    const many = caller(
      person(
        'dan',
        Array.from({ length: 400 }, (__, index) => `group-${index}`),
      ),
    )
    const started = performance.now()
    const asked = control.createRequest(many, { ...ASKED, reason: `${'a'.repeat(60)}!` })
    await expect(asked).rejects.toThrow(/SP-REQUEST.*take too long/)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('who changes policy', () => {
  const weak = rule('weak', [stage(['policy'])])
  const strict = rule('strict', [stage(['dba'])])
  const change = { kind: 'approval' as const, name: 'strict', reason: 'cleaning up', replaces: null }

  it.each([
    ['it was for the same role', ['reader'], false],
    ['it was for all of them', undefined, false],
    ['it was for others', ['writer'], true],
  ])(
    'approves by a weaker rule after taking a stricter one away only where it was for others: %s',
    async (_, roles, approves) => {
      const policy = policyOf({ rules: [strict, weak], settings: { fourEyes: false } })
      const { control, state } = await plane(policy)
      const second = caller(person('sue', ['policy']))
      await control.seen(policyAdmin.identity)
      await control.seen(second.identity)
      const made = await control.putPolicy(second, { ...change, body: roles === undefined ? {} : { roles } })
      state.now += 40 * DAY
      await control.putPolicy(policyAdmin, { ...change, replaces: made.digest, body: null })
      state.policy = policyOf({ rules: [weak] })
      await control.seen(second.identity)
      const { request } = await control.createRequest(alice, ASKED)
      const voted = control.vote(policyAdmin, request.id, YES)
      if (approves) expect((await voted).request.state).toBe('approved')
      else await expect(voted).rejects.toThrow(/SP-SEPARATION/)
    },
  )
})

describe('a standing grant made as policy', () => {
  const give = (principal: object) => ({
    kind: 'grant' as const,
    name: 'g',
    reason: 'on call',
    replaces: null,
    body: { principal, target: 'orders', role: 'reader' },
  })
  const second = caller(person('sue', ['policy']))

  it.each([
    ['their email', { email: 'SUE@example.test' }],
    ['their subject', { subject: 'sue' }],
    ['a group of theirs', { group: 'policy' }],
  ])('is not put in force by who would hold it, by %s', async (_, principal) => {
    const four = await plane()
    await four.control.putPolicy(policyAdmin, give(principal))
    const yes = { decision: 'approve', reason: 'ok' } as const
    await expect(four.control.decidePolicy(second, 'grant', 'g', 1, yes)).rejects.toThrow(/SP-SEPARATION/)
    const alone = await plane(policyOf({ settings: { fourEyes: false } }))
    await expect(alone.control.putPolicy(second, give(principal))).rejects.toThrow(/SP-SEPARATION/)
    expect((await alone.control.putPolicy(second, give({ email: 'alice@example.test' }))).state).toBe('in_force')
  })
})

describe('an access review', () => {
  it('is not answered by a member of the group that holds the grant', async () => {
    const held = { id: 'f', kind: 'file' as const, target: 'orders', role: 'reader', parameters: new Map() }
    const told = { narrowing: null, reason: 'r', ticket: null, incident: null, requestId: null, plan: null }
    const span = { start: NOW - DAY, end: NOW + DAY }
    const fileGrants = [
      { ...held, ...told, ...span, principal: { group: 'security' } },
      { ...held, ...told, ...span, id: 'g', principal: { subject: 'carol', issuer: null } },
    ]
    const { control } = await plane(policyOf({ fileGrants }))
    const plan = { name: 'q', from: NOW - DAY, to: NOW + DAY, reviewerGroups: ['security'], dueAt: NOW + DAY }
    const { id } = await control.openReview(root, { ...plan, onUnanswered: 'revoke' })
    for (const line of (await control.reviewItems(root, id, {})).items) {
      const keep = { decision: 'keep', reason: 'mine' } as const
      await expect(control.answerReview(carol, line.id, keep)).rejects.toThrow(/SP-SEPARATION/)
    }
  })
})

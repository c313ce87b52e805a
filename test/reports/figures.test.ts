import { describe, expect, it, onTestFinished } from 'vitest'
import { figuresOf } from '../../src/reports/figures.ts'
import { idleGrants, overPrivilege } from '../../src/reports/grant_findings.ts'
import { accessSpans, meanAccessMs, median, percentile } from '../../src/reports/spans.ts'
import { createUsage } from '../../src/reports/usage.ts'
import { openStore } from '../../src/store/open_store.ts'
import { DAY, HOUR, MINUTE, NOW, role } from '../access/fixture.ts'
import { ASKED, alice, bob, plane, YES } from '../control/fixture.ts'
import { grantOf } from '../policy/build.ts'
import { BOB, grantRecord } from '../store/records.ts'
import { PERIOD, policyWith, reportDeps, session, usage, WRITER } from './fixture.ts'

const READER = role('reader')

async function emptyStore() {
  const store = await openStore({ kind: 'sqlite', dir: null })
  onTestFinished(() => store.close())
  return store
}

function held(from: number, to: number, over: { holder?: typeof BOB; role?: string } = {}) {
  const { holder, grant, id } = grantRecord(over.holder ? { holder: over.holder } : {}, { role: over.role ?? 'reader' })
  const unused = { idleAfterMs: 0, firstUsedAt: null, lastUsedAt: null }
  return { id, holder, grant, kind: grant.kind, start: from, end: to, ...unused }
}

describe('the duration of access', () => {
  it('joins what prolongs, keeps people and roles apart, and leaves out what never began', () => {
    const spans = accessSpans([
      held(0, 10),
      held(10, 30),
      held(5_000, 6_000),
      held(0, 40, { holder: BOB }),
      held(20, 50, { role: 'writer' }),
      held(90, 80),
    ])
    expect(spans).toEqual([
      { start: 0, end: 30 },
      { start: 5_000, end: 6_000 },
      { start: 0, end: 40 },
      { start: 20, end: 50 },
    ])
    expect(meanAccessMs(spans, { from: 0, to: 100 })).toBe(Math.round((30 + 40 + 30) / 3))
    expect(meanAccessMs(spans, { from: 7_000, to: 9_000 })).toBeNull()
  })

  it.each([
    [[], null, null],
    [[3], 3, 3],
    [[9, 1, 5], 5, 9],
    [[4, 2], 3, 4],
  ])('of %j the middle is %s, the 99th percentile %s', (numbers, middle, p99) => {
    expect(median(numbers)).toBe(middle)
    expect(percentile(numbers, 0.99)).toBe(p99)
  })
})

describe('over-privileged sessions', () => {
  it('are those whose grant gave what nobody used, or for which a narrower role was enough', async () => {
    const store = await emptyStore()
    await store.write(async (tx) => {
      for (const [id, name] of [
        ['g1', 'writer'],
        ['g2', 'writer'],
        ['g3', 'reader'],
        ['g4', 'gone'],
      ] as const) {
        await tx.grants.insert(grantRecord({ id }, { role: name, narrowing: null, end: NOW }))
      }
      for (const [id, grantId] of [
        ['s1', 'g1'],
        ['s2', 'g1'],
        ['s3', 'g2'],
        ['s4', 'g3'],
        ['s5', 'g4'],
      ] as const) {
        await tx.sessions.insert(session(id, grantId))
      }
      await tx.sessions.insert(session('s6', 'g1', { startedAt: 5 }))
      await tx.sessions.insert(session('s7', 'g1', { endedAt: null }))
      await tx.usage.insert(usage('g1', 'users', 'read'))
      await tx.usage.insert(usage('g2', 'users', 'read'))
      await tx.usage.insert(usage('g2', 'orders', 'update'))
      await tx.usage.insert(usage('g3', 'users', 'read'))
    })
    const deps = reportDeps(store, policyWith([READER, WRITER]), { known: 10 })
    const { sessions, overPrivileged, findings } = await overPrivilege(deps, PERIOD)
    // g2 used both verbs, g3 its only one; what a role that is gone gave is not known; s6 is older than the counts.
    expect({ sessions, overPrivileged }).toEqual({ sessions: 5, overPrivileged: 2 })
    expect(findings).toMatchObject([
      {
        grantId: 'g1',
        sessions: 2,
        enoughRole: 'reader',
        unused: [{ verb: 'update', tables: ['*'] }],
        enough: [{ schemas: ['shop'], tables: ['users'], verbs: ['read'] }],
      },
    ])
    const use = createUsage(store, () => policyWith([READER, WRITER]))
    expect((await use.of('g2')).map(({ table, verb }) => [table, verb])).toEqual([
      ['orders', 'update'],
      ['users', 'read'],
    ])
    expect(await use.beside({ grantId: 'g2', role: 'gone' })).toMatchObject({ granted: null, used: [{}, {}] })
    expect((await use.beside({ grantId: 'g1', role: 'writer' })).granted?.map(({ verb }) => verb)).toEqual([
      'read',
      'update',
    ])
  })

  it('are none where nobody knows what was used', async () => {
    const store = await emptyStore()
    await store.write(async (tx) => {
      await tx.grants.insert(grantRecord({ id: 'g1' }, { role: 'writer', end: NOW }))
      await tx.sessions.insert(session('s1', 'g1'))
    })
    const unknown = reportDeps(store, policyWith([WRITER]), { known: null })
    expect(await overPrivilege(unknown, PERIOD)).toEqual({ sessions: 0, overPrivileged: 0, findings: [] })
    expect(await idleGrants(unknown)).toEqual([])
  })
})

it('idle are grants that are open and were not used for a week, or for as long as they say', async () => {
  const store = await emptyStore()
  const open = { start: NOW - 20 * DAY, end: NOW + DAY, role: 'writer', narrowing: null }
  await store.write(async (tx) => {
    await tx.grants.insert(grantRecord({ id: 'never' }, open))
    await tx.grants.insert(grantRecord({ id: 'lately' }, open))
    await tx.grants.insert(grantRecord({ id: 'long ago', idleAfterMs: HOUR }, open))
    await tx.grants.insert(grantRecord({ id: 'new' }, { ...open, start: NOW - DAY }))
    await tx.grants.insert(grantRecord({ id: 'in use' }, open))
    await tx.grants.insert(grantRecord({ id: 'over', state: 'expired' }, open))
    await tx.usage.insert(usage('lately', 'users', 'read'))
    await tx.usage.insert(usage('long ago', 'users', 'read'))
    await tx.sessions.insert(session('s1', 'in use', { endedAt: null }))
  })
  const file = grantOf({ id: 'in a file', kind: 'file', target: 'orders', role: 'reader', start: 0, end: NOW + DAY })
  const policy = policyWith([READER, WRITER], { fileGrants: [file] })
  const ids = async (known: number) =>
    (await idleGrants(reportDeps(store, policy, { known }))).map((one) => one.grantId)
  expect(await ids(0)).toEqual(['long ago', 'never', 'in a file'])
  // What was used before the counts began, nobody knows: only that it was not since.
  expect(await ids(NOW - 8 * DAY)).toEqual(['long ago', 'never', 'in a file'])
  expect(await ids(NOW - 6 * DAY)).toEqual(['long ago'])
})

it('the figures of a period come from what people did in it', async () => {
  const { control, store, state } = await plane()
  const asked = await control.createRequest(alice, { ...ASKED, durationMs: HOUR })
  state.now += MINUTE
  const { grant } = await control.vote(bob, asked.request.id, YES)
  const id = grant!.id
  await store.write(async (tx) => {
    const record = (await tx.grants.get(id))!
    await tx.grants.update({ ...record, firstUsedAt: state.now + MINUTE, lastUsedAt: state.now + MINUTE })
    await tx.usage.insert(usage(id, 'users', 'read'))
    await tx.sessions.insert(session('s1', id, { startedAt: state.now, endedAt: state.now + MINUTE }))
  })
  state.now += 30 * MINUTE
  await control.handBack(alice, id, 'done')
  const policy = policyWith([READER], {
    standingAccounts: [{ target: 'orders', user: 'ro' }],
    fileGrants: [grantOf({ id: 'f1', role: 'reader', start: 0, end: NOW + DAY })],
  })
  const finding = { severity: 'high', text: '', mend: '' } as const
  const posture = [
    { target: 'orders', checkedAt: NOW, findings: [{ ...finding, id: 'postgres.person_login', object: 'alice.a' }] },
    {
      target: 'billing',
      checkedAt: NOW,
      findings: ["'bob.b'@'%'", "'app'@'10.0.0.1'", "''@'%'"].map((object) => ({
        ...finding,
        id: 'mysql.standing_account',
        object,
      })),
    },
    { target: 'other', checkedAt: null, findings: [] },
  ]
  const deps = reportDeps(store, policy, { posture, now: state.now })
  const figures = await figuresOf(deps, { from: NOW - DAY, to: state.now + 1 }, [20, 900, 40])
  expect(figures).toEqual({
    from: NOW - DAY,
    to: state.now + 1,
    standingCredentials: 4,
    standing: { accounts: 1, grants: 1, logins: 2, targetsUnchecked: 1 },
    meanAccessMs: 30 * MINUTE,
    overPrivilegedSessions: 0,
    sessions: 1,
    requestToFirstQueryMs: 2 * MINUTE,
    breakGlass: 0,
    revocationP99Ms: 900,
    idleGrants: 1,
  })
  const before = await figuresOf(deps, { from: NOW - 9 * DAY, to: NOW - 8 * DAY }, null)
  expect(before).toMatchObject({ meanAccessMs: null, requestToFirstQueryMs: null, revocationP99Ms: null, sessions: 0 })
})

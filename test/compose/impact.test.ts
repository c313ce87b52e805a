import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.ts'
import { createImpact } from '../../src/compose/impact.ts'
import { readStatements } from '../../src/compose/impact_log.ts'
import type { Grant } from '../../src/policy/grant.ts'
import { createIds } from '../../src/proxy/ids.ts'
import { Gate } from '../../src/session/gate.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'
import { SESSION } from '../audit/events.ts'
import { openTestLog } from '../auditlog/log.ts'
import { alice, NOW, world } from './world.ts'

const DAY_MS = 86_400_000

/** They tell nothing of a policy: a grant that had ended, and one that nobody knows any more. */
const OF_STATE = [
  [{ effect: 'deny', code: 'SP-GRANT-ENDED' }, 'g1'],
  [{}, 'forgotten'],
] as const

type World = Awaited<ReturnType<typeof world>>

/** The log that the gate itself leaves when alice runs these, each at so many days ago. */
async function ran(
  { deps, config, auditLog }: World,
  statements: readonly (readonly [text: string, daysAgo: number])[],
): Promise<void> {
  const { identity } = alice()
  const [grant] = config.grants as [Grant]
  const catalog = await deps.catalogs.ensure(deps.live.settings.targets.get('orders') as never, 'app')
  const engine = await deps.engineFor(catalog)
  const target = deps.live.settings.targets.get('orders')
  if (target === undefined) throw new Error('no target')
  const { catalogs, live } = deps
  const policy = live.policy
  const ids = createIds(() => NOW)
  const gate = new Gate({ catalogs, policy, grants: { refusal: () => null }, ids, quota: new MemoryQuota(deps.clock) })
  const session = { ...SESSION, identity, target: 'orders', database: 'app', grantId: grant.id }
  const subject = { session, identity, grant, target, database: 'app', engine }
  const names = { searchPath: null, defaultDatabase: null, sqlMode: null, key: '' }
  const log = await openTestLog(auditLog)
  for (const [text, daysAgo] of statements) {
    const { events } = gate.admit(subject, names, text, NOW - daysAgo * DAY_MS)
    await log.append(events)
  }
  for (const [more, grantId] of OF_STATE) {
    const { events } = gate.admit(subject, names, 'SELECT id FROM users', NOW - DAY_MS)
    await log.append(events.map((event) => ({ ...event, ...more, session: { ...session, grantId } }) as AuditEvent))
  }
  await log.close()
}

const USED: readonly (readonly [string, number])[] = [
  ['SELECT name FROM users', 40],
  ['SELECT name FROM users WHERE id = 1', 20],
  ['SELECT name FROM users WHERE id = 2', 10],
  ['SELECT email FROM users', 9],
  ['SELECT total FROM orders', 8],
  ['SELECT FROM WHERE', 7],
]

const role = (more: object) => ({
  scope: [{ schemas: ['app'], tables: ['users'], verbs: ['read'] }],
  ...more,
})

it('counts what a change would have done with the statements of the last 30 days', async () => {
  const here = await world()
  await ran(here, USED)
  const impact = createImpact(here.deps)
  const wider = role({ scope: [{ schemas: ['app'], tables: ['*'], verbs: ['read'] }], unmask: ['app.users.email'] })
  expect(await impact({ kind: 'role', name: 'reader', body: wider })).toEqual({
    from: NOW - 30 * DAY_MS,
    to: NOW,
    ...{ statements: 5, unknown: 2, newlyDenied: 0, newlyAllowed: 1, newlyMasked: 0, newlyClear: 1 },
    examples: [
      {
        eventId: expect.any(String),
        ...{ person: 'alice@example.test', target: 'orders', statement: 'SELECT total FROM orders' },
        ...{ before: expect.stringContaining('denied, SP-SCOPE: '), after: 'allowed' },
      },
      expect.objectContaining({
        before: 'allowed, app.users.email masked',
        after: 'allowed, app.users.email in clear',
      }),
    ],
  })
  const name = { schemas: ['app'], tables: ['users'], columns: ['name'], strategy: 'null' }
  const masked = await impact({ kind: 'mask', name: 'names', body: name })
  expect(masked).toMatchObject({ statements: 5, newlyMasked: 2, newlyDenied: 0, newlyClear: 0 })
  const narrower = role({ scope: [{ schemas: ['app'], tables: ['users'], columns: ['id', 'name'], verbs: ['read'] }] })
  expect(await impact({ kind: 'role', name: 'reader', body: narrower })).toMatchObject({ newlyDenied: 1 })
  expect(await impact({ kind: 'grant', name: 'g1', body: null })).toMatchObject({ newlyDenied: 3, newlyAllowed: 0 })
  const same = await impact({ kind: 'role', name: 'reader', body: role({}) })
  expect(same).toMatchObject({ statements: 5, examples: [] })
})

it('refuses a change that the configuration would not take, and a second question at once', async () => {
  const here = await world()
  await ran(here, [])
  const impact = createImpact(here.deps)
  const wrong = impact({ kind: 'role', name: 'reader', body: { scope: 'all' } })
  await expect(impact({ kind: 'role', name: 'x', body: null })).rejects.toMatchObject({ code: 'SP-RATE' })
  await expect(wrong).rejects.toMatchObject({ code: 'SP-INPUT' })
  await expect(impact({ kind: 'role', name: 'reader', body: null })).rejects.toMatchObject({ code: 'SP-INPUT' })
  const unreadable = createImpact({ ...here.deps, resolve: () => Promise.reject(new Error('no secret')) })
  const asked = unreadable({ kind: 'grant', name: 'g1', body: null })
  await expect(asked).rejects.toMatchObject({ code: 'SP-CONFIG' })
})

it('says what it left out: too many different statements, and no time to read further back', async () => {
  const here = await world()
  await ran(here, USED)
  const bounds = { from: 0, to: NOW, maxDistinct: 2, until: Number.MAX_VALUE, clock: () => 0 }
  const few = readStatements(here.auditLog, bounds)
  expect([few.statements.length, few.left, few.from]).toEqual([2, 6, 0])
  const all = readStatements(here.auditLog, { ...bounds, maxDistinct: 100 })
  expect(all.statements.map(([{ text }, times]) => [text, times])).toContainEqual([
    'SELECT name FROM users WHERE id = ?',
    2,
  ])
  expect(readStatements(join(here.dir, 'none'), bounds)).toEqual({ statements: [], left: 0, from: 0 })
})

it('reads long statements whole, though their text stands once for all who sent it', async () => {
  const here = await world()
  const long = `SELECT name FROM users WHERE id IN (${Array.from({ length: 20_000 }, () => '1').join(',')})`
  const other = `SELECT name FROM users WHERE ${Array.from({ length: 3_000 }, () => 'id = id').join(' AND ')}`
  await ran(here, [
    [other, 9],
    [long, 8],
    ['SELECT id FROM users', 7],
    [other, 6],
  ])
  const bounds = { from: 0, to: NOW, maxDistinct: 100, until: Number.POSITIVE_INFINITY, clock: () => 0 }
  const { statements, left } = readStatements(here.auditLog, bounds)
  expect(left).toBe(0)
  const texts = statements.filter(([{ text }]) => text.length > 3_000)
  expect(texts.map(([{ text }, count]) => [text.length, count]).sort()).toEqual([
    [other.length, 2],
    [long.length, 1],
  ])
  expect(texts.some(([{ text }]) => text === other)).toBe(true)
})

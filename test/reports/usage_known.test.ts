import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { NodeRecord } from '../../src/access/records.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { UsageKnown } from '../../src/compose/usage_known.ts'
import type { Config } from '../../src/config/config.ts'
import { readUsageTail } from '../../src/reports/usage_tail.ts'
import { openStore } from '../../src/store/open_store.ts'
import { lastUsageGap } from '../../src/store/usage_gaps.ts'
import { createUsageLog } from '../../src/store/usage_log.ts'
import { MINUTE, NOW, role } from '../access/fixture.ts'
import { completion, decision } from '../audit/events.ts'
import { logOf, sessionOf } from './log.ts'

const alice = sessionOf('alice', { target: 'orders' })

/** A statement, with its end where it had one. */
function ran(at: number, table: string, verb: string, ended = true): AuditEvent[] {
  const about = { session: alice, statementId: `q-${at}` }
  const done = decision({
    ...{ ...about, id: `d-${at}`, time: at, verbs: verb === 'read' ? ['read'] : ['read', verb] },
    objects: [{ schema: 'shop', name: table, access: verb === 'read' ? 'read' : 'target' }],
    columns: [{ schema: 'shop', table, column: 'email', seen: 'clear' }],
  })
  const end = {
    ...(completion() as Extract<AuditEvent, { kind: 'completion' }>),
    ...about,
    id: `c-${at}`,
    time: at + 1,
  }
  return ended ? [done, end] : [done]
}

const START: AuditEvent = { kind: 'process', id: 'p', time: NOW - 10 * MINUTE, what: 'start' }
const KILLED: readonly AuditEvent[] = [
  START,
  ...ran(NOW - 5 * MINUTE, 'users', 'read'),
  ...ran(NOW - 2_000, 'users', 'read'),
  ...ran(NOW - 1_500, 'orders', 'update'),
  decision({ session: alice, time: NOW - 1_000, effect: 'deny', code: 'SP-SCOPE' }),
  ...ran(NOW - 900, 'items', 'read', false),
]

function left(over: Partial<NodeRecord> = {}): NodeRecord {
  const times = { startedAt: NOW - 9 * MINUTE, seenAt: NOW - 3_000, clockSkewMs: 0 }
  return { id: 'node-1', version: 1, address: null, ...times, ...over }
}

async function started(path: string, killed: NodeRecord | undefined, earlier?: Awaited<ReturnType<typeof openStore>>) {
  const store = earlier ?? (await openStore({ kind: 'sqlite', dir: null }))
  if (earlier === undefined) onTestFinished(() => store.close())
  const failed = (error: unknown) => expect.fail(String(error))
  const uses = createUsageLog({ store, failed })
  onTestFinished(() => uses.close())
  const masks = [{ targets: ['*'], schemas: ['shop'], tables: ['users'], columns: ['email'] }]
  const config = {
    node: { name: 'node-1', audit: { directory: path } },
    roles: new Map([['reader', role('reader', {}, { unmask: ['shop.users.email'] })]]),
    masking: { masks },
  } as unknown as Config
  const clock = { now: () => NOW, monotonic: () => 0 }
  const log = pino({ level: 'silent' })
  const known = new UsageKnown({ config, store, uses, clock, log, left: killed, firstStart: NOW - 60 * MINUTE })
  onTestFinished(() => known.close())
  await known.settled()
  return { store, uses, known }
}

describe('after a process was killed', () => {
  it('what it had counted and not written is counted from its log, once', async () => {
    const path = await logOf(KILLED)
    const first = await started(path, undefined)
    first.uses.note({
      ...{ grantId: 'g1', schema: 'shop', table: 'users', verb: 'read', rows: 3, clear: true, at: NOW - 5 * MINUTE },
    })
    await first.uses.flush()
    for (const _ of [1, 2]) {
      const { known, store } = await started(path, left(), first.store)
      expect(known.since).toBe(NOW - 60 * MINUTE)
      const lines = await store.read((tx) => tx.usage.list({ where: { grantId: 'g1' } }))
      const told = lines.map(({ table, verb, statements, rows, clear }) => [table, verb, statements, rows, clear])
      expect(told.sort()).toEqual([
        ['items', 'read', 1, 0, 0],
        ['orders', 'update', 1, 3, 0],
        ['users', 'read', 2, 6, 2],
      ])
    }
  })

  it.each([
    ['there is no log', '/nowhere/audit', left()],
    ['the log begins later', null, left({ seenAt: NOW - 20 * MINUTE, startedAt: NOW - 30 * MINUTE })],
  ])('nothing from before counts as unused where %s, from then on', async (_what, where, killed) => {
    const path = where ?? (await logOf(KILLED))
    const { known, store } = await started(path, killed)
    expect(known.since).toBe(NOW)
    expect(await lastUsageGap(store)).toBe(NOW)
    // The next start, after an orderly end, knows of it still.
    expect((await started(path, undefined, store)).known.since).toBe(NOW)
  })
})

it('the end of another node that is gone is not known', async () => {
  const store = await openStore({ kind: 'sqlite', dir: null })
  onTestFinished(() => store.close())
  await store.write(async (tx) => {
    await tx.nodes.insert(left({ id: 'node-2', seenAt: NOW - 40_000 }))
    await tx.nodes.insert(left({ id: 'node-3', seenAt: NOW - 1_000 }))
  })
  expect((await started('/nowhere', undefined, store)).known.since).toBe(NOW - 40_000)
})

it('the tail of a log goes back as far as is asked, and says where it can not', async () => {
  const path = await logOf(KILLED)
  const tables = (since: number) =>
    readUsageTail(path, { since, atLeastSince: since })?.map(({ table, verb }) => `${verb} ${table}`)
  expect(tables(NOW - 1_600)).toEqual(['read items', 'update orders'])
  expect(tables(NOW - 9 * MINUTE)).toEqual(['read items', 'update orders', 'read users', 'read users'])
  expect(tables(NOW - 11 * MINUTE)).toBeUndefined()
  const many = Array.from({ length: 40 }, (_, at) => ({ schema: 'shop', name: `t${at}`, access: 'read' as const }))
  const long = await logOf([START, decision({ session: alice, time: NOW, objects: many })])
  expect(readUsageTail(long, { since: NOW - MINUTE, atLeastSince: NOW })).toHaveLength(40)
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Terminal } from './people.ts'
import { MY, PG, startWorld, type World } from './world.ts'

/** What reviewers, auditors and each person read of what happened, by the real command line. */

let world: World
let alice: Terminal
let bob: Terminal
let carol: Terminal
let grantId = ''

const DAY_MS = 86_400_000
const at = (ms: number) => new Date(ms).toISOString()
const period = () => ['--from', at(Date.now() - DAY_MS), '--to', at(Date.now() + DAY_MS)]

beforeAll(async () => {
  world = await startWorld({ store: 'sqlite', node: { posture: { every: '1s' } } })
  alice = await world.terminal('alice')
  bob = await world.terminal('bob')
  carol = await world.terminal('carol')
  for (const person of [alice, bob, carol]) await person.ask('whoami')
  interface Asked {
    readonly request: { readonly id: string }
    readonly grant: { readonly id: string } | null
  }
  const { request } = await alice.ask<Asked>('request', PG, '--role', 'reader', '--reason', 'a look')
  grantId = (await carol.ask<Asked>('approve', request.id, '--reason', 'fine')).grant?.id ?? ''
  const client = await world.connectPg('alice')
  await client.query('SELECT id, note FROM shop.orders LIMIT 7')
  await client.query('DELETE FROM shop.orders').catch(() => undefined)
  await client.end()
})
afterAll(() => world?.stop())

it('a person finds their own statements, and nobody else does', async () => {
  interface Entry {
    readonly kind: string
    readonly statement: string | null
    readonly outcome: string
    readonly rows: number | null
  }
  const own = await alice.ask<Entry[]>('history', '--contains', 'shop.orders')
  expect(own.map(({ outcome, rows }) => [outcome, rows])).toEqual([
    ['denied', null],
    ['ok', 7],
  ])
  expect((await alice.ask<Entry[]>('history')).map(({ kind }) => kind)).toContain('grant.activated')
  expect(await bob.ask('history', '--contains', 'shop.orders')).toEqual([])
})

it('use stands beside the grant, and the figures count it', async () => {
  const used = async () => {
    const { use } = await alice.ask<{ use: readonly { table: string; verb: string; rows: number }[] }>(
      ...['grant', 'show', grantId],
    )
    return use.map(({ table, verb, rows }) => [table, verb, rows])
  }
  // Counts are written every 5 s.
  await expect.poll(used, { timeout: 15_000, interval: 200 }).toEqual([['orders', 'read', 7]])
  const figures = await carol.ask<Record<string, unknown>>('figures')
  expect(figures).toMatchObject({ sessions: 1, over_privileged_sessions: 0, idle_grants: 0, break_glass: 0 })
  expect(figures.request_to_first_query_ms).toBeLessThan(60_000)
  expect((await bob.run('figures')).code).not.toBe(0)
  const opened = await carol.ask<{ id: string }>(
    ...['access-review', 'open', 'now', ...period(), '--reviewers', 'security', '--due', at(Date.now() + DAY_MS)],
  )
  const [line] = await carol.ask<{ use: string; granted: object[]; used: object[] }[]>(
    ...['access-review', 'show', opened.id],
  )
  expect(line).toMatchObject({
    granted: [{ schemas: ['shop'], tables: ['*'], verb: 'read' }],
    used: [{ table: 'orders', verb: 'read', statements: 1 }],
  })
  expect((await carol.run('access-review', 'show', opened.id)).out).toContain('read shop.orders: 1')
})

it('a pack of evidence is proven by a range of the log', async () => {
  const file = join(carol.home, 'pack.json')
  const built = await carol.run('evidence', 'pack', 'soc2-cc6.3', ...period(), '--out', file, '--format', 'json')
  expect(built).toMatchObject({ code: 0 })
  const pack = JSON.parse(readFileSync(file, 'utf8'))
  const rows = (name: string) => pack.sections.find((one: { name: string }) => one.name === name).rows
  expect(rows('requests')).toMatchObject([{ requester: 'alice@example.test', state: 'approved' }])
  expect(rows('votes')).toMatchObject([{ by: 'carol@example.test' }])
  const range = new Map(rows('audit_range').map(({ what, value }: Record<string, unknown>) => [what, value]))
  expect(range.get('chain')).toBe('holds')
  expect(range.get('first sequence')).toBe(0)
  const pdf = join(carol.home, 'pack.pdf')
  expect((await carol.run('evidence', 'pack', 'soc2-cc6.3', 'nist-au-14', ...period(), '--out', pdf)).code).toBe(0)
  expect(readFileSync(pdf).subarray(0, 5).toString()).toBe('%PDF-')
})

it('the posture of targets is told, and what changes on them outside of the proxy', async () => {
  for (const target of [PG, MY]) {
    const { items } = await carol.ask<{ items: readonly { check: string }[] }>('target', 'posture', target)
    expect(items.length).toBeGreaterThan(0)
  }
  const direct = await world.direct()
  let changes = 0
  try {
    await direct.query('CREATE ROLE "eve.e" LOGIN')
    // What was there at the first look is no news; looks are 5 s apart.
    const changed = async () => {
      await direct.query(`ALTER ROLE "eve.e" CONNECTION LIMIT ${++changes} VALID UNTIL '204${changes}-01-01'`)
      return world.activities()
    }
    await expect.poll(changed, { timeout: 40_000, interval: 5_500 }).toContain('posture.finding')
  } finally {
    await direct.query('DROP ROLE "eve.e"')
    await direct.end()
  }
}, 60_000)

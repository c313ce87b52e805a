import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Terminal } from './people.ts'
import { MY, PG, startWorld, type World } from './world.ts'

/** Long enough to be renewed by a timer of one second, short enough to wait for. */
const DURATION_MS = 6_000
const ASK_EVERY_MS = 100

interface Record {
  readonly metadata: { readonly event_code: string }
  readonly unmapped: { readonly jit: { readonly grant_id: string; readonly decision?: { readonly effect: string } } }
}

/** A session that was opened in an incident lives as long as the incident, over the renewals of its grant. */
describe('a session under break-glass', () => {
  let world: World
  let bob: Terminal

  beforeAll(async () => {
    const breakGlass = { duration: `${DURATION_MS / 1000}s`, checkEvery: '1s', reviewGroups: ['security'] }
    world = await startWorld({
      store: 'sqlite',
      sections: { access: { roles: { admin: ['security'], auditor: ['security'] }, breakGlass } },
    })
    bob = await world.terminal('bob')
    await bob.ask('whoami')
  })
  afterAll(() => world?.stop())

  const active = async (target: string) =>
    (
      await bob.ask<{ id: string; grant: { start: string } }[]>('grant', 'ls', '--state', 'active', '--target', target)
    ).map(({ id }) => id)
  const asker = async (target: string, sql: string): Promise<() => Promise<unknown>> => {
    if (target === PG) {
      const client = await world.connectPg('bob')
      return () => client.query(sql)
    }
    const connection = await world.connectMy('bob')
    return () => connection.query(sql)
  }
  const decidedUnder = () =>
    (world.proxy.audit() as unknown as readonly Record[])
      .filter(({ metadata }) => metadata.event_code === 'db.decision')
      .map(({ unmapped }) => unmapped.jit.grant_id)

  it.each([PG, MY])('goes on under the grant that renews its own, and ends with that one (%s)', async (target) => {
    await bob.ask('break-glass', target, '--incident', 'desk:INC-1', '--reason', 'production is down')
    const began = Date.now()
    const [first] = await active(target)
    const sql = "UPDATE shop.orders SET note = 'kept to the letter' WHERE id = 1"
    const ask = await asker(target, sql)
    while (Date.now() < began + DURATION_MS * 1.5) {
      await ask()
      await wait(ASK_EVERY_MS)
    }
    const [second] = await active(target)
    expect(second).not.toBe(first)
    expect([...new Set(decidedUnder())].slice(-2)).toEqual([first, second])
    expect(await (target === PG ? world.accountsPg() : world.accountsMy())).toHaveLength(1)
    expect(JSON.stringify(world.proxy.audit()).includes('kept to the letter')).toBe(true)
    await bob.ask('grant', 'hand-back', second ?? '', '--reason', 'it is up again')
    await expect
      .poll(() =>
        ask().then(
          () => 'runs',
          () => 'ended',
        ),
      )
      .toBe('ended')
    await expect.poll(() => (target === PG ? world.accountsPg() : world.accountsMy()), { timeout: 5_000 }).toEqual([])
  })
})

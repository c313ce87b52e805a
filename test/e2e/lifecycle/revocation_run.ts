import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Terminal } from './people.ts'
import { PG, startWorld, type World } from './world.ts'

const AT_ONCE = 10
/** One in so many runs a statement when it ends, the others are idle. */
const RUNNING_EVERY = 4
const SOON = { timeout: 30_000, interval: 20 }

interface Asked {
  readonly request: { readonly id: string }
  readonly grant: { readonly id: string } | null
}

/** Everything under one grant ends at once, however much that is. */
export function describeRevocation(sessions: number): void {
  describe(`the revocation of a grant with ${sessions} sessions`, () => suite(sessions))
}

function suite(sessions: number): void {
  let world: World
  let alice: Terminal
  let carol: Terminal

  beforeAll(async () => {
    world = await startWorld({
      store: 'sqlite',
      settings: [`max_connections = ${sessions + 60}`],
      targets: { maxConnections: sessions + 50 },
      node: { limits: { perPerson: sessions, perAddress: sessions + 50 } },
    })
    alice = await world.terminal('alice')
    carol = await world.terminal('carol')
    for (const person of [alice, carol]) await person.ask('whoami')
  })
  afterAll(() => world?.stop())

  it('ends each connection, and each account', async () => {
    const { request } = await alice.ask<Asked>('request', PG, '--role', 'reader', '--reason', 'a ticket')
    const { grant } = await carol.ask<Asked>('approve', request.id, '--reason', 'fine')
    const ends: Promise<number>[] = []
    for (let made = 0; made < sessions; made += AT_ONCE) {
      const some = await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, sessions - made) }, () => world.connectPg('alice')),
      )
      ends.push(...some.map(ended))
      for (const [index, client] of some.entries()) {
        if (index % RUNNING_EVERY === 0) client.query('SELECT pg_sleep(600)').catch(() => undefined)
      }
    }
    expect(await world.accountsPg()).toHaveLength(sessions)
    const asked = performance.now()
    const revoking = carol.ask('grant', 'revoke', grant?.id ?? '', '--reason', 'over')
    const seen = Promise.all(ends.map(async (end) => (await end) - asked))
    await expect.poll(() => world.accountsPg(), SOON).toEqual([])
    const gone = performance.now() - asked
    await revoking
    console.info(
      `${sessions} sessions: connections ended ${spread(await seen)}, all accounts gone ${Math.round(gone)} ms`,
    )
    for (const name of ['revocation', 'account_stop', 'account_drop']) {
      await expect.poll(async () => (await figures(world, name)).count, SOON).toBe(sessions)
      console.info(`${name}: p99 at most ${(await figures(world, name)).p99} s`)
    }
  })
}

function ended(client: pg.Client): Promise<number> {
  return new Promise((done) => client.once('end', () => done(performance.now())))
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`
}

/** The program's own histogram, from the end of a grant or of a session on. */
async function figures({ proxy }: World, name: string): Promise<{ count: number; p99: string }> {
  const text = await (await fetch(`${proxy.metricsUrl}/metrics`)).text()
  const buckets = [...text.matchAll(new RegExp(`^sallyport_${name}_seconds_bucket\\{le="(.+)"\\} (\\d+)`, 'gm'))]
  const count = Number(buckets.at(-1)?.[2] ?? 0)
  return { count, p99: buckets.find(([, , within]) => Number(within) >= count * 0.99)?.[1] ?? '' }
}

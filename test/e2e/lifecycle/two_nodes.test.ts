import { readFileSync } from 'node:fs'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Sallyport } from '../../servers/sallyport.ts'
import { type Relay, startRelay } from '../../store/relay.ts'
import { type Terminal, terminalOf } from './people.ts'
import { PG, startWorld, storeIn, type World } from './world.ts'

/** Longer than anything here takes on a machine that is busy with other things. */
const SOON = { timeout: 10_000, interval: 20 }
const ENDLESS = 'SELECT count(*) FROM generate_series(1, 20000000000)'

interface Asked {
  readonly request: { readonly id: string; readonly state: string }
  readonly grant: { readonly id: string } | null
}

/** A node is dead when it was not seen for 15 s, and tells of itself every 2 s; the janitor runs every 20 s. */
const ALIVE_MS = 12_000
const CLEANED_MS = 60_000

const CUT_OFF = /\(SP-LEASE\)$/

interface Listed {
  readonly id: string
  readonly started_at: string
}

/** Two nodes on one store: the second reaches it by a way that can be cut. */
describe('two nodes on one store', () => {
  let world: World
  let relay: Relay
  let second: Sallyport
  let alice: Terminal
  let carol: Terminal
  let carolAtSecond: Terminal

  beforeAll(async () => {
    world = await startWorld({ store: 'postgres' })
    relay = await startRelay(world.postgres.port)
    const store = { ...storeIn(world.postgres), port: relay.port, poll: '200ms', lease: '1s' }
    second = await world.program({ name: 'node-2', store })
    alice = await world.terminal('alice')
    carol = await world.terminal('carol')
    carolAtSecond = await terminalOf('carol', second, world.oidc)
    for (const person of [alice, carol]) await person.ask('whoami')
  })
  afterAll(async () => {
    carolAtSecond?.close()
    relay?.heal()
    await world?.stop()
    await relay?.close()
  })

  const onSecond = (): Promise<pg.Client> =>
    world.connectPg('alice', { port: second.postgresPort, ssl: { ca: readFileSync(second.ca, 'utf8') } })
  /** A node hears of a grant a moment after it was given. */
  const soonOn = (open: () => Promise<pg.Client>) => vi.waitFor(open, SOON)
  const here = () => world.connectPg('alice')
  /** What an open connection is told at its end, and when. */
  const endOf = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => new Error('nothing ended it'),
      (failed: Error) => failed,
    )
    return { message: error.message, at: performance.now() }
  }
  const granted = async () => {
    const { request } = await alice.ask<Asked>('request', PG, '--role', 'reader', '--reason', 'a ticket')
    expect(request.state).toBe('pending')
    const { grant } = await carolAtSecond.ask<Asked>('approve', request.id, '--reason', 'looks right')
    return grant?.id ?? ''
  }

  it('agree: what is asked on one is approved on the other, and a revocation ends the sessions of both', async () => {
    const id = await granted()
    const clients = await Promise.all([soonOn(here), soonOn(onSecond)])
    expect(await world.accountsPg()).toHaveLength(2)
    const ends = clients.map((client) => endOf(client.query(ENDLESS)))
    await expect.poll(() => running(world), SOON).toBe(2)
    const asked = performance.now()
    await carol.ask('grant', 'revoke', id, '--reason', 'no longer needed')
    const [near, far] = await Promise.all(ends)
    expect([near?.message, far?.message]).toEqual([
      expect.stringMatching(/revoked by carol@example.test .*\(SP-REVOKED\)$/),
      near?.message,
    ])
    await expect.poll(() => world.accountsPg(), SOON).toEqual([])
    const ms = (at = 0) => `${Math.round(at - asked)} ms`
    console.info(
      `revoked: here after ${ms(near?.at)}, on the other node after ${ms(far?.at)}, accounts gone after ${ms(performance.now())}`,
    )
    await expect(onSecond()).rejects.toThrow('SP-NO-GRANT')
  })

  it('end each other’s sessions by id, and both end those of a person who is locked', async () => {
    await granted()
    const before = Date.now()
    const there = await soonOn(onSecond)
    const ended = endOf(there.query(ENDLESS))
    // Of those before the end may not be written yet.
    const found = async () => {
      const all = await carol.ask<Listed[]>('session', 'ls', '--all', '--target', PG)
      return all.find(({ started_at }) => Date.parse(started_at) >= before)?.id
    }
    await expect.poll(found, SOON).toBeDefined()
    await carol.ask('session', 'end', (await found()) ?? '', '--reason', 'enough')
    expect((await ended).message).toMatch(/ended by carol@example.test: enough \(SP-REVOKED\)/)
    const clients = await Promise.all([soonOn(here), soonOn(onSecond)])
    const ends = clients.map((client) => endOf(client.query(ENDLESS)))
    const lock = await carol.ask<{ id: string }>(
      'lock',
      'set',
      'person',
      'alice@example.test',
      '--reason',
      'lost laptop',
    )
    for (const { message } of await Promise.all(ends))
      expect(message).toMatch(/locked: lost laptop \(SP-(REVOKED|LOCKED)\)$/)
    await expect(onSecond()).rejects.toThrow('SP-LOCKED')
    await carol.ask('lock', 'lift', lock.id, '--reason', 'found')
    // What a lock has ended stays so: the person asks anew.
    await expect(onSecond()).rejects.toThrow('SP-NO-GRANT')
  })

  it('let nothing through while cut off from the store, and come back', async () => {
    const id = await granted()
    const [busy, idle] = [await soonOn(onSecond), await onSecond()]
    const told = new Promise<string>((done) => {
      idle.once('error', ({ message }) => done(message))
    })
    const ended = endOf(busy.query(ENDLESS))
    relay.cut()
    expect([(await ended).message, await told]).toEqual([
      expect.stringMatching(CUT_OFF),
      expect.stringMatching(CUT_OFF),
    ])
    await expect(onSecond()).rejects.toThrow(CUT_OFF)
    const other = await soonOn(here)
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    relay.heal()
    await expect.poll(() => onSecond().then((back) => back.end()), SOON).toBeUndefined()
    await other.end()
    await carol.ask('grant', 'revoke', id, '--reason', 'done')
    await expect.poll(() => world.accountsPg(), SOON).toEqual([])
  })

  it('leave the accounts of a node alone while it may live, and drop those that it left when it was killed', async () => {
    await granted()
    const client = await soonOn(onSecond)
    // What waits for a lock goes on without its client as what computes does, and leaves the processor alone.
    const holder = await world.direct()
    await holder.query('BEGIN; LOCK TABLE shop.orders')
    const running = endOf(client.query('SELECT id FROM shop.orders'))
    const waiting = async () => (await holder.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount
    await expect.poll(waiting, SOON).toBe(1)
    const [account] = await world.accountsPg()
    second.child.kill('SIGKILL')
    const killedAt = performance.now()
    await running
    expect(await world.accountsPg()).toEqual([account])
    await expect.poll(() => world.accountsPg(), { timeout: CLEANED_MS, interval: 200 }).toEqual([])
    const goneMs = performance.now() - killedAt
    console.info(`what a dead node left was gone after ${Math.round(goneMs / 1000)} s`)
    expect(goneMs).toBeGreaterThan(ALIVE_MS)
    expect(await waiting()).toBe(0)
    await holder.end()
    const told = () => JSON.stringify(world.proxy.audit()).includes(`"${account}"`)
    await expect.poll(told, SOON).toBe(true)
  })
})

async function running(world: World): Promise<number> {
  const client = await world.direct()
  const { rows } = await client.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query ~ '20000000000' AND usename ~ '^sp_'",
  )
  await client.end()
  return rows[0]?.n ?? 0
}

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessRequest, GrantRecord } from '../../../src/access/model.ts'
import { openStore } from '../../../src/store/open_store.ts'
import { everyRecord } from '../../../src/store/snapshot.ts'
import { logLines } from '../../auditlog/log.ts'
import { randomOf } from '../../fuzz/random.ts'
import type { Sallyport } from '../../servers/sallyport.ts'
import { type Terminal, terminalOf } from './people.ts'
import { MY, PG, type StoreKind, startWorld, storeSettings, type World } from './world.ts'

const SOON = { timeout: 15_000, interval: 50 }
const SEED = 20_261
const LATER_MS = 40

/** What one of those who are busy is at when the program is killed, or a moment later. */
type Moment = 'asking' | 'approving' | 'logging in' | 'running' | 'revoking'

interface Asked {
  readonly request: { readonly id: string }
  readonly grant: { readonly id: string } | null
}

/** Killed at any moment, the program leaves no account behind, and no transition without its event. */
export function describeKills(store: StoreKind, moments: readonly Moment[]): void {
  describe(`a node that is killed, on a store in ${store}`, () => killsOn(store, moments))
}

function killsOn(store: StoreKind, moments: readonly Moment[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-crash-'))
  const dataDir = join(folder, 'data')
  const random = randomOf(SEED)
  let world: World
  let node: Sallyport

  beforeAll(async () => {
    mkdirSync(dataDir, { mode: 0o700 })
    world = await startWorld({ store, node: { dataDir } })
    node = world.proxy
  })
  afterAll(async () => {
    await world?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const people = async () => {
    const [alice, bob, carol] = await Promise.all(
      (['alice', 'bob', 'carol'] as const).map((name) => terminalOf(name, node, world.oidc)),
    )
    if (!alice || !bob || !carol) throw new Error('somebody is missing')
    for (const person of [alice, bob, carol]) await person.ask('whoami')
    return { alice, bob, carol }
  }
  type People = Awaited<ReturnType<typeof people>>
  const granted = async (person: Terminal, target: string, { carol }: People, now: (moment: Moment) => void) => {
    now('asking')
    const { request } = await person.ask<Asked>('request', target, '--role', 'reader', '--reason', 'why')
    now('approving')
    const { grant } = await carol.ask<Asked>('approve', request.id, '--reason', 'fine')
    return grant?.id ?? ''
  }
  const at = (port: number) => ({ port, ssl: { ca: readFileSync(node.ca, 'utf8') } })
  /** Each goes round until the program is gone. */
  const busy = (all: People, killed: () => boolean, now: (moment: Moment) => void): (() => Promise<unknown>)[] => {
    const round = (work: () => Promise<unknown>) => async () => {
      while (!killed()) await work().catch(() => pause(5))
    }
    return [
      round(async () => {
        const client = await world.connectPg('alice', at(node.postgresPort))
        await client.query('BEGIN; SELECT id FROM shop.orders')
        await pause(random(50))
        await client.end()
      }),
      round(async () => {
        const connection = await world.connectMy('alice', at(node.mysqlPort))
        await connection.query('SELECT id FROM shop.orders WHERE id = 1')
        await pause(random(50))
        await connection.end()
      }),
      round(async () => {
        const id = await granted(all.bob, PG, all, now)
        now('logging in')
        const client = await world.connectPg('bob', at(node.postgresPort))
        now('running')
        const running = client.query('SELECT count(*) FROM generate_series(1, 20000000000)').catch(() => undefined)
        await pause(random(LATER_MS))
        now('revoking')
        await all.carol.ask('grant', 'revoke', id, '--reason', 'over')
        await running
      }),
    ]
  }

  it('leaves no account, and no transition without its event', async () => {
    for (const [round, wanted] of moments.entries()) {
      if (round > 0) node = await world.program()
      const all = await people()
      if (round === 0) for (const target of [PG, MY]) await granted(all.alice, target, all, () => undefined)
      let killed = false
      const { promise: come, resolve } = Promise.withResolvers<void>()
      const now = (moment: Moment) => moment === wanted && resolve()
      const working = busy(all, () => killed, now).map((work) => work())
      await come
      await pause(random(LATER_MS))
      node.child.kill('SIGKILL')
      killed = true
      await Promise.allSettled(working)
      for (const person of Object.values(all)) person.close()
    }
    const leftBehind = [...(await world.accountsPg()), ...(await world.accountsMy())]
    console.info(`accounts that the last kill left: ${leftBehind.length}`)
    node = await world.program()
    await expect.poll(() => world.accountsPg(), SOON).toEqual([])
    await expect.poll(() => world.accountsMy(), SOON).toEqual([])
    await node.stop()
    const told = events(join(dataDir, 'audit'))
    const stored = await records()
    expect(stored.grants.length).toBeGreaterThan(2)
    expect(owed(stored).filter((code) => !told.has(code))).toEqual([])
    expect([...told].filter((code) => ofTransitions(code) && !owed(stored).includes(code))).toEqual([])
  })

  async function records() {
    const opened = await openStore(storeSettings(store, world.postgres, dataDir))
    try {
      return await opened.read(async (tx) => ({
        requests: await everyRecord(tx.requests, {}),
        grants: await everyRecord(tx.grants, {}),
      }))
    } finally {
      await opened.close()
    }
  }
}

/** What the log has to say of what the store holds. */
function owed({ requests, grants }: { requests: readonly AccessRequest[]; grants: readonly GrantRecord[] }): string[] {
  return [
    ...requests.flatMap(({ id, state }) => [
      `request.created ${id}`,
      ...(state === 'pending' ? [] : [`request.${state} ${id}`]),
    ]),
    ...requests.flatMap(({ id, stages }) =>
      stages.some(({ votes }) => votes.length > 0) ? [`request.vote ${id}`] : [],
    ),
    ...grants.flatMap(({ id, state }) => [
      `grant.activated ${id}`,
      ...(state === 'active' ? [] : [`grant.${state} ${id}`]),
    ]),
  ]
}

function ofTransitions(code: string): boolean {
  return /^(request|grant)\./.test(code)
}

interface Told {
  readonly metadata: { readonly event_code: string }
  readonly entity?: { readonly uid: string }
  readonly unmapped?: { readonly jit?: { readonly grant_id?: string | null } }
}

/** A grant that begins or ends is of a class without an entity, so its id stands with the product's own members. */
function events(path: string): ReadonlySet<string> {
  const all = logLines(path).map((line) => JSON.parse(line) as Told)
  return new Set(
    all.map(({ metadata, entity, unmapped }) => `${metadata.event_code} ${entity?.uid ?? unmapped?.jit?.grant_id}`),
  )
}

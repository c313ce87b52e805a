import { expect, it } from 'vitest'
import type { Privileges } from '../../src/policy/privileges.ts'
import type { Catalog } from '../../src/sql/catalog.ts'
import type { AccountEngine } from '../../src/upstream/accounts.ts'
import type { AccountNote } from '../../src/upstream/accounts_endings.ts'
import { createLiveAccounts } from '../../src/upstream/accounts_live.ts'
import { catalogOf } from '../policy/build.ts'
import { grantOf, roleOf } from '../session/fixture.ts'
import { keptLedger, NODE, notesOf, SETTINGS } from './accounts_fixture.ts'
import { targetOf } from './target.ts'

/** When what accounts share is brought up to date, with an engine that only remembers what it was told. */

const NOTHING: Privileges = {
  ...{ database: 'shop', unrestricted: false, readOnly: true },
  ...{ schemas: [], relations: [], routines: [], definitions: [] },
}

interface Prepared {
  readonly digest: string
  readonly schemas: readonly string[]
  readonly names: readonly string[]
}

function yardOf() {
  const prepared: Prepared[] = []
  const notes: AccountNote[] = []
  const during: { create?: () => Promise<void>; prepare?: () => Promise<void> } = {}
  const engine: AccountEngine = {
    prepare: async ({ digest, privileges: { schemas } }, names) => {
      prepared.push({ digest, schemas, names })
      await during.prepare?.()
      return []
    },
    create: async () => during.create?.(),
    stop: async () => undefined,
    drop: async () => new Map(),
    found: async () => [],
    sweep: async () => undefined,
    close: async () => undefined,
  }
  const target = targetOf({ engine: 'postgres', port: 1 })
  let catalog = version('1')
  const accounts = createLiveAccounts({
    node: NODE,
    engineOf: () => engine,
    primaryOf: () => target,
    settingsOf: () => SETTINGS,
    privilegesOf: async ({ role }) => ({
      key: role.digest,
      catalog,
      // What the privileges are worked out from does not matter here: the schemas tell which catalog it was.
      privilegesIn: async ({ schemas }) => ({ ...NOTHING, schemas: [...schemas] }),
    }),
    ledger: keptLedger(),
    clock: { now: () => 0, monotonic: () => 0 },
    report: (note) => void notes.push(note),
    observe: () => undefined,
  })
  const open = (id: string, digest = 'r1') =>
    accounts.open(
      { id, person: 'alice', database: 'shop', role: { ...roleOf(), digest } },
      target,
      grantOf({ id: 'g1' }),
    )
  const follow = (next: Catalog, database = 'shop') => {
    catalog = next
    return accounts.follow({ target: target.name, database, catalog: next })
  }
  return { accounts, prepared, notes, during, open, follow, target }
}

function version(schema: string): Catalog {
  return { ...catalogOf([]), schemas: new Set([schema]), digest: `catalog-${schema}` }
}

const tellsOf = (prepared: readonly Prepared[]) => prepared.map(({ schemas }) => schemas.join())

it('is renewed under its name for sessions that are open, once for a catalog, and by what changed alone', async () => {
  const { accounts, prepared, open, follow } = yardOf()
  const [one] = [await open('s1'), await open('s2'), await open('s3', 'r2')]
  expect(tellsOf(prepared)).toEqual(['1', '1'])
  await follow(version('2'))
  await follow(version('2'))
  await follow({ ...version('2'), digest: 'something else has changed' })
  await follow(version('other'), 'another database')
  expect(tellsOf(prepared)).toEqual(['1', '1', '2', '2'])
  expect(prepared[2]).toMatchObject({ digest: prepared[0]?.digest, names: [one?.user, expect.any(String)] })
  expect(new Set(prepared.map(({ digest }) => digest)).size).toBe(2)
  for (const id of ['s1', 's2']) await accounts.close(id)
  await follow(version('3'))
  expect(tellsOf(prepared).slice(4)).toEqual(['3'])
  await open('s4')
  expect(prepared.at(-1)).toMatchObject({ digest: prepared[0]?.digest, schemas: ['3'] })
})

it('is renewed too for a session that began while the catalog changed, and never goes back', async () => {
  const { prepared, during, open, follow } = yardOf()
  during.create = async () => {
    delete during.create
    await follow(version('2'))
  }
  await open('s1')
  expect(tellsOf(prepared)).toEqual(['1', '2'])
  during.create = async () => {
    delete during.create
    await follow(version('3'))
    throw new Error('what it shares was swept')
  }
  await open('s2')
  expect(tellsOf(prepared).slice(2)).toEqual(['3', '3'])
})

it('is renewed one at a time, the newest last', async () => {
  const { prepared, during, open, follow } = yardOf()
  await open('s1')
  const slow = Promise.withResolvers<void>()
  during.prepare = () => slow.promise
  const second = follow(version('2'))
  await expect.poll(() => prepared.length).toBe(2)
  const third = follow(version('3'))
  slow.resolve()
  await Promise.all([second, third])
  expect(tellsOf(prepared)).toEqual(['1', '2', '3'])
})

it('that could not be renewed is reported, and tried again by the janitor alone', async () => {
  const { accounts, prepared, notes, during, open, follow, target } = yardOf()
  await open('s1')
  during.prepare = () => Promise.reject(new Error('refused'))
  await follow(version('2'))
  await follow(version('2'))
  expect([tellsOf(prepared), notesOf(notes, 'failed').length]).toEqual([['1', '2'], 1])
  await accounts.clean([target])
  delete during.prepare
  await accounts.clean([target])
  await accounts.clean([target])
  expect([tellsOf(prepared), notesOf(notes, 'failed').length]).toEqual([['1', '2', '2', '2'], 2])
})

import { expect, it } from 'vitest'
import type { AccountEngine } from '../../src/upstream/accounts.ts'
import { createLiveAccounts } from '../../src/upstream/accounts_live.ts'
import { catalogOf } from '../policy/build.ts'
import { grantOf, roleOf } from '../session/fixture.ts'
import { keptLedger, NODE, SETTINGS } from './accounts_fixture.ts'
import { targetOf } from './target.ts'

it('keeps the account of a session that goes on under another grant, and ends it with that one', async () => {
  const dropped: string[] = []
  const engine: AccountEngine = {
    prepare: async () => [],
    create: async () => undefined,
    stop: async () => undefined,
    drop: async (_target, names) => {
      dropped.push(...names)
      return new Map()
    },
    found: async () => [],
    sweep: async () => undefined,
    close: async () => undefined,
  }
  const ledger = keptLedger()
  const target = targetOf({ engine: 'postgres', port: 1 })
  const nothing = { database: 'shop', schemas: [], relations: [], routines: [], definitions: [], readOnly: true }
  const accounts = createLiveAccounts({
    node: NODE,
    engineOf: () => engine,
    primaryOf: () => target,
    settingsOf: () => SETTINGS,
    privilegesOf: async () => ({
      key: 'k',
      catalog: catalogOf([]),
      privilegesIn: async () => ({ ...nothing, unrestricted: false }),
    }),
    ledger,
    clock: { now: () => 0, monotonic: () => 0 },
    report: () => undefined,
    observe: () => undefined,
  })
  const session = { id: 's1', person: 'alice', database: 'shop', role: roleOf() }
  const { user } = await accounts.open(session, target, grantOf({ id: 'g1' }))
  await accounts.goOn?.('s1', grantOf({ id: 'g2' }))
  await accounts.goOn?.('nobody', grantOf({ id: 'g2' }))
  expect(ledger.entries.get(user)).toMatchObject({ grantId: 'g2', sessionId: 's1' })
  await accounts.dropGrant('g1')
  expect(dropped).toEqual([])
  await accounts.dropGrant('g2')
  expect(dropped).toEqual([user])
})

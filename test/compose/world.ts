import { join } from 'node:path'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Caller } from '../../src/access/control.ts'
import type { QuestionsDeps } from '../../src/compose/questions_part.ts'
import { loadConfig } from '../../src/config/load.ts'
import { LiveConfig } from '../../src/live_config.ts'
import { createEngines } from '../../src/proxy/engines.ts'
import { createSecrets } from '../../src/secrets/live_secrets.ts'
import type { Catalogs } from '../../src/session/ports.ts'
import type { Catalog } from '../../src/sql/catalog.ts'
import { createFileGrants } from '../../src/store/file_grants.ts'
import { openStore } from '../../src/store/open_store.ts'
import { configDir, secrets } from '../config/config_dir.ts'
import { catalogOf, relation } from '../policy/build.ts'

/** What questions are asked of: a configuration in files, a catalog at hand, a store in memory. */

export const NOW = Date.parse('2027-03-01T10:00:00Z')
export const CATALOG = catalogOf([
  { ...relation('users', ['id', 'name', 'email']), schema: 'app', oid: 16_500 },
  { ...relation('orders', ['id', 'total']), schema: 'app', oid: 16_501 },
])

export const ROLES = `version: 1
roles:
  - name: reader
    scope: [{ schemas: [app], tables: [users], verbs: [read] }]
    limits: { maxRowsPerResult: 1000 }
  - name: tenant
    parameters: { who: string }
    scope: [{ schemas: [app], tables: ['*'], verbs: [read], where: [{ column: name, op: '=', parameter: who }] }]
  - name: owner
    unrestricted: true
`

export function alice(groups: readonly string[] = []): Caller {
  const identity = {
    ...{ issuer: 'https://idp.example.test', subject: 'u-alice', email: 'alice@example.test', name: 'Alice', groups },
    ...{ aliases: [], tokenId: null, expiresAt: NOW * 2, authTime: null, acr: null, amr: [] },
  }
  return { identity, clientAddress: null }
}

export async function world(files: Readonly<Record<string, string | null>> = {}, catalog: Catalog = CATALOG) {
  const dir = configDir({ 'roles.yaml': ROLES, ...files })
  const clock = { now: () => NOW, monotonic: () => 0 }
  const config = await loadConfig(dir, secrets)
  const store = await openStore({ kind: 'sqlite', dir: null })
  const live = createSecrets({ baseDir: dir, clock, onReading: () => {} })
  const notes = { read: () => null, write: async () => {} }
  const liveConfig = new LiveConfig(config, live, clock, pino({ level: 'silent' }), notes, () => {})
  const withCatalog = { ...catalog, searchPath: ['app'], schemas: new Set(['app']) }
  const atHand: Catalogs = {
    current: () => withCatalog,
    latest: () => withCatalog,
    awaited: () => false,
    ensure: async () => withCatalog,
    invalidate: () => {},
    recheck: () => {},
  }
  const files_ = createFileGrants(config.grants, clock)
  onTestFinished(async () => {
    liveConfig.close()
    await live.close()
    await store.close()
  })
  const deps = {
    ...{ live: liveConfig, catalogs: atHand, engineFor: createEngines(), store, clock, configDir: dir },
    grants: files_,
    plans: NO_PLANS,
    resolve: secrets,
  } satisfies QuestionsDeps & Record<string, unknown>
  return { deps, config, dir, auditLog: config.node.audit.directory, folder: join(dir, 'data') }
}

const NO_PLANS = {
  current: () => null,
  awaited: () => false,
  take: () => false,
  leave: () => {},
  advance: () => {},
  failed: () => {},
  deviated: () => {},
}

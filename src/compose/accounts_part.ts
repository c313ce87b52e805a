import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { type AccessEvent, accessEvent } from '../audit/access_event.ts'
import { asSallyportError } from '../errors.ts'
import type { LiveConfig } from '../live_config.ts'
import type { Grant } from '../policy/grant.ts'
import type { MaskingPolicy } from '../policy/masking_policy.ts'
import { allowedByBoth, privilegesOf } from '../policy/privileges.ts'
import type { Role } from '../policy/role.ts'
import type { Metrics } from '../proxy/metrics.ts'
import type {
  AccountLedger,
  AccountSession,
  Accounts,
  AuditLog,
  Catalogs,
  Clock,
  LiveCredential,
  Target,
} from '../session/ports.ts'
import type { Engine } from '../session/verdict.ts'
import { viewFactsOf } from '../session/view_facts.ts'
import type { Catalog, Relation } from '../sql/catalog.ts'
import { createStaticAccounts } from '../store/static_accounts.ts'
import type { StoreGrants } from '../store/store_grants.ts'
import type { AccountEngine } from '../upstream/accounts.ts'
import type { AccountNote } from '../upstream/accounts_endings.ts'
import { createLiveAccounts, type LiveAccounts } from '../upstream/accounts_live.ts'
import type { PrivilegesAtHand } from '../upstream/accounts_setups.ts'
import { MysqlAccounts } from '../upstream/mysql_accounts.ts'
import { PostgresAccounts } from '../upstream/postgres_accounts.ts'
import { AdminPool } from '../upstream/postgres_accounts_pool.ts'
import { recordAccounts } from './account_records.ts'
import { followGrants } from './grant_accounts.ts'

const FINDINGS_KEPT = 10_000

export interface AccountsDeps {
  readonly live: LiveConfig
  readonly catalogs: Catalogs
  readonly engineFor: (catalog: Catalog) => Promise<Engine>
  /** The admin account of a target, which may be rotated while the program runs. */
  readonly adminOf: (target: Target) => LiveCredential
  readonly ledger: AccountLedger
  readonly audit: Pick<AuditLog, 'append'>
  readonly grants: StoreGrants
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly record: (event: AccessEvent) => void
  readonly newId: () => string
}

export interface AccountsPart {
  readonly accounts: Accounts
  readonly live: LiveAccounts
  /** The janitor, now and every 20 s. */
  start(): void
  close(): Promise<void>
}

/** The accounts of sessions: one made for each where the target says so, else the standing ones of the configuration. */
export function composeAccounts(deps: AccountsDeps): AccountsPart {
  const { live, clock, metrics } = deps
  const pool = new AdminPool(deps.adminOf)
  const engines: Readonly<Record<Target['engine'], AccountEngine>> = {
    postgres: new PostgresAccounts(pool),
    mysql: new MysqlAccounts(deps.adminOf),
  }
  const told = new LRUCache<string, true>({ max: FINDINGS_KEPT })
  const recorded = recordAccounts({
    ...deps,
    failed: (err) => deps.log.error({ err }, 'the end of an account was not recorded'),
  })
  const made = createLiveAccounts({
    node: live.config.node.name,
    engineOf: ({ engine }) => engines[engine],
    primaryOf: (target) => live.primaryOf(target),
    settingsOf: (target, role) => live.accountSettingsOf(target.name, role),
    privilegesOf: (session, target, grant) => privilegesFor(deps, session, target, grant),
    ledger: recorded.ledger,
    clock,
    report: (note) => {
      if (note.kind !== 'findings' || isNew(told, note)) report(deps, note)
    },
    observe: (what, ms) => {
      const histogram = what === 'stopped' ? metrics.accountStopSeconds : metrics.accountDropSeconds
      histogram.observe(ms / 1000)
    },
  })
  const standing = createStaticAccounts((target, role) => live.accountOf(target, role))
  let stops: readonly (() => void)[] = []
  return {
    accounts: {
      open: (session, target, grant) =>
        live.makesAccounts(target.name)
          ? recorded.during(session, () => made.open(session, target, grant))
          : standing.open(session, target, grant),
      // What was never opened there is nothing to close.
      close: (sessionId) => made.close(sessionId),
      goOn: async (sessionId, grant) => made.goOn?.(sessionId, grant),
    },
    live: made,
    start: () => {
      stops = [
        live.beforeCatalog((change) => made.follow(change)),
        made.keepClean(() => live.config.targets.filter(({ name }) => live.makesAccounts(name))),
        followGrants({ ...deps, accounts: made }),
      ]
    },
    close: async () => {
      for (const stop of stops) stop()
      await made.shutDown()
      await Promise.all(Object.values(engines).map((engine) => engine.close()))
      await pool.close()
    },
  }
}

/** What accounts share may be made more than once under a grant, and each time the same is found. */
function isNew(told: LRUCache<string, true>, { setup, findings }: Extract<AccountNote, { kind: 'findings' }>): boolean {
  const key = JSON.stringify([setup.grantId, setup.database, findings])
  if (told.has(key)) return false
  told.set(key, true)
  return true
}

/** In the catalog of the session's database, under the policy that the session begins with. */
async function privilegesFor(
  { live, catalogs, engineFor }: AccountsDeps,
  { role, database }: AccountSession,
  target: Target,
  grant: Grant,
): Promise<PrivilegesAtHand> {
  const named = target.engine === 'postgres' ? database : ''
  const masking = live.policy.masking()
  const allowed = async (catalog: Catalog, policy: { readonly role: Role; readonly masking: MaskingPolicy }) => {
    const engine = await engineFor(catalog)
    const viewFacts = (view: Relation) => viewFactsOf(view, catalog, engine)
    return privilegesOf({ target: target.name, database: named, grant, catalog, viewFacts, ...policy })
  }
  return {
    key: JSON.stringify([role.digest, masking.digest, [...grant.parameters]]),
    catalog: catalogs.current(target.name, named) ?? (await catalogs.ensure(target, named)),
    privilegesIn: async (catalog) => {
      const began = await allowed(catalog, { role, masking })
      const now = { role: live.policy.roleOf(grant) ?? role, masking: live.policy.masking() }
      if (now.role.digest === role.digest && now.masking.digest === masking.digest) return began
      // What is new is not given to anybody whom the policy in force would not give it to.
      return allowedByBoth(began, await allowed(catalog, now))
    },
  }
}

function report({ log, record, clock, newId, metrics }: AccountsDeps, note: AccountNote): void {
  const about = { id: newId(), time: clock.now() }
  switch (note.kind) {
    case 'findings': {
      const { setup, findings } = note
      const { target, grantId, role } = setup
      record(
        accessEvent('account.finding', { type: 'grant', id: grantId }, about, {
          severity: 'low',
          target: target.name,
          role,
          grantId,
          detail: { findings },
        }),
      )
      return
    }
    case 'orphaned': {
      const { target, name, why } = note
      metrics.accountsOrphaned.inc({ target })
      const detail = { account: name, why }
      record(
        accessEvent('account.orphaned', { type: 'account', id: name }, about, { severity: 'high', target, detail }),
      )
      return
    }
    case 'cleaned': {
      const { target, name } = note
      const detail = { account: name, by: 'janitor' }
      record(accessEvent('account.dropped', { type: 'account', id: name }, about, { severity: 'low', target, detail }))
      return
    }
    case 'failed': {
      const { code, detail } = asSallyportError(note.error)
      log.warn({ target: note.target, account: note.name, code, detail }, 'a step with an account failed')
    }
  }
}

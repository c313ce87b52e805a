import type { Logger } from 'pino'
import type { Outbox } from '../access/ports.ts'
import type { Config } from '../config/config.ts'
import type { SallyportError } from '../errors.ts'
import type { AccountLedger, AuditLog, Clock, Ids, LiveSessions } from '../session/ports.ts'
import { createAccountLedger } from '../store/account_ledger.ts'
import { createFileGrants, type FileGrants } from '../store/file_grants.ts'
import { joinNodes } from '../store/nodes.ts'
import { openStore } from '../store/open_store.ts'
import { createOutbox } from '../store/outbox.ts'
import { createPlanProgress, type StoredPlanProgress } from '../store/plan_progress.ts'
import { createSessionLog, type SessionLog } from '../store/session_log.ts'
import type { StoreSettings } from '../store/settings.ts'
import { everyRecord } from '../store/snapshot.ts'
import type { SqlStore } from '../store/sql_store.ts'
import { createCredentials, type StoreCredentials } from '../store/store_credentials.ts'
import { createStoreGrants, type StoreGrants } from '../store/store_grants.ts'
import { createLocks, type StoreLocks } from '../store/store_locks.ts'
import { createUsageLog, type UsageLog } from '../store/usage_log.ts'

export interface StoreDeps {
  readonly audit: AuditLog
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Logger
  /** Whether a session of this node lives. */
  readonly isLive: (sessionId: string) => boolean
}

/** Everything that stands on the store, in the order in which it was opened. */
export interface StorePart {
  readonly store: SqlStore
  readonly outbox: Outbox
  readonly files: FileGrants
  readonly locks: StoreLocks
  readonly grants: StoreGrants
  readonly credentials: StoreCredentials
  readonly sessions: LiveSessions & Pick<SessionLog, 'flush'>
  readonly uses: UsageLog
  readonly plans: StoredPlanProgress
  readonly ledger: AccountLedger
  /** Since when use is counted, in milliseconds since the epoch: the first start with this store. */
  readonly usageKnownSince: number
  close(): Promise<void>
}

/** Rejects with `SP-STORE`. */
export async function composeStore(config: Config, deps: StoreDeps): Promise<StorePart> {
  const { audit, clock, ids, log } = deps
  const failed = (error: SallyportError) => log.warn({ code: error.code, detail: error.detail }, 'the store failed')
  const store = await openStore(settingsOf(config.node.store), { clock, failed })
  const outbox = createOutbox(store, { append: (events) => audit.append(events), failed })
  const node = config.node.name
  const presence = await joinNodes({ store, clock, ids, failed, node, address: null })
  const reading = { store, clock, failed }
  const locks = await createLocks(reading)
  const files = createFileGrants(config.grants, clock)
  const grants = await createStoreGrants({ ...reading, files, locks })
  const credentials = await createCredentials(reading, locks)
  const sessions = createSessionLog({ store, failed })
  const uses = createUsageLog({ store, failed })
  const usageKnownSince = await firstStart(store, clock)
  const plans = createPlanProgress(store, failed)
  await plans.load()
  return {
    store,
    outbox,
    files,
    locks,
    grants,
    credentials,
    sessions: liveSessionsOf(sessions, node),
    uses,
    plans,
    usageKnownSince,
    ledger: createAccountLedger({ store, clock, node, startedAt: presence.startedAt, isLive: deps.isLive }),
    close: async () => {
      await sessions.close()
      await uses.close()
      await credentials.close()
      await grants.close()
      await locks.close()
      plans.close()
      await plans.settled()
      await presence.close()
      await outbox.flush()
      await outbox.close()
      await store.close()
    },
  }
}

/** The policy files are noted at each start: the oldest note is of the first one. */
async function firstStart(store: SqlStore, clock: Clock): Promise<number> {
  const versions = await store.read((tx) => everyRecord(tx.policies, {}))
  return Math.min(clock.now(), ...versions.map(({ at }) => at))
}

function settingsOf(config: Config['node']['store']): StoreSettings {
  return config.kind === 'sqlite' ? config : { ...config, password: async () => config.password }
}

/** The sessions of this node, under its name. */
function liveSessionsOf(log: SessionLog, node: string): LiveSessions & Pick<SessionLog, 'flush'> {
  return {
    opened: (session) =>
      log.opened({ ...session, node, lastSeenAt: session.startedAt, lastStatement: null, endedAt: null }),
    seen: (id, at, lastStatement) => log.seen(id, at, lastStatement),
    closed: (id, at) => log.closed(id, at),
    flush: () => log.flush(),
  }
}

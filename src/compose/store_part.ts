import type { Logger } from 'pino'
import type { Outbox } from '../access/ports.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import type { Config } from '../config/config.ts'
import type { SallyportError } from '../errors.ts'
import type { AccountLedger, AuditLog, Clock, Ids, LiveSessions, Quota } from '../session/ports.ts'
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
import { StoreQuota } from '../store/store_quota.ts'
import { createUsageLog, type UsageLog } from '../store/usage_log.ts'
import { inTurn } from './in_turn.ts'
import { UsageKnown } from './usage_known.ts'

/** What the store can't take in so long, at the end of the process, it does not get: it is unreachable. */
const CLOSING_MS = 3_000

export interface StoreDeps {
  /** Told of each event once it is in the audit log, at least once, on one node: what it does is done before the event leaves the outbox. */
  readonly delivered: (events: readonly AccessEvent[]) => Promise<void>
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
  readonly quota: Quota
  /** Since when use is counted without a gap. */
  readonly usageKnown: UsageKnown
  /** New connections to the store log in as this configuration says. */
  configure(config: Config): void
  close(): Promise<void>
}

/** Rejects with `SP-STORE`. */
export async function composeStore(config: Config, deps: StoreDeps): Promise<StorePart> {
  const { audit, clock, ids, log } = deps
  const failed = (error: SallyportError) => log.warn({ code: error.code, detail: error.detail }, 'the store failed')
  let current = config
  const store = await openStore(
    settingsOf(config.node.store, () => current),
    { clock, failed },
  )
  const outbox = createOutbox(store, { append: (events) => delivered(audit, deps, events), failed })
  const node = config.node.name
  const left = await store.read((tx) => tx.nodes.get(node))
  const presence = await joinNodes({ store, clock, ids, failed, node, address: null })
  const reading = { store, clock, failed }
  const locks = await createLocks(reading)
  const files = createFileGrants(config.grants, clock)
  const grants = await createStoreGrants({ ...reading, files, locks })
  const credentials = await createCredentials(reading, locks)
  const sessions = createSessionLog({ store, failed })
  const uses = createUsageLog({ store, failed })
  const firstStarted = await firstStart(store, clock)
  const usageKnown = new UsageKnown({ config, store, uses, clock, log, left, firstStart: firstStarted })
  const quota = new StoreQuota({ store, clock, failed })
  const leaseMs = config.node.store.kind === 'postgres' ? config.node.store.leaseMs : 0
  const runner = { node, startedAt: presence.startedAt }
  const plans = createPlanProgress({ store, clock, ids, failed, runner })
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
    usageKnown,
    ledger: createAccountLedger({ store, clock, node, startedAt: presence.startedAt, leaseMs, isLive: deps.isLive }),
    quota,
    configure: (next) => {
      current = next
    },
    close: () =>
      inTurn(
        {
          'counts of use': () => usageKnown.close(),
          writers: () => Promise.all([sessions.close(), uses.close(), quota.close(), plans.settled()]),
          readers: () => Promise.all([credentials.close(), grants.close(), locks.close(), plans.close()]),
          presence: () => presence.close(),
          'last events': () => outbox.flush(),
          outbox: () => outbox.close(),
          store: () => store.close(),
        },
        CLOSING_MS,
        log,
      ),
  }
}

async function delivered(audit: AuditLog, deps: StoreDeps, events: readonly AccessEvent[]): Promise<void> {
  await audit.append(events)
  await deps.delivered(events)
}

/** The policy files are noted at each start: the oldest note is of the first one. */
async function firstStart(store: SqlStore, clock: Clock): Promise<number> {
  const versions = await store.read((tx) => everyRecord(tx.policies, {}))
  return Math.min(clock.now(), ...versions.map(({ at }) => at))
}

function settingsOf(store: Config['node']['store'], current: () => Config): StoreSettings {
  if (store.kind === 'sqlite') return store
  const password = async () => {
    const now = current().node.store
    return now.kind === 'postgres' ? now.password : store.password
  }
  return { ...store, password }
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

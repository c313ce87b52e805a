import type { Logger } from 'pino'
import type { SessionRecord } from '../access/records.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import { accessPolicyOf } from '../config/build_access.ts'
import { type ControlPlane, createControl } from '../control/control.ts'
import type { SallyportError } from '../errors.ts'
import { createIncidents, type LiveIncidents } from '../incidents/incidents.ts'
import type { CertificateAuthority, Clock, Ids } from '../session/ports.ts'
import type { SqlStore } from '../store/sql_store.ts'
import { checkChange } from './policy_files.ts'
import { analyseScript, type CatalogDeps, classesTouched } from './scripts.ts'

/** How often time is looked at: a grant that ends, a stage that waits, an incident that may have closed. */
const TICK_MS = 1_000

export interface ControlPartDeps extends CatalogDeps {
  readonly configDir: string
  readonly resolve: Parameters<typeof checkChange>[0]['resolve']
  readonly secret: (reference: string) => Promise<string>
  readonly store: SqlStore
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Logger
  readonly authority: CertificateAuthority
  readonly endSession: (session: SessionRecord, by: string, reason: string) => Promise<void>
  readonly usageKnownSince: () => number | null
}

export interface ControlPart {
  readonly control: ControlPlane
  readonly incidents: LiveIncidents
  /** Told of what happened, after each commit of this node. */
  onEvents(listener: (events: readonly AccessEvent[]) => void): void
  start(): void
  close(): Promise<void>
}

/** The control plane: what people do in the access lifecycle, and what time does to it. */
export function composeControl(deps: ControlPartDeps): ControlPart {
  const { store, clock, ids, log, live } = deps
  const listeners: ((events: readonly AccessEvent[]) => void)[] = []
  const incidents = createIncidents({ providers: () => live.config.incidents, secret: deps.secret, clock })
  const control = createControl({
    store,
    clock,
    ids,
    policy: () => accessPolicyOf(live.config),
    incidents,
    onUnverified: (provider) => incidents.onUnverified(provider),
    analyse: (target, script) => analyseScript(deps, target, script),
    classesOf: (target, role, narrowing) => classesTouched(deps, target, role, narrowing),
    authority: deps.authority,
    checkPolicy: (kind, name, body) => checkChange(deps, kind, name, body),
    usageKnownSince: deps.usageKnownSince,
    endSession: deps.endSession,
    notify: (events) => {
      for (const listener of listeners) listener(events)
    },
    failed: (what: string, error: SallyportError) =>
      log.warn({ what, code: error.code, detail: error.detail }, 'a timer of the control plane failed'),
  })
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> = Promise.resolve()
  return {
    control,
    incidents,
    onEvents: (listener) => void listeners.push(listener),
    start: () => {
      timer = setInterval(() => {
        running = control.tick()
      }, TICK_MS)
    },
    close: async () => {
      if (timer) clearInterval(timer)
      await running
      await control.settled()
    },
  }
}

import { setTimeout as pause } from 'node:timers/promises'
import type { PolicyVersion } from '../access/records.ts'
import type { LogOfRecord } from '../auditlog/audit_log.ts'
import type { Upkeep } from '../auditlog/upkeep_thread.ts'
import { type Config, diffConfigs } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { asSallyportError } from '../errors.ts'
import type { LiveConfig } from '../live_config.ts'
import type { ProxyContext } from '../proxy/context.ts'
import type { HealthServer } from '../proxy/health.ts'
import type { Proxy as RunningProxy, SecureContexts } from '../proxy/proxy.ts'
import type { Secrets } from '../secrets/live_secrets.ts'
import type { Sinks } from '../sinks/sinks.ts'
import type { AccountsPart } from './accounts_part.ts'
import type { AlertsPart } from './alerts_part.ts'
import type { Recorder } from './audit_part.ts'
import type { ControlPart } from './control_part.ts'
import { inTurn } from './in_turn.ts'
import { fileEntries, madeVersions } from './policy_files.ts'
import type { SessionEnds } from './session_ends.ts'
import type { StorePart } from './store_part.ts'

/** At the end of the process, for each part of it. */
const CLOSING_MS = 10_000
const SESSIONS_MS = 3_000
const SESSIONS_POLL_MS = 20

interface Parts {
  readonly configDir: string
  readonly context: ProxyContext
  readonly proxy: RunningProxy
  readonly health: HealthServer | null
  readonly live: LiveConfig
  readonly stored: StorePart
  readonly made: readonly PolicyVersion[]
  readonly accounts: AccountsPart
  readonly plane: ControlPart
  readonly api: { close(): Promise<void> } | null
  readonly reports: { close(): Promise<void> }
  readonly recordings: { close(): Promise<void> }
  readonly sinks: Sinks
  readonly upkeep: Upkeep
  readonly audit: Pick<LogOfRecord, 'configure'>
  readonly alerts: AlertsPart
  readonly ends: SessionEnds
  readonly secureContexts: SecureContexts
  readonly secrets: Secrets
  readonly record: Recorder
}

/** The running program. */
export class RunningProgram {
  readonly context: ProxyContext
  readonly #parts: Parts
  readonly #stops: (() => void)[]
  #reloading: Promise<void> = Promise.resolve()
  #made: string

  constructor(parts: Parts) {
    this.#parts = parts
    this.context = parts.context
    this.#made = keyOf(parts.made)
    this.#stops = [
      parts.stored.grants.onChange(() => parts.proxy.endWithoutGrant()),
      parts.stored.store.onChange(({ what }) => {
        if (what === 'policies') this.#followMade().catch((error: unknown) => this.#notFollowed(error))
      }),
    ]
  }

  /** Reads the configuration again: all of it comes into force, or nothing. One after the other. Rejects with `SP-CONFIG`. */
  reload(): Promise<void> {
    this.#reloading = this.#reloading.catch(() => undefined).then(() => this.#reload())
    return this.#reloading
  }

  async #reload(): Promise<void> {
    const { configDir, context, stored, secrets } = this.#parts
    const { log, metrics } = context
    try {
      const made = await madeVersions(stored.store)
      const next = await loadConfig(configDir, secrets.resolve, made)
      await this.#swap(next)
      this.#made = keyOf(made)
      await this.#parts.plane.control.noteFilePolicies(fileEntries(next, made))
      metrics.reloads.inc({ outcome: 'ok' })
      log.info({ digest: next.digest }, 'the configuration was reloaded')
    } catch (error) {
      metrics.reloads.inc({ outcome: 'failed' })
      log.error({ detail: asSallyportError(error).detail }, 'the configuration was not reloaded; the old one stays')
      throw error
    }
  }

  /** What was made over the API, on this node or another, comes into force as a changed file would. */
  async #followMade(): Promise<void> {
    if (keyOf(await madeVersions(this.#parts.stored.store)) !== this.#made) await this.reload()
  }

  #notFollowed(error: unknown): void {
    const { code, detail } = asSallyportError(error)
    this.context.log.error({ code, detail }, 'a change of the policy in the store did not come into force')
  }

  async #swap(next: Config): Promise<void> {
    const { live, stored, secureContexts, secrets, record } = this.#parts
    // Edited or revived grants are refused here, before anything has changed.
    stored.files.check(next.grants)
    const changes = diffConfigs(live.config, next)
    // Recorded before it is in force: a policy that is not on record decides nothing.
    await record({ kind: 'config_loaded', digest: next.digest, previous: live.config.digest, changes })
    live.swap(next)
    stored.configure(next)
    await secrets.configure(next.secrets)
    this.#shipTo(next)
    this.#parts.audit.configure(next.node.audit)
    this.#parts.upkeep.run()
    this.#parts.alerts.configure(next)
    secureContexts.clear()
    stored.files.replace(next.grants)
  }

  /** A sink that takes long to stop does not hold up the reload. */
  #shipTo({ node }: Config): void {
    const failed = (err: unknown) => this.context.log.error({ err }, 'the sinks could not be changed')
    this.#parts.sinks.configure(node.audit.sinks).catch(failed)
  }

  /** Ends gracefully: sessions finish within the drain timeout, their accounts go, then the audit log is flushed. */
  async shutDown(): Promise<void> {
    const { context, proxy, health, live, stored, accounts, plane, api, reports, ends, secrets, record } = this.#parts
    const { recordings } = this.#parts
    await record({ kind: 'process', what: 'drain' })
    await proxy.drain(context.settings().limits.drainTimeoutMs)
    for (const stop of this.#stops) stop()
    await inTurn(
      {
        // Each tells its client and the log of its end before those are gone.
        sessions: () => sessionsOver(context),
        recordings: () => recordings.close(),
        upkeep: () => this.#parts.upkeep.close(),
        api: () => api?.close(),
        reports: () => reports.close(),
        'control plane': () => plane.close(),
        accounts: () => accounts.close(),
      },
      CLOSING_MS,
      context.log,
    )
    ends.close()
    live.close()
    await stored.close()
    await inTurn({ secrets: () => secrets.close(), health: () => health?.close() }, CLOSING_MS, context.log)
    await this.#parts.alerts.close()
    await record({ kind: 'process', what: 'stop' })
    await context.audit.close()
    // The last record too: what is not delivered by then is, after the next start.
    await this.#parts.sinks.close(CLOSING_MS)
  }
}

function keyOf(made: readonly PolicyVersion[]): string {
  return JSON.stringify(made.map(({ id, digest }) => [id, digest]).sort())
}

async function sessionsOver({ sessions }: ProxyContext): Promise<void> {
  for (const until = performance.now() + SESSIONS_MS; sessions.size > 0 && performance.now() < until; ) {
    await pause(SESSIONS_POLL_MS)
  }
}

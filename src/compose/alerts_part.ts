import { join } from 'node:path'
import type { Logger } from 'pino'
import { keepBaseline } from '../alerts/baseline.ts'
import type { SinkState } from '../alerts/conditions.ts'
import { DirectAlerts } from '../alerts/direct.ts'
import { AlertEngine } from '../alerts/engine.ts'
import type { AlertWorld } from '../alerts/statements.ts'
import type { AlertEvent, Signal } from '../audit/alert_event.ts'
import type { AlertSettings } from '../audit/alert_settings.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { LogOfRecord } from '../auditlog/audit_log.ts'
import type { Config } from '../config/config.ts'
import type { Clock, Ids, Notes } from '../session/ports.ts'
import type { SinkSettings } from '../session/sink_settings.ts'
import type { SenderDeps } from '../sinks/sender.ts'
import type { SinkStatus } from '../sinks/sink_status.ts'
import { createNamesFile } from '../store/names_file.ts'
import { VERSION } from '../version.ts'
import { bringBySinks } from './alert_channels.ts'
import { observedLog } from './observed_log.ts'

/** How often sinks are looked at. */
const LOOK_MS = 5_000
/** How often what was learned of roles is written. */
const KEEP_MS = 300_000
/** How often what the log did not take is tried again. */
const AGAIN_MS = 1_000
/** Alerts that wait until the log can be written; beyond, the oldest is left out. */
const MAX_WAITING = 1000
/** At the end of the process, for what goes past the log. */
const SETTLE_MS = 3_000

/** About the log itself: it is told past the log. */
const PAST_THE_LOG: ReadonlySet<Signal> = new Set(['log_unwritable', 'chain_mismatch'])

export interface AlertsDeps {
  readonly log: Logger
  readonly clock: Clock
  readonly ids: Ids
  readonly secret: (reference: string) => Promise<string>
  readonly print: (text: string) => Promise<void>
}

export interface AlertsPart {
  /** The log that everybody writes to: what they write is looked at. */
  readonly audit: LogOfRecord
  /** What the rules ask of the policy, once there is one. */
  follow(world: AlertWorld): void
  /** Looks at the sinks from now on. */
  watchSinks(statuses: () => readonly SinkStatus[]): void
  configure(config: Config): void
  settings(): AlertSettings
  /** The log was found to be other than it was written. */
  chainMismatch(where: string): void
  /** Somebody tries the channels of a signal. */
  test(signal: Signal, by: string): AlertEvent
  close(): Promise<void>
}

export function composeAlerts(log: LogOfRecord, config: Config, deps: AlertsDeps): AlertsPart {
  return new Alerts(log, config, deps)
}

/** Tells of a log that is broken as it is opened: the process ends then, and nothing else will. */
export async function tellBrokenLog(where: string, config: Config, deps: AlertsDeps): Promise<void> {
  const direct = directAlerts(() => config.node.audit.sinks, config, deps)
  const engine = new AlertEngine({
    ...{ ...deps, node: config.node.name, settings: config.alerts, baseline: null, world: NOBODY_KNOWN },
    raise: (alert) => direct.send(alert),
  })
  engine.conditions.chainMismatch(where)
  await direct.settled(SETTLE_MS)
  direct.close()
}

class Alerts implements AlertsPart {
  readonly audit: LogOfRecord
  readonly #log: LogOfRecord
  readonly #deps: AlertsDeps
  readonly #engine: AlertEngine
  readonly #direct: DirectAlerts
  readonly #notes: Notes
  readonly #timers: NodeJS.Timeout[] = []
  readonly #waiting: AlertEvent[] = []
  #sinks: readonly SinkSettings[]
  #world: AlertWorld = NOBODY_KNOWN

  constructor(log: LogOfRecord, config: Config, deps: AlertsDeps) {
    const { dataDir, name, audit } = config.node
    this.#log = log
    this.#deps = deps
    this.#sinks = audit.sinks
    this.#notes = createNamesFile(join(dataDir, 'alert-baseline.json'))
    this.#direct = directAlerts(() => this.#sinks, config, deps)
    this.#engine = new AlertEngine({
      ...{
        ...deps,
        node: name,
        settings: config.alerts,
        baseline: this.#notes.read(),
        raise: (alert) => this.#raise(alert),
      },
      world: {
        isUnrestricted: (role) => this.#world.isUnrestricted(role),
        readsMasked: (decision) => this.#world.readsMasked(decision),
      },
    })
    this.audit = observedLog(log, (event) => this.#observe(event))
    log.onHealth((healthy, why) => this.#health(healthy, why))
    this.#every(KEEP_MS, () => this.#keep())
    this.#every(AGAIN_MS, () => this.#appendWaiting())
  }

  follow(world: AlertWorld): void {
    this.#world = world
  }

  watchSinks(statuses: () => readonly SinkStatus[]): void {
    this.#every(LOOK_MS, () => {
      const bounds = new Map(this.#sinks.map(({ name, backlog }) => [name, backlog]))
      const states = statuses().map((status) => stateOf(status, bounds.get(status.name)))
      this.#engine.conditions.sinks(states, this.#deps.clock.now())
    })
  }

  configure({ alerts, node }: Config): void {
    this.#sinks = node.audit.sinks
    this.#engine.configure(alerts)
  }

  settings(): AlertSettings {
    return this.#engine.settings
  }

  chainMismatch(where: string): void {
    this.#engine.conditions.chainMismatch(where)
  }

  test(signal: Signal, by: string): AlertEvent {
    return this.#engine.test(signal, by)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await this.#direct.settled(SETTLE_MS)
    this.#direct.close()
    await this.#keep()
  }

  /** A rule that fails must fail no statement. */
  #observe(event: AuditEvent): void {
    try {
      this.#engine.observe(event)
    } catch (error) {
      this.#deps.log.error({ err: error, kind: event.kind }, 'the rules of alerts failed on an event')
    }
  }

  #raise(alert: AlertEvent): void {
    const { signal, state, key, severity, summary } = alert
    const level = severity === 'high' || severity === 'critical' ? 'error' : 'warn'
    this.#deps.log[state === 'resolved' ? 'info' : level]({ signal, state, key, severity }, summary)
    const past = PAST_THE_LOG.has(signal) && state === 'raised'
    if (past) this.#direct.send(alert)
    // What was told past the log stands there too; its channels need not hear of it twice.
    this.#append(past ? { ...alert, channels: [] } : alert)
  }

  #append(alert: AlertEvent): void {
    this.#log.append([alert]).catch(() => {
      this.#waiting.push(alert)
      if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()
    })
  }

  /** A log that failed for a moment only is well again before it is known what it has not taken. */
  #appendWaiting(): void {
    if (this.#log.healthy) for (const alert of this.#waiting.splice(0)) this.#append(alert)
  }

  #health(healthy: boolean, why: string): void {
    const { conditions } = this.#engine
    if (!healthy) return conditions.logUnwritable(why)
    this.#appendWaiting()
    conditions.logWritable()
  }

  async #keep(): Promise<void> {
    const { baseline } = this.#engine
    baseline.roll(this.#deps.clock.now())
    await keepBaseline(baseline, this.#notes).catch((error: unknown) =>
      this.#deps.log.warn({ err: error }, 'what was learned for alerts could not be kept'),
    )
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms)
    timer.unref()
    this.#timers.push(timer)
  }
}

const NOBODY_KNOWN: AlertWorld = { isUnrestricted: () => false, readsMasked: () => false }

function directAlerts(
  sinks: () => readonly SinkSettings[],
  { node: { name } }: Config,
  { log, clock, secret, print }: AlertsDeps,
): DirectAlerts {
  const deps: SenderDeps = { secret, print, now: clock.now, node: name, version: VERSION }
  return new DirectAlerts({
    bring: bringBySinks(sinks, deps, { version: VERSION, uid: name }),
    failed: (channel, { key }, error, left) =>
      log.error({ channel, key, why: error instanceof Error ? error.message : '', left }, 'an alert was not taken'),
  })
}

function stateOf(status: SinkStatus, backlog: SinkSettings['backlog'] | undefined): SinkState {
  const { name, failure, refused, lagRecords, lagMs } = status
  const overBacklog = backlog !== undefined && (lagRecords > backlog.maxRecords || lagMs > backlog.maxAgeMs)
  return {
    ...{ name, overBacklog, failingSince: failure?.since ?? null, why: failure?.why ?? null },
    deadLetters: refused,
  }
}

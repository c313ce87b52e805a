import type { AlertEvent, Signal } from '../audit/alert_event.ts'
import type { AlertSettings } from '../audit/alert_settings.ts'
import type { AuditEvent } from '../audit/event.ts'
import { Baseline } from './baseline.ts'
import { Conditions } from './conditions.ts'
import { WorkingHours } from './hours.ts'
import { configLoaded, lifecycle } from './lifecycle.ts'
import { accessOutside, loginFailed, superuserLogin, unrestrictedLogin } from './logins.ts'
import { Raiser, type RaiserDeps } from './raiser.ts'
import { type AlertWorld, allowed, bulkRead, ClearReads, denied, exportTried, isExport } from './statements.ts'

type Decision = Extract<AuditEvent, { kind: 'decision' }>
type Completion = Extract<AuditEvent, { kind: 'completion' }>
type Login = Extract<AuditEvent, { kind: 'login' }>

export interface EngineDeps extends RaiserDeps {
  /** The name of this node. */
  readonly node: string
  readonly settings: AlertSettings
  readonly world: AlertWorld
  /** What was learned of roles before; null for nothing. */
  readonly baseline: string | null
}

/** Looks at each event of this node once it is durable, and raises alerts. It does no I/O, and holds bounded memory. */
export class AlertEngine {
  readonly conditions: Conditions
  readonly baseline: Baseline
  readonly #world: AlertWorld
  readonly #raiser: Raiser
  readonly #clearReads: ClearReads
  #hours: WorkingHours

  constructor({ node, settings, world, baseline, ...deps }: EngineDeps) {
    this.#world = world
    this.#raiser = new Raiser(settings, deps)
    this.#clearReads = new ClearReads(this.#raiser)
    this.#hours = new WorkingHours(settings.hours)
    this.conditions = new Conditions(this.#raiser, node)
    this.baseline = new Baseline(this.#raiser, baseline)
  }

  get settings(): AlertSettings {
    return this.#raiser.settings
  }

  configure(settings: AlertSettings): void {
    this.#raiser.configure(settings)
    this.#hours = new WorkingHours(settings.hours)
  }

  /** Somebody tries the channels of a signal. */
  test(signal: Signal, by: string): AlertEvent {
    return this.#raiser.test(signal, by)
  }

  observe(event: AuditEvent): void {
    switch (event.kind) {
      case 'decision':
        return this.#decided(event)
      case 'completion':
        return this.#completed(event)
      case 'login':
        return this.#loggedIn(event)
      case 'connect':
        return event.superuser ? superuserLogin(event, this.#raiser) : undefined
      case 'login_failed':
        return loginFailed(event, this.#raiser)
      case 'bulk_read':
        return bulkRead(event, this.#raiser)
      case 'access':
        return lifecycle(event, this.#raiser)
      case 'config_loaded':
        return configLoaded(event, this.#raiser)
      case 'log':
        return event.what === 'broken' ? this.conditions.chainMismatch(textOf(event.detail)) : undefined
      default:
    }
  }

  #decided(event: Decision): void {
    if (isExport(event)) exportTried(event, this.#raiser)
    if (event.effect === 'deny') return denied(event, this.#raiser)
    allowed(event, this.#raiser)
    if (event.objects.length === 0) return
    if (this.#hours.isOutside(event.time)) accessOutside(event, this.#raiser)
    if (event.columns.length > 0 && this.#world.readsMasked(event)) this.#clearReads.began(event.statementId)
  }

  #completed(event: Completion): void {
    this.#clearReads.ended(event)
    this.baseline.add(event)
  }

  #loggedIn(event: Login): void {
    const { role } = event.session
    if (role !== null && this.#world.isUnrestricted(role)) unrestrictedLogin(event, this.#raiser)
    if (this.#hours.isOutside(event.time)) accessOutside(event, this.#raiser)
  }
}

/** What an auditor needs of a break is texts and numbers. */
function textOf(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ')
}

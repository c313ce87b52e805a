import { ABOUT_NOBODY, type AlertEvent, type AlertSubject, type Signal } from '../audit/alert_event.ts'
import type { AlertRule, AlertSettings } from '../audit/alert_settings.ts'
import type { Clock, Ids } from '../session/ports.ts'
import { Flood, Quiet } from './quiet.ts'
import { type Counted, Occurrences, Sums } from './windows.ts'

/** PagerDuty takes 255 characters of a key; a longer one is cut. */
const MAX_LABEL_CHARACTERS = 120
const MAX_SUMMARY_CHARACTERS = 400
const ONCE: Counted = { count: 1, evidence: [] }

/** Something that a rule is about. */
export interface Hit {
  /** What is counted together and kept quiet together. */
  readonly key: string
  /** The same for people to read. */
  readonly label: string
  /** The record that it was seen in, where there is one. */
  readonly evidence: string | null
  readonly about: Partial<AlertSubject>
  readonly say: (count: number, rule: AlertRule) => string
}

export interface RaiserDeps {
  readonly clock: Clock
  readonly ids: Ids
  readonly raise: (alert: AlertEvent) => void
}

/** Counts what rules are about, and makes alerts of it: at the threshold, once in the quiet time, and not too many. */
export class Raiser {
  readonly #deps: RaiserDeps
  #settings: AlertSettings
  #counts = new Map<Signal, Occurrences>()
  #sums = new Map<Signal, Sums>()
  readonly #quiet = new Quiet()
  readonly #flood = new Flood()
  /** Raised, of signals that end, and not over yet. */
  readonly #standing = new Map<string, Hit>()

  constructor(settings: AlertSettings, deps: RaiserDeps) {
    this.#settings = settings
    this.#deps = deps
  }

  /** What was counted under other windows counts no more; what was told stays told. */
  configure(settings: AlertSettings): void {
    this.#settings = settings
    this.#counts = new Map()
    this.#sums = new Map()
  }

  get settings(): AlertSettings {
    return this.#settings
  }

  /** One occurrence. */
  hit(signal: Signal, hit: Hit): void {
    const rule = this.#settings.rules[signal]
    if (!rule.enabled) return
    const now = this.#deps.clock.monotonic()
    const counted =
      rule.threshold <= 1
        ? ONCE
        : of(this.#counts, signal, () => new Occurrences()).add(hit.key, now, hit.evidence, rule)
    if (counted.count >= rule.threshold) this.#tell(signal, rule, hit, counted, now)
  }

  /** An amount of something. */
  add(signal: Signal, hit: Hit, amount: number): void {
    const rule = this.#settings.rules[signal]
    if (!rule.enabled) return
    const now = this.#deps.clock.monotonic()
    const count = of(this.#sums, signal, () => new Sums()).add(hit.key, now, amount, rule.windowMs)
    if (count >= rule.threshold) this.#tell(signal, rule, hit, { count, evidence: [] }, now)
  }

  /** What a rule has counted by itself. */
  exceed(signal: Signal, hit: Hit, count: number): void {
    const rule = this.#settings.rules[signal]
    if (rule.enabled) this.#tell(signal, rule, hit, { count, evidence: [] }, this.#deps.clock.monotonic())
  }

  /** Something is wrong until it is said to be over. Told again each time that the quiet time is over. */
  stands(signal: Signal, hit: Hit): void {
    const rule = this.#settings.rules[signal]
    if (!rule.enabled) return
    this.#standing.set(`${signal}/${hit.key}`, hit)
    this.#tell(signal, rule, hit, ONCE, this.#deps.clock.monotonic())
  }

  /** It is over; nothing where it never was raised. */
  over(signal: Signal, key: string, summary: string): void {
    const place = `${signal}/${key}`
    const hit = this.#standing.get(place)
    if (hit === undefined) return
    this.#standing.delete(place)
    this.#quiet.forget(place)
    const rule = this.#settings.rules[signal]
    this.#deps.raise(this.#made(signal, rule, { ...hit, say: () => summary }, ONCE, 0, 'resolved'))
  }

  /** No longer in a row. */
  forget(signal: Signal, key: string): void {
    this.#counts.get(signal)?.forget(key)
  }

  /** Whether anything of this signal is counted: asked before the costlier question of a key. */
  counts(signal: Signal): boolean {
    return (this.#counts.get(signal)?.size ?? 0) > 0
  }

  /** Somebody tries the channels of a signal. */
  test(signal: Signal, by: string): AlertEvent {
    const hit: Hit = {
      key: `test/${this.#deps.ids.uuid()}`,
      label: 'test',
      evidence: null,
      about: {},
      say: () => `A test of the channels of this signal by ${by}: nothing has happened.`,
    }
    const alert = { ...this.#made(signal, this.#settings.rules[signal], hit, ONCE, 0, 'raised'), test: true }
    this.#deps.raise(alert)
    return alert
  }

  #tell(signal: Signal, rule: AlertRule, hit: Hit, counted: Counted, now: number): void {
    const suppressed = this.#quiet.pass(`${signal}/${hit.key}`, now, rule.quietMs)
    if (suppressed === null) return
    const passed = this.#flood.pass(signal, now)
    if (passed === null) return
    const told = passed === 'alone' ? hit : { ...hit, label: '(more)', about: {}, say: moreOf(hit, rule) }
    this.#deps.raise(this.#made(signal, rule, told, counted, suppressed, 'raised'))
  }

  #made(
    signal: Signal,
    rule: AlertRule,
    hit: Hit,
    { count, evidence }: Counted,
    suppressed: number,
    state: AlertEvent['state'],
  ): AlertEvent {
    const { clock, ids } = this.#deps
    const { severity, threshold, windowMs, owner, runbook, channels } = rule
    const own = hit.evidence === null || evidence.includes(hit.evidence) ? [] : [hit.evidence]
    return {
      kind: 'alert',
      id: ids.uuid(),
      time: clock.now(),
      sync: true,
      ...{ signal, state, severity, count, threshold, windowMs, suppressed, owner, runbook, channels },
      key: `${signal}/${plain(hit.label, MAX_LABEL_CHARACTERS)}`,
      summary: plain(hit.say(count, rule), MAX_SUMMARY_CHARACTERS),
      evidence: [...evidence, ...own],
      about: { ...ABOUT_NOBODY, ...hit.about },
      test: false,
    }
  }
}

function of<T>(map: Map<Signal, T>, signal: Signal, make: () => T): T {
  const found = map.get(signal) ?? make()
  map.set(signal, found)
  return found
}

function moreOf(hit: Hit, rule: AlertRule): Hit['say'] {
  return (count) =>
    `Many alerts of this signal at once; the rest of the next minutes stands in the records alone. Last: ${hit.say(count, rule)}`
}

/** Names come from anybody: one line, of printable characters, of a bounded length. */
export function plain(text: string, max: number): string {
  const clean = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ')
  return clean.length > max ? `${clean.slice(0, max - 1).toWellFormed()}…` : clean.toWellFormed()
}

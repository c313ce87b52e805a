import type { Raiser } from './raiser.ts'

/** How a sink is. */
export interface SinkState {
  readonly name: string
  /** Since when it takes nothing, in milliseconds since the epoch; null where it does. */
  readonly failingSince: number | null
  /** Why, in our own words. */
  readonly why: string | null
  /** More waits for it than its bound allows. */
  readonly overBacklog: boolean
  /** Records that it refused for good, since the start of the process. */
  readonly deadLetters: number
}

/** States of the program itself, which begin and end. */
export class Conditions {
  readonly #raiser: Raiser
  readonly #node: string
  readonly #deadLetters = new Map<string, number>()
  #failing = new Set<string>()

  /** `node` is the name of this node, whose log it is. */
  constructor(raiser: Raiser, node: string) {
    this.#raiser = raiser
    this.#node = node
  }

  /** All sinks there are. One that is no longer configured is over too. */
  sinks(states: readonly SinkState[], now: number): void {
    const failing = new Set(states.filter((state) => this.#sink(state, now)).map(({ name }) => name))
    for (const name of this.#failing) {
      if (!failing.has(name)) this.#raiser.over('sink_failing', name, `the sink ${name} delivers again`)
    }
    this.#failing = failing
  }

  /** True where the sink fails, or failed a moment ago and is not known to deliver. */
  #sink({ name, failingSince, why, overBacklog, deadLetters }: SinkState, now: number): boolean {
    const before = this.#deadLetters.get(name) ?? 0
    this.#deadLetters.set(name, deadLetters)
    if (deadLetters > before) this.#refused(name, deadLetters - before)
    const { windowMs } = this.#raiser.settings.rules.sink_failing
    const longEnough = failingSince !== null && now - failingSince >= windowMs
    if (longEnough || overBacklog) this.#raiser.stands('sink_failing', this.#hit(name, failing(name, why, overBacklog)))
    return longEnough || overBacklog || (this.#failing.has(name) && failingSince !== null)
  }

  #refused(name: string, count: number): void {
    this.#raiser.exceed(
      'dead_letters',
      this.#hit(name, `the sink ${name} refused ${count} records for good; they wait in its dead letters`),
      count,
    )
  }

  #hit(name: string, summary: string) {
    return { key: name, label: name, evidence: null, about: {}, say: () => summary }
  }

  logUnwritable(why: string): void {
    const node = this.#node
    this.#raiser.stands(
      'log_unwritable',
      this.#hit(node, `the audit log of ${node} can not be written, so statements are refused: ${why}`),
    )
  }

  logWritable(): void {
    const node = this.#node
    this.#raiser.over('log_unwritable', node, `the audit log of ${node} is written again`)
  }

  /** Another place is another mismatch: a harmless one must not keep the next quiet. */
  chainMismatch(where: string): void {
    const node = this.#node
    const hit = this.#hit(node, `the audit log of ${node} is not as it was written: ${where}`)
    this.#raiser.exceed('chain_mismatch', { ...hit, key: `${node}\0${where}` }, 1)
  }
}

function failing(name: string, why: string | null, overBacklog: boolean): string {
  const what = overBacklog ? 'has more to deliver than its bound allows' : 'takes no records'
  return `the sink ${name} ${what}${why === null ? '' : `: ${why}`}`
}

import type { SinkSettings } from '../../session/sink_settings.ts'
import { type Item, type Refused, SinkError } from '../sender.ts'
import { identityOf } from './identity.ts'

/** By the settings of the sink: after a failure its sender is given up, and another one goes on with the same items. */
const known = new WeakMap<SinkSettings, BatchProgress>()

export function progressOf(settings: SinkSettings): BatchProgress {
  const found = known.get(settings) ?? new BatchProgress()
  known.set(settings, found)
  return found
}

/**
 * What is known about the items of a batch that has not got through yet. After a failure the same items come again, and
 * those that the sink took or refused need not go out another time.
 */
export class BatchProgress {
  readonly #taken = new Set<string>()
  readonly #refused = new Map<string, Refused>()

  /** Those that are neither taken nor refused; what is not among the items is forgotten. */
  left(items: readonly Item[]): readonly Item[] {
    if (this.#taken.size === 0 && this.#refused.size === 0) return items
    const present = new Set(items.map(identityOf))
    for (const known of this.#taken) if (!present.has(known)) this.#taken.delete(known)
    for (const known of this.#refused.keys()) if (!present.has(known)) this.#refused.delete(known)
    return items.filter((item) => !this.#taken.has(identityOf(item)) && !this.#refused.has(identityOf(item)))
  }

  take(items: readonly Item[]): void {
    for (const item of items) this.#taken.add(identityOf(item))
  }

  refuse(item: Item, why: string): void {
    this.#refused.set(identityOf(item), { item, why })
  }

  /** What was refused. The batch is done with. */
  finish(): readonly Refused[] {
    const refused = [...this.#refused.values()]
    this.#taken.clear()
    this.#refused.clear()
    return refused
  }
}

/** Takes some items, or says why the sink will not have one or more of them without telling which. */
export type SendPart = (items: readonly Item[]) => Promise<{ readonly unwanted: string } | null>

/** Sends, and halves what is not wanted as a whole until the items that are at fault stand alone: those are refused. */
export async function sendInHalves(
  items: readonly Item[],
  progress: BatchProgress,
  signal: AbortSignal,
  part: SendPart,
): Promise<void> {
  const waiting = [items]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [first] = next
    if (first === undefined) continue
    if (signal.aborted) throw new SinkError('did not take the whole batch in time')
    const answer = await part(next)
    if (answer === null) progress.take(next)
    else if (next.length === 1) progress.refuse(first, answer.unwanted)
    else {
      const middle = Math.ceil(next.length / 2)
      // The first half goes first: records stay in order.
      waiting.push(next.slice(middle), next.slice(0, middle))
    }
  }
}

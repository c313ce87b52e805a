import type { SinkSettings } from '../../session/sink_settings.ts'
import { type Item, type Refused, SinkError } from '../sender.ts'
import { identityOf } from './identity.ts'

/** By the settings of the sink: after a failure its sender is given up, and another one goes on with the same items. */
const known = new WeakMap<SinkSettings, BatchProgress>()

/**
 * Delivers what is left of a batch, and gives what was refused of all of it. Who works on a batch has its progress alone:
 * another sender of the same sink, such as that of a test, begins anew.
 */
export async function deliverRest(
  settings: SinkSettings,
  items: readonly Item[],
  deliver: (progress: BatchProgress) => Promise<void>,
): Promise<readonly Refused[]> {
  const progress = known.get(settings) ?? new BatchProgress()
  known.delete(settings)
  progress.keepOnly(items)
  try {
    await deliver(progress)
  } catch (error) {
    known.set(settings, progress)
    throw error
  }
  return progress.refused
}

/**
 * What is known about the items of a batch that has not got through yet. After a failure the same items come again, and
 * those that the sink took or refused need not go out another time.
 */
export class BatchProgress {
  readonly #taken = new Set<string>()
  readonly #refused = new Map<string, Refused>()

  /** Forgets all others: they are of a batch that was given up. */
  keepOnly(items: readonly Item[]): void {
    const present = new Set(items.map(identityOf))
    for (const taken of this.#taken) if (!present.has(taken)) this.#taken.delete(taken)
    for (const refused of this.#refused.keys()) if (!present.has(refused)) this.#refused.delete(refused)
  }

  /** Those that are neither taken nor refused. */
  left(items: readonly Item[]): readonly Item[] {
    if (this.#taken.size === 0 && this.#refused.size === 0) return items
    return items.filter((item) => !this.#taken.has(identityOf(item)) && !this.#refused.has(identityOf(item)))
  }

  take(items: readonly Item[]): void {
    for (const item of items) this.#taken.add(identityOf(item))
  }

  refuse(item: Item, why: string): void {
    this.#refused.set(identityOf(item), { item, why })
  }

  get refused(): readonly Refused[] {
    return [...this.#refused.values()]
  }
}

/** Why the sink will not have one or more of some items, without telling which. */
export interface Unwanted {
  readonly unwanted: string
}

/** Sends, and halves what is not wanted as a whole until the items that are at fault stand alone: those are refused. */
export async function sendInHalves(
  items: readonly Item[],
  progress: BatchProgress,
  signal: AbortSignal,
  part: (items: readonly Item[]) => Promise<Unwanted | null>,
): Promise<void> {
  const waiting = [progress.left(items)]
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

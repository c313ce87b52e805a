import type { OcsfRecord } from './ocsf_record.ts'

/** How many texts are remembered; one that was forgotten is written again. */
const MAX_TEXTS = 10_000

/**
 * Which long texts the open segment of a log holds: each is written once a segment, before the first record that refers
 * to it, so that a segment can be read by itself.
 */
export class StoredTexts {
  readonly #stored = new Set<string>()
  /** Of the batch that is being written. */
  readonly #pending = new Set<string>()

  /** The records to write for this one, in order: those of the texts that are not there yet, and itself. */
  withTexts(record: OcsfRecord): readonly OcsfRecord[] {
    if (record.texts === undefined) return [record]
    const missing = record.texts.filter(({ key }) => key === null || !(this.#stored.has(key) || this.#pending.has(key)))
    for (const { key } of missing) if (key !== null) this.#pending.add(key)
    return [...missing.flatMap((text) => text.records()), record]
  }

  /** The batch was written. */
  written(): void {
    for (const key of this.#pending) this.#stored.add(key)
    this.#pending.clear()
    if (this.#stored.size > MAX_TEXTS) this.#stored.clear()
  }

  /** The batch, or part of it, was not written: none of its texts counts as there. */
  failed(): void {
    this.#pending.clear()
  }

  /** A new segment has begun: it holds no text. */
  clear(): void {
    this.#stored.clear()
    this.#pending.clear()
  }
}

import { checkpointText } from '../audit/checkpoint.ts'
import type { CompactRange } from '../audit/merkle.ts'
import { type NoteKey, signNote } from '../audit/note.ts'
import type { Disk, LogFile } from './log_file.ts'
import { notesPath } from './segments.ts'

/** So many lines, or so long after the one before, and there is a new checkpoint. */
const LINES_PER_NOTE = 256
const NOTE_EVERY_MS = 1_000

export interface CheckpointsInput {
  readonly directory: string
  readonly disk: Disk
  readonly origin: string
  readonly keys: readonly NoteKey[]
  /** The tree over the lines that are on disk. */
  readonly range: CompactRange
  /** The first line of the segment that the next line goes to. */
  readonly segment: number
  /** The size of the last checkpoint; 0 for none. */
  readonly last: number
  /** Told of a checkpoint that could not be written. The next one is tried all the same. */
  readonly failed: (error: unknown) => void
}

/**
 * Signs the tree over the lines that are on disk, and only those: no checkpoint speaks of a line that a loss of power
 * could take. Hashing inner nodes is left for here, so that a statement waits for its own leaf alone.
 */
export class Checkpoints {
  readonly #input: CheckpointsInput
  readonly #range: CompactRange
  /** Leaf hashes, hex, of lines that are not in the tree yet. */
  #pending: string[] = []
  #durable: number
  #last: number
  /** First lines of segments: each but the first ends with a checkpoint of exactly its size. */
  #segments: number[]
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #notes: { readonly segment: number; readonly file: LogFile; end: number } | null = null

  constructor(input: CheckpointsInput) {
    this.#input = input
    this.#range = input.range
    this.#durable = input.range.size
    this.#last = input.last
    this.#segments = [input.segment]
  }

  /** The next line was written. */
  line(leaf: string): void {
    this.#pending.push(leaf)
  }

  /** Lines from this one on go to another segment. */
  segment(first: number): void {
    this.#segments = [...this.#segments.filter((one) => one < first), first]
  }

  /** The tree over the first lines, as far as they were written; at least those that are on disk. */
  rangeAt(size: number): CompactRange {
    const range = this.#range.copy()
    for (const leaf of this.#pending.slice(0, size - range.size)) range.append(Buffer.from(leaf, 'hex'))
    return range
  }

  /** The leaf hash of the line before, hex; null where it stands no longer here. */
  durable(size: number): void {
    this.#durable = size
    if (this.#closesSegment() || size - this.#last >= LINES_PER_NOTE) this.#note()
    else if (size > this.#last) this.#timer ??= setTimeout(() => this.#note(), NOTE_EVERY_MS)
  }

  /** Signs what is on disk, and resolves when that is on disk too. */
  async close(): Promise<void> {
    this.#note()
    await this.#writing
    const notes = this.#notes
    this.#notes = null
    if (notes === null) return
    await notes.file.sync().catch(this.#input.failed)
    notes.file.close()
  }

  #closesSegment(): boolean {
    const [, next] = this.#segments
    return next !== undefined && this.#durable >= next
  }

  #note(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (let next = this.#segments[1]; next !== undefined && this.#durable >= next; next = this.#segments[1]) {
      this.#sign(next)
      this.#segments.shift()
    }
    this.#sign(this.#durable)
  }

  #sign(size: number): void {
    this.#grow(size)
    if (size === this.#last) return
    const { origin, keys } = this.#input
    const note = signNote(checkpointText({ origin, size, root: this.#range.root() }), keys)
    const segment = this.#segments[0] as number
    this.#last = size
    this.#writing = this.#writing.then(() => this.#write(segment, note)).catch(this.#input.failed)
  }

  #grow(size: number): void {
    const count = size - this.#range.size
    for (let at = 0; at < count; at++) this.#range.append(Buffer.from(this.#pending[at] as string, 'hex'))
    this.#pending = this.#pending.slice(count)
  }

  async #write(segment: number, note: string): Promise<void> {
    const notes = await this.#notesOf(segment)
    const bytes = Buffer.from(notes.end === 0 ? note : `\n${note}`)
    try {
      for (let done = 0; done < bytes.length; ) done += notes.file.write(bytes.subarray(done))
      notes.end += bytes.length
    } catch (error) {
      notes.file.truncate(notes.end)
      throw error
    }
  }

  async #notesOf(segment: number) {
    if (this.#notes?.segment === segment) return this.#notes
    const { directory, disk } = this.#input
    const before = this.#notes
    this.#notes = null
    if (before !== null) {
      await before.file.sync().finally(() => before.file.close())
    }
    const file = disk.open(notesPath(directory, segment))
    this.#notes = { segment, file, end: file.size() }
    return this.#notes
  }
}

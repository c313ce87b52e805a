import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventQuery } from './event_query.ts'
import type { Exported, ExportFormat } from './export.ts'
import type { Question, QuestionAnswer } from './questions.ts'
import { SearchProcess } from './search_process.ts'

export interface SearchOptions {
  /** The log of record. */
  readonly directory: string
  /** For files of this process alone; what is there is deleted. */
  readonly scratch: string
  readonly memoryMib: number
  readonly threads: number
  readonly tempMib: number
  readonly niceness: number
  readonly timeoutMs: number
  /** Whether Parquet files are kept beside the log. */
  readonly keeps: boolean
  /** The first line that is not durable yet; null where that is not known. */
  readonly before: () => number | null
  /** Hears why the process failed. */
  readonly told: (text: string) => void
}

export interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  readonly next: string | null
  readonly unreadable: number
}

/** A piece of compaction may take longer than a question: nobody waits for it. */
const COMPACTION_DEADLINE_MS = 600_000
const FOLDER = 'parquet'

/** Questions over the log of record of one node. Each method rejects with `SP-SEARCH`, `SP-RATE`, `SP-INPUT` or `SP-AUDIT`. */
export class AuditSearch {
  readonly #options: SearchOptions
  readonly #process: SearchProcess

  constructor(options: SearchOptions) {
    const { directory, scratch, memoryMib, threads, tempMib, niceness, keeps, told } = options
    const sources = { directory, parquet: join(directory, FOLDER), scratch, keeps }
    this.#options = options
    this.#process = new SearchProcess({ bounds: { memoryMib, threads, tempMib, niceness }, sources }, told)
  }

  /** The newest first; `after` is the `next` of the page before. */
  async events(query: EventQuery, limit: number, after: string | null, signal?: AbortSignal): Promise<Page> {
    const page = { query, limit, after, before: this.#options.before() }
    return this.#process.ask({ kind: 'events', page }, this.#within(signal))
  }

  question(question: Question, signal?: AbortSignal): Promise<QuestionAnswer> {
    return this.#process.ask({ kind: 'question', question, before: this.#options.before() }, this.#within(signal))
  }

  /** At most `most` entries, the newest. `take` is given the file, which is gone afterwards. */
  async export<T>(
    query: EventQuery,
    format: ExportFormat,
    most: number,
    take: (exported: Exported) => Promise<T>,
  ): Promise<T> {
    const asked = { query, format, most, before: this.#options.before() }
    const exported = await this.#process.ask({ kind: 'export', export: asked }, this.#within())
    try {
      return await take(exported)
    } finally {
      await rm(exported.path, { force: true })
    }
  }

  /** A record as it stands in the log, or null. */
  line(sequence: number): Promise<string | null> {
    return this.#process.ask({ kind: 'line', sequence, before: this.#options.before() }, this.#within())
  }

  /** Does what compaction has left, as long as nobody asks anything. */
  async compact(): Promise<void> {
    while (this.#process.idle) {
      if (!(await this.#process.ask({ kind: 'compact' }, { deadlineMs: COMPACTION_DEADLINE_MS }))) return
    }
  }

  /** Removes the Parquet files: without compaction nobody would, when retention deletes their segments. */
  async forget(): Promise<void> {
    await rm(join(this.#options.directory, FOLDER), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await this.#process.close()
    await rm(this.#options.scratch, { recursive: true, force: true })
  }

  #within(signal?: AbortSignal) {
    return { deadlineMs: this.#options.timeoutMs, ...(signal && { signal }) }
  }
}

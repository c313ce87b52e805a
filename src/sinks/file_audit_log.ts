import { type ChainState, chainLine, followLine, newChain } from '../audit/chain.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { OcsfRecord, Product } from '../audit/ocsf_record.ts'
import { recordsOf } from '../audit/project.ts'
import { SallyportError } from '../errors.ts'
import type { AuditLog } from '../session/ports.ts'
import { lastLine } from './last_line.ts'
import { LineBuffer } from './line_buffer.ts'
import { type LogFile, openLogFile } from './log_file.ts'

export interface FileAuditLogOptions {
  readonly path: string
  /** group: resolves when written, on disk within 10 ms. sync: resolves when on disk. */
  readonly durability: 'group' | 'sync'
  /** Names the writing process in the chain. */
  readonly writerId: string
  readonly product: Product
  /** Default: the file at `path`, made with mode 0600. */
  readonly open?: (path: string) => LogFile
}

/** How long written records may wait for the disk, in milliseconds. */
const SYNC_WITHIN_MS = 10
/** How long a note may wait for a record to be written with, in milliseconds. */
const NOTE_WITHIN_MS = 10
/** C2SP tlog-tiles: an entry's length is 16 bits. */
const MAX_LINE_BYTES = 65_535

interface Waiting {
  readonly records: readonly OcsfRecord[]
  /** Whoever waits, waits for the disk. */
  readonly sync: boolean
  readonly resolve: () => void
  readonly reject: (error: SallyportError) => void
}

/**
 * The log of record: OCSF lines, chained, appended to one file. A torn last line is cut and the chain goes on from the
 * one before. Throws `SP-AUDIT` where the file can't be opened or doesn't end in a line of this writer.
 */
export function createFileAuditLog(options: FileAuditLogOptions): FileAuditLog {
  try {
    const file = (options.open ?? openLogFile)(options.path)
    return new FileAuditLog(options, file)
  } catch (error) {
    if (error instanceof SallyportError) throw error
    throw new SallyportError('SP-AUDIT', `the audit log can't be opened: ${codeOf(error)}`)
  }
}

/**
 * Group commit: what is appended during one turn of the event loop is written with one call, and one sync serves all
 * who wait for it.
 */
class FileAuditLog implements AuditLog {
  readonly #options: FileAuditLogOptions
  readonly #file: LogFile
  readonly #lines = new LineBuffer()
  /** Bytes of a torn last line that were cut when the log was opened. */
  readonly cutBytes: number
  #chain: ChainState
  /** Where the whole lines end. */
  #end: number
  #torn = false
  #healthy = true
  /** After a failed sync the system may have dropped what was written: nothing is promised until one succeeds. */
  #syncFailed = false
  #closed = false
  #waiting: Waiting[] = []
  #scheduled = false
  #noteTimer: NodeJS.Timeout | null = null
  #unsynced: Waiting[] = []
  #syncing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  /** Written since the last sync began. */
  #dirty = false

  constructor(options: FileAuditLogOptions, file: LogFile) {
    this.#options = options
    this.#file = file
    const { line, end } = lastLine(file)
    this.#chain = continued(line, options.writerId)
    this.cutBytes = file.size() - end
    if (this.cutBytes > 0) file.truncate(end)
    this.#end = end
  }

  get healthy(): boolean {
    return this.#healthy
  }

  append(events: readonly AuditEvent[]): Promise<void> {
    const promise = this.#enqueue(events)
    if (!this.#scheduled && !this.#closed) {
      this.#scheduled = true
      setImmediate(() => this.#flush())
    }
    return promise
  }

  /** A write of its own for each completion was a fifth of what a point query costs (profile: writeBuffer 23 %). */
  note(events: readonly AuditEvent[]): Promise<void> {
    const promise = this.#enqueue(events)
    // One timer serves all notes of its 10 ms; that most were written by then costs less than a timer for each.
    if (!this.#closed) {
      this.#noteTimer ??= setTimeout(() => {
        this.#noteTimer = null
        this.#flush()
      }, NOTE_WITHIN_MS)
    }
    return promise
  }

  #enqueue(events: readonly AuditEvent[]): Promise<void> {
    if (this.#closed) return Promise.reject(new SallyportError('SP-AUDIT', 'the audit log is closed'))
    const { product } = this.#options
    const records = events.length === 1 ? recordsOf(events[0]!, product) : events.flatMap((e) => recordsOf(e, product))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sync =
      this.#options.durability === 'sync' || events.some((event) => event.kind !== 'access' && event.sync === true)
    this.#waiting.push({ records, sync, resolve, reject })
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#flush()
    if (this.#noteTimer !== null) clearTimeout(this.#noteTimer)
    this.#noteTimer = null
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    while (this.#syncing !== null) await this.#syncing
    await this.#sync()
    this.#file.close()
  }

  #flush(): void {
    this.#scheduled = false
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length === 0) return
    try {
      const { chain, written } = this.#chained(batch)
      this.#write(this.#lines.bytes)
      this.#chain = chain
      this.#written(written)
    } catch (error) {
      this.#fail(batch, error)
    } finally {
      this.#lines.clear()
    }
  }

  /** Puts the lines of a batch in the buffer. A record that is too large is refused alone: the chain goes on without it. */
  #chained(batch: readonly Waiting[]): { chain: ChainState; written: Waiting[] } {
    let chain = this.#chain
    const written: Waiting[] = []
    for (const waiting of batch) {
      const before = this.#lines.mark
      const after = this.#linesOf(waiting, chain)
      if (after !== null) {
        chain = after
        written.push(waiting)
        continue
      }
      this.#lines.cut(before)
      waiting.reject(new SallyportError('SP-AUDIT', 'the audit record is too large'))
    }
    return { chain, written }
  }

  /** The chain after the records of one caller, or null where one of them is too large. */
  #linesOf({ records }: Waiting, chain: ChainState): ChainState | null {
    let state = chain
    for (const record of records) {
      let length = 0
      state = chainLine(state, record, (line) => {
        const added = this.#lines.add(line)
        length = added.length
        return added.leaf
      }).state
      if (length > MAX_LINE_BYTES) return null
    }
    return state
  }

  /** All or nothing: what a failed write left behind is cut off, and while that fails nothing else is written. */
  #write(bytes: Uint8Array): void {
    if (this.#torn) this.#cut()
    this.#torn = true
    let done = 0
    try {
      while (done < bytes.length) {
        const count = this.#file.write(bytes.subarray(done))
        if (count === 0) throw new SallyportError('SP-AUDIT', 'the audit log takes no more bytes')
        done += count
      }
    } catch (error) {
      this.#cut()
      throw error
    }
    this.#torn = false
    this.#end += bytes.length
  }

  #cut(): void {
    this.#file.truncate(this.#end)
    this.#torn = false
  }

  #written(batch: readonly Waiting[]): void {
    this.#dirty = true
    const unsynced = this.#syncFailed ? batch : batch.filter(({ sync }) => sync)
    if (!this.#syncFailed) {
      if (unsynced.length < batch.length) this.#healthy = true
      for (const { sync, resolve } of batch) if (!sync) resolve()
    }
    if (unsynced.length > 0) {
      this.#unsynced.push(...unsynced)
      void this.#sync()
      return
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.#sync()
    }, SYNC_WITHIN_MS)
  }

  /** One sync at a time; who comes while it runs waits for the next, since it may have started before their write. */
  async #sync(): Promise<void> {
    if (this.#syncing !== null) return
    this.#syncing = this.#syncOnce().finally(() => {
      this.#syncing = null
      if (this.#unsynced.length > 0 || (this.#dirty && this.#timer === null && !this.#syncFailed)) void this.#sync()
    })
    return this.#syncing
  }

  async #syncOnce(): Promise<void> {
    this.#dirty = false
    const batch = this.#unsynced
    this.#unsynced = []
    try {
      await this.#file.sync()
      this.#syncFailed = false
      if (!this.#torn) this.#healthy = true
      for (const { resolve } of batch) resolve()
    } catch (error) {
      this.#syncFailed = true
      this.#fail(batch, error)
    }
  }

  #fail(batch: readonly Waiting[], error: unknown): void {
    this.#healthy = false
    const refused = new SallyportError('SP-AUDIT', `the audit log can't be written: ${codeOf(error)}`)
    for (const { reject } of batch) reject(refused)
  }
}

function continued(line: string | null, writerId: string): ChainState {
  if (line === null) return newChain(writerId)
  const state = followLine(null, line)
  if (typeof state === 'string') throw new SallyportError('SP-AUDIT', `the last line of the audit log: ${state}`)
  if (state.writer === writerId) return state
  throw new SallyportError('SP-AUDIT', `the audit log belongs to ${state.writer}; give each node a file of its own`)
}

/** The system's code alone (ENOSPC): a message could hold a path or more. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed'
}

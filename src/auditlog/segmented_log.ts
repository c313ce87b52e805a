import type { DatabaseSync } from 'node:sqlite'
import { type ChainState, chainLine } from '../audit/chain.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { OcsfRecord } from '../audit/ocsf_record.ts'
import { recordsApart } from '../audit/project.ts'
import { StoredTexts } from '../audit/stored_texts.ts'
import { asSallyportError, SallyportError } from '../errors.ts'
import type { AuditLogOptions, LogOfRecord } from './audit_log.ts'
import { Checkpoints } from './checkpoints.ts'
import { LineBuffer } from './line_buffer.ts'
import type { Disk } from './log_file.ts'
import type { LogIdentity } from './log_identity.ts'
import type { OpenedLog } from './open_log.ts'
import { Sealing } from './sealing.ts'
import { SegmentFiles } from './segment_files.ts'
import { codeOf } from './system_error.ts'

/** How long written records may wait for the disk, in milliseconds. */
const SYNC_WITHIN_MS = 10
/** How long a note may wait for a record to be written with, in milliseconds. */
const NOTE_WITHIN_MS = 10
/** A disk that is so far behind is waited for by all: what is written must not run away from it. */
const BEHIND_MS = 1_000
/** A disk that does not answer for so long is a broken one. */
const STALLED_MS = 10_000
const STALLED = 'the disk does not answer'
/** While the log can't be written, it is tried so often. The open segment is looked at as often. */
const LOOK_EVERY_MS = 1_000
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
 * Group commit: what is appended during one turn of the event loop is written with one call, and one sync serves all
 * who wait for it.
 */
export class SegmentedLog implements LogOfRecord {
  readonly progress = new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT))
  readonly identity: LogIdentity
  readonly cut: OpenedLog['cut']
  readonly #options: AuditLogOptions
  readonly #lock: DatabaseSync
  readonly #files: SegmentFiles
  readonly #checkpoints: Checkpoints
  readonly #lines = new LineBuffer()
  readonly #texts = new StoredTexts()
  readonly #sealing: Sealing
  readonly #onHealth: ((healthy: boolean, why: string) => void)[] = []
  readonly #onRotation: (() => void)[] = []
  #durability: AuditLogOptions['durability']
  #segment: AuditLogOptions['segment']
  #segmentSince: number
  #chain: ChainState
  /** The first line of the segment that was open at the last sync. */
  #oldest: number
  /** The number of the first line that is not on disk for certain, and the leaf hash of the one before. */
  #durable: Pick<ChainState, 'next' | 'previous'>
  #healthy = true
  /** How many events were refused since the log could not be written. */
  #refused = 0
  #since = 0
  #resuming = false
  /** After a failed sync the system may have dropped what was written: nothing is written until that is made good. */
  #syncFailed = false
  #closed = false
  #waiting: Waiting[] = []
  #scheduled = false
  #noteTimer: NodeJS.Timeout | null = null
  /** They wait for the next sync, and these for the one that runs. */
  #unsynced: Waiting[] = []
  #inSync: Waiting[] = []
  #syncing: Promise<void> | null = null
  #syncingSince = 0
  #timer: NodeJS.Timeout | null = null
  /** When the oldest line was written that is not on disk; null where all are. */
  #dirtySince: number | null = null
  readonly #look: NodeJS.Timeout

  constructor(options: AuditLogOptions, disk: Disk, identity: LogIdentity, opened: OpenedLog, lock: DatabaseSync) {
    const { directory, key, origin, failed, clock } = options
    const { chain, range, first, checkpoint, cut } = opened
    this.#options = options
    this.#lock = lock
    this.identity = identity
    this.cut = cut
    this.#durability = options.durability
    this.#segment = options.segment
    this.#sealing = new Sealing(options.sealTo, () => clock.monotonic())
    this.#segmentSince = clock.monotonic()
    this.#chain = chain
    this.#durable = chain
    this.#oldest = first
    this.#files = new SegmentFiles(directory, disk, opened)
    this.#checkpoints = new Checkpoints({
      ...{ directory, disk, origin, failed, range },
      keys: [key],
      segment: first,
      last: checkpoint,
    })
    this.#checkpoints.durable(chain.next)
    this.#publish()
    this.#look = setInterval(() => this.#lookAfter(), options.lookEveryMs ?? LOOK_EVERY_MS)
    this.#look.unref()
  }

  get healthy(): boolean {
    return this.#healthy
  }

  onHealth(listener: (healthy: boolean, why: string) => void): void {
    this.#onHealth.push(listener)
  }

  onRotation(listener: () => void): void {
    this.#onRotation.push(listener)
  }

  configure({ durability, segment, sealTo }: Pick<AuditLogOptions, 'durability' | 'segment' | 'sealTo'>): void {
    this.#sealing.configure(sealTo)
    this.#durability = durability
    this.#segment = segment
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
    let records: readonly OcsfRecord[]
    try {
      records = this.#recordsOf(events)
    } catch (error) {
      return Promise.reject(asSallyportError(error))
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sync = this.#durability === 'sync' || events.some((event) => event.kind !== 'access' && event.sync === true)
    this.#waiting.push({ records, sync, resolve, reject })
    return promise
  }

  #recordsOf(events: readonly AuditEvent[]): readonly OcsfRecord[] {
    const { product } = this.#options
    const { sealer } = this.#sealing
    if (events.length === 1) return recordsApart(events[0]!, product, sealer)
    return events.flatMap((event) => recordsApart(event, product, sealer))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#look)
    this.#flush()
    if (this.#noteTimer !== null) clearTimeout(this.#noteTimer)
    this.#noteTimer = null
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    while (this.#syncing !== null) await this.#syncing
    if (this.#syncFailed) this.#makeGood()
    else if (this.#dirtySince !== null || this.#unsynced.length > 0) void this.#sync()
    while (this.#syncing !== null) await this.#syncing
    await this.#checkpoints.close()
    this.#files.close()
    this.#lock.close()
  }

  #flush(): void {
    this.#scheduled = false
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length === 0) return
    if (this.#syncFailed) return this.#refuse(batch, 'the disk failed')
    if (this.#stalled) return this.#refuse(batch, STALLED)
    try {
      this.#rotateIfDue()
      const { chain, written, leaves } = this.#chained(batch)
      this.#files.write(this.#lines.bytes)
      for (const leaf of leaves) this.#checkpoints.line(leaf)
      this.#chain = chain
      this.#texts.written()
      this.#written(written)
    } catch (error) {
      this.#texts.failed()
      this.#refuse(batch, codeOf(error))
    } finally {
      this.#lines.clear()
    }
  }

  /** Puts the lines of a batch in the buffer. A record that is too large is refused alone: the chain goes on without it. */
  #chained(batch: readonly Waiting[]): { chain: ChainState; written: Waiting[]; leaves: string[] } {
    let chain = this.#chain
    const written: Waiting[] = []
    const leaves: string[] = []
    for (const waiting of batch) {
      const before = this.#lines.mark
      const count = leaves.length
      const after = this.#linesOf(waiting, chain, leaves)
      if (after !== null) {
        chain = after
        written.push(waiting)
        continue
      }
      this.#lines.cut(before)
      this.#texts.failed()
      leaves.length = count
      waiting.reject(new SallyportError('SP-AUDIT', 'the audit record is too large'))
    }
    return { chain, written, leaves }
  }

  /** The chain after the records of one caller, or null where one of them is too large. */
  #linesOf({ records }: Waiting, chain: ChainState, leaves: string[]): ChainState | null {
    let state: ChainState | null = chain
    for (const record of records) {
      if (record.texts === undefined) state = state && this.#lineOf(record, state, leaves)
      else for (const one of this.#texts.withTexts(record)) state = state && this.#lineOf(one, state, leaves)
    }
    return state
  }

  #lineOf(record: OcsfRecord, chain: ChainState, leaves: string[]): ChainState | null {
    let length = 0
    const { state } = chainLine(chain, record, (line) => {
      const added = this.#lines.add(line)
      length = added.length
      leaves.push(added.leaf)
      return added.leaf
    })
    return length > MAX_LINE_BYTES ? null : state
  }

  #rotateIfDue(): void {
    const { first, end } = this.#files.open
    const { maxBytes, maxAgeMs } = this.#segment
    const now = this.#options.clock.monotonic()
    if (this.#chain.next === first || (end < maxBytes && now - this.#segmentSince < maxAgeMs)) return
    const { next, previous } = this.#chain
    this.#files.begin({ first: next, previous, range: this.#checkpoints.rangeAt(next) })
    this.#checkpoints.segment(next)
    this.#texts.clear()
    this.#segmentSince = now
  }

  #written(batch: readonly Waiting[]): void {
    this.#dirtySince ??= this.#options.clock.monotonic()
    this.#publish()
    const behind = this.#options.clock.monotonic() - this.#dirtySince > BEHIND_MS
    const unsynced = behind ? batch : batch.filter(({ sync }) => sync)
    if (!behind) for (const { sync, resolve } of batch) if (!sync) resolve()
    if (unsynced.length > 0) {
      this.#unsynced.push(...unsynced)
      void this.#sync()
      return
    }
    this.#setHealthy(true, 'it is written again')
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.#sync()
    }, SYNC_WITHIN_MS)
  }

  /** One sync at a time; who comes while it runs waits for the next, since it may have started before their write. */
  async #sync(): Promise<void> {
    if (this.#syncing !== null || this.#syncFailed) return
    this.#syncingSince = this.#options.clock.monotonic()
    this.#syncing = this.#syncOnce().finally(() => {
      this.#syncing = null
      if (this.#syncFailed) return
      if (this.#unsynced.length > 0 || (this.#dirtySince !== null && this.#timer === null)) void this.#sync()
    })
    return this.#syncing
  }

  async #syncOnce(): Promise<void> {
    const batch = this.#unsynced
    this.#inSync = batch
    const { next, previous } = this.#chain
    const before = this.#files.open.first
    this.#unsynced = []
    this.#dirtySince = null
    try {
      await this.#files.sync()
      this.#setDurable({ next, previous })
      for (const { resolve } of batch) resolve()
      if (before > this.#oldest) this.#rotated(before)
    } catch (error) {
      this.#syncFailed = true
      this.#refuse([...batch, ...this.#unsynced.splice(0)], codeOf(error))
    }
  }

  #rotated(first: number): void {
    this.#oldest = first
    for (const listener of this.#onRotation) listener()
  }

  #setDurable(durable: Pick<ChainState, 'next' | 'previous'>): void {
    this.#durable = durable
    this.#checkpoints.durable(durable.next)
    this.#publish()
    if (!this.#files.torn) this.#setHealthy(true, 'it is written again')
  }

  #publish(): void {
    Atomics.store(this.progress, 0, BigInt(this.#chain.next))
    Atomics.store(this.progress, 1, BigInt(this.#durable.next))
  }

  get #stalled(): boolean {
    return this.#syncing !== null && this.#options.clock.monotonic() - this.#syncingSince > STALLED_MS
  }

  /** Once a second: is the file still ours, does the disk answer, and if nothing could be written, can it be now? */
  #lookAfter(): void {
    if (this.#stalled) return this.#refuse([...this.#inSync.splice(0), ...this.#unsynced.splice(0)], STALLED)
    if (this.#syncFailed) return this.#makeGood()
    const problem = this.#files.problem()
    if (problem !== null) {
      // What was in it is lost for readers; what comes next must not be lost with it.
      this.#syncFailed = true
      return this.#refuse(this.#unsynced.splice(0), problem)
    }
    if (!this.#healthy) this.#recordGap()
  }

  /** After a failed sync: all that may be lost is written again, then the log goes on. */
  #makeGood(): void {
    if (this.#syncing !== null) return
    this.#syncingSince = this.#options.clock.monotonic()
    const { next, previous } = this.#durable
    const written = this.#chain
    this.#texts.clear()
    this.#syncing = this.#files
      .writeAgain({ first: next, previous, range: this.#checkpoints.rangeAt(next) })
      .then(() => {
        this.#syncFailed = false
        this.#dirtySince = null
        this.#checkpoints.segment(next)
        this.#setDurable(written)
      })
      .catch((error: unknown) => this.#refuse([], codeOf(error)))
      .finally(() => {
        this.#syncing = null
      })
  }

  /** Puts on record for how long nothing could be written; while that is so, it is the attempt to. */
  #recordGap(): void {
    const { clock, newId } = this.#options
    const detail = { since: this.#since, refused: this.#refused }
    this.#resuming = true
    // Who refuses it has said why already.
    this.append([{ kind: 'log', what: 'resumed', id: newId(), time: clock.now(), detail }])
      .catch(() => undefined)
      .finally(() => {
        this.#resuming = false
      })
  }

  #refuse(batch: readonly Waiting[], why: string): void {
    this.#refused += batch.length
    this.#setHealthy(false, why)
    const refused = new SallyportError('SP-AUDIT', `the audit log can't be written: ${why}`)
    for (const { reject } of batch) reject(refused)
  }

  #setHealthy(healthy: boolean, why: string): void {
    if (this.#healthy === healthy) return
    this.#healthy = healthy
    if (!healthy) this.#since = this.#options.clock.now()
    else if (!this.#resuming) this.#recordGap()
    if (healthy) this.#refused = 0
    for (const listener of this.#onHealth) listener(healthy, why)
  }
}

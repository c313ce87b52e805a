import type { SinkSettings } from '../session/sink_settings.ts'
import { Attempts } from './attempts.ts'
import { type Batch, gatherBatch, slicesOf } from './batch.ts'
import type { CheckpointFeed } from './checkpoint_feed.ts'
import type { LineCursor, LineFeed } from './line_feed.ts'
import { AT_FIRST, type Position, type SinkFailure } from './position.ts'
import { type Item, type Refused, type Sender, type SenderLimits, SinkError } from './sender.ts'
import type { SinkNews, SinkStatus } from './sink_status.ts'

export interface SinkRunDeps {
  readonly settings: SinkSettings
  readonly feed: LineFeed
  readonly checkpoints: Pick<CheckpointFeed, 'newest'>
  /** Null where the sink is new. Rejects while the file can't be read. */
  readonly load: () => Promise<Position | 'broken' | null>
  readonly save: (position: Position) => Promise<void>
  /** Why the position is not one in this log; null where it is. */
  readonly strangeness: (position: Position) => string | null
  readonly bury: (refused: readonly Refused[]) => Promise<void>
  readonly open: () => Promise<Sender>
  /** Secrets are read anew. */
  readonly forgetSecrets: () => void
  readonly tell: (news: SinkNews) => void
  readonly now: () => number
  readonly random: () => number
}

/** How often it looks for new lines. */
const LOOK_MS = 100
/** How often for a checkpoint alone. */
const SELDOM_MS = 1_000
/** A sender that does not heed its signal is given up after so long. */
const HUNG_MS = 5_000

/** The way of one sink along the log: batch by batch, each until the sink has taken it. */
export class SinkRun {
  readonly #deps: SinkRunDeps
  readonly #cursor: LineCursor
  readonly #attempts: Attempts
  #sender: Sender | null = null
  #limits: SenderLimits = { maxItems: 1, maxBytes: 1, maxItemBytes: 1 }
  /** As stored; null until it is known. */
  #position: Position | null = null
  #behind = false
  #waitingSince: number | null = null
  /** When the oldest line was made that is not delivered. */
  #oldest: number | null = null
  #looked = Number.NEGATIVE_INFINITY
  #over: Promise<void> | null = null
  #sent = 0
  #refused = 0

  constructor(deps: SinkRunDeps) {
    this.#deps = deps
    this.#cursor = deps.feed.cursor()
    this.#attempts = new Attempts({
      failed: (failure, error) => this.#failed(failure, error),
      tell: (what, detail) => this.#tell(what, detail),
      now: deps.now,
      random: deps.random,
    })
  }

  start(): void {
    this.#over ??= this.#run()
  }

  /** Resolves when all that was on disk is delivered, or the sink takes nothing. */
  async drain(): Promise<void> {
    this.#attempts.drain()
    await this.#over
  }

  /** At once: what is under way is given up, and comes again with the next start. */
  async stop(): Promise<void> {
    this.#attempts.stop()
    await this.#over
  }

  /** Null until the stored position is known. */
  get status(): SinkStatus | null {
    if (this.#position === null) return null
    const { settings, feed, now } = this.#deps
    const { next, checkpoint, sentAt } = this.#position
    const lagRecords = Math.max(0, feed.durable - next)
    const lagMs = lagRecords === 0 || this.#oldest === null ? 0 : Math.max(0, now() - this.#oldest)
    const { failure, retries } = this.#attempts
    const counts = { sent: this.#sent, refused: this.#refused, retries }
    return { name: settings.name, kind: settings.kind, next, checkpoint, sentAt, lagRecords, lagMs, failure, ...counts }
  }

  async #run(): Promise<void> {
    const attempts = this.#attempts
    try {
      if (!(await attempts.untilDone('the position can not be read', () => this.#begin()))) return
      while (!attempts.stopped) {
        const batch = await this.#nextBatch()
        if (batch === null || !(await this.#delivered(batch))) break
        attempts.recovered()
      }
    } finally {
      await this.#giveUpSender()
      this.#cursor.close()
    }
  }

  async #begin(): Promise<void> {
    const { load, settings, feed, strangeness } = this.#deps
    const stored = await load()
    if (stored === null) {
      const next = settings.from === 'now' ? feed.durable : feed.first
      const position = { ...AT_FIRST, next, checkpoint: next }
      // Where the program ends before the first batch, it does not begin later than now.
      await this.#deps.save(position)
      this.#position = position
      return
    }
    const strange = stored === 'broken' ? 'the stored position can not be understood' : strangeness(stored)
    if (stored !== 'broken' && strange === null) {
      this.#position = stored
      this.#attempts.inherit(stored.failure)
      return
    }
    this.#tell('strange_position', `${strange}; the sink begins again at the first line`)
    this.#position = { ...AT_FIRST, next: feed.first }
  }

  /** Null where nothing is left to do before the end. */
  async #nextBatch(): Promise<Batch | null> {
    while (!this.#attempts.stopped) {
      const batch = this.#isReady() ? await this.#gathered() : null
      if (batch !== null) return batch
      if (this.#attempts.draining) return null
      this.#watchLag()
      await this.#attempts.sleep(LOOK_MS)
    }
    return null
  }

  /** Whether it is time for a batch: there is enough for one, or it has waited. */
  #isReady(): boolean {
    const { settings, feed } = this.#deps
    const pending = feed.durable - this.#at.next
    const now = performance.now()
    if (pending <= 0) {
      this.#waitingSince = null
      this.#oldest = null
      if (now - this.#looked < SELDOM_MS && !this.#attempts.draining) return false
      this.#looked = now
      return true
    }
    this.#waitingSince ??= now
    if (this.#attempts.draining || pending >= settings.batch.maxItems) return true
    return now - this.#waitingSince >= settings.batch.maxWaitMs
  }

  /** Null where nothing is there, or it can't be read before the end. */
  async #gathered(): Promise<Batch | null> {
    let batch: Batch | null = null
    await this.#attempts.untilDone('the log can not be read', async () => {
      this.#passGap()
      await this.#open()
      batch = gatherBatch(this.#at, this.#limits, { ...this.#deps, cursor: this.#cursor })
    })
    this.#waitingSince = null
    return batch
  }

  /** Retention deletes nothing that is undelivered; somebody else may have. */
  #passGap(): void {
    const { next } = this.#at
    const { first } = this.#deps.feed
    if (next >= first) return
    this.#tell('gap', `lines ${next} to ${first - 1} were deleted before the sink had them`)
    this.#position = { ...this.#at, next: first, last: null }
  }

  /** False where the end comes before. */
  async #delivered({ items, next, last, checkpoint, oldest }: Batch): Promise<boolean> {
    const attempts = this.#attempts
    this.#oldest = oldest
    const refused: Refused[] = []
    for (const slice of slicesOf(items, this.#limits)) {
      const send = async () => void refused.push(...(await this.#send(slice)))
      if (!(await attempts.untilDone('the sink takes nothing', send))) return false
    }
    const bury = () => this.#deps.bury(refused)
    if (refused.length > 0 && !(await attempts.untilDone('dead letters can not be written', bury))) return false
    const sentAt = items.length > 0 ? this.#deps.now() : this.#at.sentAt
    const position = { next, last, checkpoint, sentAt, failure: null }
    const save = () => this.#deps.save(position)
    if (!(await attempts.untilDone('the position can not be stored', save))) return false
    this.#position = position
    this.#count(items.length, refused)
    this.#watchLag()
    return true
  }

  #count(items: number, refused: readonly Refused[]): void {
    this.#sent += items - refused.length
    this.#refused += refused.length
    const [first] = refused
    if (first === undefined) return
    const { code, sequence } = first.item
    const detail = `${refused.length} refused for good, the first is ${code} at ${sequence}: ${first.why}`
    this.#tell('dead_letters', detail)
  }

  async #open(): Promise<Sender> {
    this.#sender ??= await this.#deps.open()
    const { limits } = this.#sender
    const { maxItems, maxBytes } = this.#deps.settings.batch
    const smaller = { maxItems: Math.min(limits.maxItems, maxItems), maxBytes: Math.min(limits.maxBytes, maxBytes) }
    this.#limits = { ...limits, ...smaller }
    return this.#sender
  }

  async #send(items: readonly Item[]): Promise<readonly Refused[]> {
    const sender = await this.#open()
    const { timeoutMs } = this.#deps.settings
    let settled = false
    const stop = this.#attempts.signal
    const hung = Promise.withResolvers<never>()
    const giveUp = () => hung.reject(new SinkError('did not answer in time'))
    const timer = setTimeout(giveUp, timeoutMs + HUNG_MS)
    stop.addEventListener('abort', giveUp, { once: true })
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), stop])
    const sending = sender.send(items, signal).finally(() => {
      settled = true
    })
    try {
      return await Promise.race([sending, hung.promise])
    } catch (error) {
      // What has not settled may do so whenever it likes: that sender is not asked again.
      sending.catch(() => undefined)
      if (!settled || !(error instanceof SinkError)) await this.#giveUpSender()
      throw error
    } finally {
      clearTimeout(timer)
      stop.removeEventListener('abort', giveUp)
    }
  }

  async #failed(failure: SinkFailure, error: unknown): Promise<void> {
    if (error instanceof SinkError && error.authentication) {
      this.#deps.forgetSecrets()
      await this.#giveUpSender()
    }
    this.#watchLag()
    const at = this.#position
    if (at === null || at.failure?.why === failure.why) return
    this.#position = { ...at, failure }
    // For who asks while the program is down. That it can't be stored is no news: the failure itself is told.
    await this.#deps.save(this.#position).catch(() => undefined)
  }

  /** Its own failure to close is nobody's concern: another one is opened. */
  async #giveUpSender(): Promise<void> {
    const sender = this.#sender
    this.#sender = null
    if (sender === null) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, HUNG_MS)
    await Promise.race([sender.close().catch(() => undefined), late.promise])
    clearTimeout(timer)
  }

  #watchLag(): void {
    const { maxRecords, maxAgeMs } = this.#deps.settings.backlog
    const { lagRecords = 0, lagMs = 0 } = this.status ?? {}
    const behind = lagRecords > maxRecords || lagMs > maxAgeMs
    if (behind === this.#behind) return
    this.#behind = behind
    const seconds = Math.round(lagMs / 1000)
    if (behind) this.#tell('behind', `${lagRecords} records are not delivered, the oldest of them ${seconds} s old`)
    else this.#tell('caught_up', 'the backlog is within its bounds again')
  }

  #tell(what: SinkNews['what'], detail: string): void {
    this.#deps.tell({ what, sink: this.#deps.settings.name, detail })
  }

  get #at(): Position {
    return this.#position ?? AT_FIRST
  }
}

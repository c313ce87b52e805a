import type { Logger } from 'pino'
import type { NodeRecord } from '../access/records.ts'
import type { Config } from '../config/config.ts'
import { asSallyportError } from '../errors.ts'
import { matchesAny, matchesPattern } from '../policy/patterns.ts'
import { createReportThreads, type ReportThreads } from '../reports/report_thread.ts'
import type { LoggedUse } from '../reports/usage_tail.ts'
import type { Clock, TableUse } from '../session/ports.ts'
import { everyRecord } from '../store/snapshot.ts'
import type { SqlStore } from '../store/sql_store.ts'
import { lastUsageGap, noteUsageGap } from '../store/usage_gaps.ts'
import type { UsageLog } from '../store/usage_log.ts'

/** Counts are written every 5 s, and a node says as often that it lives: so much of its end may be missing. */
const MISSING_MS = 60_000
/** A statement is counted at its end: one that had run for longer when the process was killed is missed. */
const LONGEST_STATEMENT_MS = 3_600_000
const REFRESH_EVERY_MS = 60_000
/** As in `store/nodes.ts`: who was not seen for so long is gone, and its last counts with it. */
const GONE_AFTER_MS = 15_000

export interface UsageKnownDeps {
  readonly config: Config
  readonly store: SqlStore
  readonly uses: UsageLog
  readonly clock: Clock
  readonly log: Logger
  /** This node as its last process left it, where that did not end by itself. */
  readonly left: NodeRecord | undefined
  /** When the first process began with this store. */
  readonly firstStart: number
}

/** Since when every use is in the counts. */
export class UsageKnown {
  readonly #deps: UsageKnownDeps
  readonly #threads: Pick<ReportThreads, 'usageSince' | 'close'>
  readonly #timer: NodeJS.Timeout
  #since: number | null = null
  #running: Promise<void>

  constructor(deps: UsageKnownDeps, threads?: Pick<ReportThreads, 'usageSince' | 'close'>) {
    this.#deps = deps
    this.#threads = threads ?? createReportThreads(deps.config.node.audit.directory)
    this.#running = this.#begin()
    this.#timer = setInterval(() => {
      this.#running = this.#running.then(() => this.#refresh()).catch((error: unknown) => this.#failed(error))
    }, REFRESH_EVERY_MS)
    this.#timer.unref()
  }

  /** Null while that is not known: nothing counts as unused then. */
  get since(): number | null {
    return this.#since
  }

  /** Resolves when the counts that a killed process left out are in the store, or it is noted that they are lost. */
  settled(): Promise<void> {
    return this.#running
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#threads.close()
    await this.#running
  }

  async #begin(): Promise<void> {
    try {
      if (this.#deps.left !== undefined) await this.#replay(this.#deps.left)
      await this.#refresh()
    } catch (error) {
      this.#failed(error)
    }
  }

  async #replay(left: NodeRecord): Promise<void> {
    const { config, store, clock, uses, log } = this.#deps
    const lastSeen = left.seenAt + left.clockSkewMs
    const atLeastSince = lastSeen - MISSING_MS
    const since = Math.max(left.startedAt, lastSeen - LONGEST_STATEMENT_MS)
    const found = await this.#threads.usageSince({ since, atLeastSince }).catch((error: unknown) => {
      this.#failed(error)
      return null
    })
    if (found === null) {
      log.warn(
        { until: clock.now() },
        'the use that a killed process had counted is lost; until now none counts as unused',
      )
      await store.write((tx) => noteUsageGap(tx, config.node.name, clock.now()))
      return
    }
    for (const use of await uncounted(store, found)) uses.note(counted(use, config))
    await uses.flush()
  }

  async #refresh(): Promise<void> {
    const { store, clock, config, firstStart } = this.#deps
    const now = clock.now() - store.skewMs()
    const nodes = await store.read((tx) => everyRecord(tx.nodes, {}))
    // A node that comes back counts again what it had left out, and is gone no longer.
    const gone = nodes.filter(({ id, seenAt }) => id !== config.node.name && now - seenAt >= GONE_AFTER_MS)
    const lost = (await lastUsageGap(store)) ?? firstStart
    this.#since = Math.max(firstStart, lost, ...gone.map(({ seenAt }) => seenAt))
  }

  #failed(error: unknown): void {
    const { code, detail } = asSallyportError(error)
    this.#deps.log.warn({ code, detail }, 'since when use is known could not be looked up')
  }
}

/** What came after the last use of its kind that is in the store: the rest is in the counts already. */
async function uncounted(store: SqlStore, found: readonly LoggedUse[]): Promise<readonly LoggedUse[]> {
  const last = new Map<string, number>()
  for (const grantId of new Set(found.map((use) => use.grantId))) {
    const known = await store.read((tx) => everyRecord(tx.usage, { grantId }))
    for (const line of known) last.set(keyOf(line), line.lastAt)
  }
  return found.filter((use) => use.at > (last.get(keyOf(use)) ?? Number.NEGATIVE_INFINITY))
}

function keyOf({ grantId, schema, table, verb }: Pick<TableUse, 'grantId' | 'schema' | 'table' | 'verb'>): string {
  return JSON.stringify([grantId, schema, table, verb])
}

function counted({ target, role, clear, ...use }: LoggedUse, { masking, roles }: Config): TableUse {
  const held = roles.get(role)
  const lifts = held === undefined || held.unrestricted || held.unmask.length > 0
  const masked = masking.masks.filter(
    (mask) =>
      matchesAny(mask.targets, target) && matchesAny(mask.schemas, use.schema) && matchesAny(mask.tables, use.table),
  )
  const seen = clear.some((column) =>
    masked.some(({ columns }) => columns.some((pattern) => matchesPattern(pattern, column))),
  )
  return { ...use, clear: lifts && seen }
}

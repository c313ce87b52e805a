import { join } from 'node:path'
import type { AuditSearchPort } from '../http/audit_search.ts'
import { AuditSearch, bytesOf } from '../search/search.ts'
import type { Foundations } from './foundations.ts'
import { camelEntry, eventQuery, questionOf } from './search_terms.ts'

const COMPACT_EVERY_MS = 60_000
const MAX_EXPORT_ENTRIES = 100_000
const BEHIND_ALL_OTHERS = 10

interface SearchPart {
  readonly auditSearch: AuditSearchPort
  close(): Promise<void>
}

/** The search of this node's log, and the Parquet files that make it fast. */
export function composeSearch({
  live,
  audit,
  clock,
  log,
}: Pick<Foundations, 'live' | 'audit' | 'clock' | 'log'>): SearchPart {
  const { audit: settings, dataDir } = live.config.node
  const { compact, ...bounds } = settings.search
  const search = new AuditSearch({
    ...bounds,
    directory: settings.directory,
    scratch: join(dataDir, 'search'),
    niceness: BEHIND_ALL_OTHERS,
    keeps: compact,
    before: () => Number(Atomics.load(audit.progress, 1)),
    told: (text) => log.warn({ detail: text }, 'the search of the audit log failed'),
  })
  const stop = compact
    ? compactNowAndThen(search, (error) => log.warn({ err: error }, 'the audit log was not compacted'))
    : () => undefined
  return {
    auditSearch: {
      events: async (filters, { limit, after }) => {
        const { items, ...page } = await search.events(eventQuery(filters), limit, after ?? null)
        return { items: items.map(camelEntry), ...page }
      },
      export: (filters, format) => search.export(eventQuery(filters), format, MAX_EXPORT_ENTRIES, bytesOf),
      record: (sequence) => search.line(sequence),
      ask: (asked) => search.question(questionOf(asked, live.config, clock.now())),
    },
    close: async () => {
      stop()
      await search.close()
    },
  }
}

function compactNowAndThen(search: AuditSearch, failed: (error: unknown) => void): () => void {
  let isRunning = false
  const timer = setInterval(() => {
    if (isRunning) return
    isRunning = true
    const done = () => {
      isRunning = false
    }
    search.compact().catch(failed).finally(done)
  }, COMPACT_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}

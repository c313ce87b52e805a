import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SallyportError } from '../errors.ts'
import type { AuditSearchPort } from '../http/audit_search.ts'
import type { Exported } from '../search/export.ts'
import { AuditSearch } from '../search/search.ts'
import type { Foundations } from './foundations.ts'
import { camelEntry, eventQuery, questionOf } from './search_terms.ts'

const COMPACT_EVERY_MS = 60_000
const MAX_EXPORT_ENTRIES = 100_000
const MAX_EXPORT_BYTES = 67_108_864
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
  const forgotten = compact
    ? null
    : search.forget().catch((err: unknown) => log.warn({ err }, 'old Parquet files stay'))
  return {
    auditSearch: {
      events: async (filters, { limit, after }) => {
        const { items, ...page } = await search.events(eventQuery(filters), limit, after ?? null)
        return { items: items.map(camelEntry), ...page }
      },
      export: (filters, format) => search.export(eventQuery(filters), format, MAX_EXPORT_ENTRIES, wholeFile),
      record: (sequence) => search.line(sequence),
      ask: (asked) => search.question(questionOf(asked, live.config, clock.now())),
    },
    close: async () => {
      stop()
      await forgotten
      await search.close()
    },
  }
}

/** All or nothing: nobody is to take a part for the whole. */
async function wholeFile({ path, bytes, cut, unreadable }: Exported) {
  if (cut)
    throw new SallyportError('SP-INPUT', `more than ${MAX_EXPORT_ENTRIES} entries match; narrow it, by its time first`)
  if (bytes > MAX_EXPORT_BYTES) throw new SallyportError('SP-INPUT', 'the export is larger than 64 MiB; narrow it')
  return { bytes: await readFile(path), unreadable }
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

import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { segmentsOf } from '../../src/auditlog/segments.ts'
import type { EventQuery } from '../../src/search/event_query.ts'
import { readManifest } from '../../src/search/manifest.ts'
import { SearchProcess } from '../../src/search/search_process.ts'
import { generateLog } from './log_generator.ts'
import { asked, page } from './searched.ts'

/**
 * Ten million records over 90 days, and a large open segment: some 20 minutes on two cores, most of them for writing and
 * compacting. Only one day of plain text is on disk at a time.
 */

const RECORDS = 10_000_000
const DAYS = 90
const DAY_MS = 86_400_000
const START = Date.UTC(2030, 0, 1)
const SEGMENT_BYTES = 67_108_864
const OPEN_BYTES = 268_435_456
const OPEN_RECORDS = 120_000
const MAX_CLOSED_MS = 5_000
const MAX_LIVE_MS = 30_000
const FILL_TIMEOUT_MS = 7_200_000
const COMPACTION = { deadlineMs: 600_000 }

const root = mkdtempSync(join(tmpdir(), 'search-soak-'))
const directory = join(root, 'audit')
const bounds = { memoryMib: 1024, threads: 2, tempMib: 4096, niceness: 0 }
const sources = { directory, parquet: join(directory, 'parquet'), scratch: join(root, 'scratch'), keeps: true }
const search = new SearchProcess({ bounds, sources }, () => undefined)

beforeAll(async () => {
  const records = Math.ceil(RECORDS / DAYS)
  let first = 0
  for (let day = 0; day < DAYS; day++) {
    const from = START + day * DAY_MS
    first = generateLog({ directory, records, from, to: from + DAY_MS, segmentBytes: SEGMENT_BYTES, first })
    await compact()
    forgetText()
  }
  const from = START + DAYS * DAY_MS
  generateLog({ directory, records: OPEN_RECORDS, from, to: from + DAY_MS, segmentBytes: OPEN_BYTES, first })
  await compact()
}, FILL_TIMEOUT_MS)

afterAll(async () => {
  await search.close()
  rmSync(root, { recursive: true })
})

async function compact(): Promise<void> {
  for (let more = true; more; ) more = await search.ask({ kind: 'compact' }, COMPACTION)
}

/** Of segments that stand in Parquet: they are listed, and no longer read. */
function forgetText(): void {
  const { days } = readManifest(sources.parquet)
  for (const { first, path } of segmentsOf(directory)) {
    if (days.some((day) => day.first <= first && first < day.next)) truncateSync(path, 0)
  }
}

async function measured(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const CLOSED = { to: START + DAYS * DAY_MS - DAY_MS }
const QUERIES: readonly EventQuery[] = [
  {},
  { person: 'alice@example.test' },
  { column: 'users.ssn', seen: 'clear' },
  { column: 'nowhere.column' },
  { rowsOver: 1000 },
  { contains: 'nowhere to be found' },
  { decision: 'deny', target: 'orders' },
]

test.for(QUERIES)('closed days answer %j', async (query) => {
  expect(await measured(() => page(search, { ...CLOSED, ...query }))).toBeLessThan(MAX_CLOSED_MS)
})

test.for(['pii-readers', 'exports', 'deletions'] as const)('closed days answer who and what: %s', async (name) => {
  const question = { name, from: START, ...CLOSED, targets: null, sensitive: [], columns: null }
  expect(await measured(() => asked(search, question))).toBeLessThan(MAX_CLOSED_MS)
})

test('the open segment answers, read for the first time', async () => {
  const fresh = new SearchProcess(
    { bounds, sources: { ...sources, scratch: join(root, 'other'), keeps: false } },
    () => undefined,
  )
  try {
    const query = { from: START + DAYS * DAY_MS, column: 'users.ssn', rowsOver: 10 }
    const work = { kind: 'events', page: { query, limit: 50, after: null, before: null } } as const
    expect(await measured(() => fresh.ask(work, { deadlineMs: 120_000 }))).toBeLessThan(MAX_LIVE_MS)
  } finally {
    await fresh.close()
  }
})

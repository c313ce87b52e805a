import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventQuery, questionOf } from '../../compose/search_terms.ts'
import type { Config } from '../../config/config.ts'
import type { EventQuery } from '../../search/event_query.ts'
import { EXPORT_FORMATS, type ExportFormat } from '../../search/export.ts'
import type { QuestionAnswer, QuestionName } from '../../search/questions.ts'
import { AuditSearch } from '../../search/search.ts'
import { type Cell, excerpt, plain, table } from '../api/print.ts'
import { waiting } from '../api/progress.ts'
import { UsageError } from '../api/usage_error.ts'
import { type AskFlags, type SearchFlags, TEXT_FILTERS, type Where } from '../commands/audit_search.ts'
import { type CliContext, signedIn } from '../context.ts'
import { offlineConfig } from './offline_config.ts'

const DAY_MS = 86_400_000
/** Over a log that has no Parquet files yet, each segment is read once. */
const TIMEOUT_MS = 3_600_000
const THREADS = 2
const TEMP_MIB = 65_536
const MAX_EXPORT_ENTRIES = 100_000_000
const FILTERS = [...TEXT_FILTERS.map(([flags]) => flags.split(' ')[0] ?? ''), 'seen', 'decision', 'outcome']

export async function runSearch(context: CliContext, flags: SearchFlags): Promise<number> {
  const file = exportOf(flags)
  return isLocal(flags) ? searchHere(context, flags, file) : searchThere(context, flags, file)
}

async function searchHere(context: CliContext, flags: SearchFlags, file: ExportTo | null): Promise<number> {
  const query = queryOf(flags)
  return withLog(context, flags, async (search) => {
    if (file !== null) {
      return search.export(query, file.format, MAX_EXPORT_ENTRIES, async ({ path, rows, bytes, unreadable }) => {
        await copyFile(path, file.path)
        context.out(`${file.path}: ${rows} entries, ${bytes} bytes\n`)
        return warned(context, unreadable)
      })
    }
    const page = await search.events(query, flags.limit, flags.cursor ?? null)
    return show(context, flags, { items: page.items, next: page.next, unreadable: page.unreadable })
  })
}

async function searchThere(context: CliContext, flags: SearchFlags, file: ExportTo | null): Promise<number> {
  const { api } = await signedIn(context)
  const { rowsOver, from: _, to: __, ...rest } = queryOf(flags)
  const asked = { ...rest, from: flags.from, to: flags.to, rows_over: rowsOver }
  if (file !== null) {
    const bytes = await waiting(context, 'exporting', () =>
      api.download('exportAuditEvents', { query: { ...asked, format: file.format } }),
    )
    await writeFile(file.path, bytes)
    context.out(`${file.path}: ${bytes.length} bytes\n`)
    return 0
  }
  const query = { ...asked, limit: flags.limit, cursor: flags.cursor }
  const { items, next_cursor: next, unreadable } = await api.call('searchAuditEvents', { query })
  return show(context, flags, {
    items: items.map((item) => ({ ...item, time: Date.parse(item.time) })),
    next,
    unreadable,
  })
}

export async function runQuestion(
  context: CliContext,
  name: QuestionName,
  id: string | undefined,
  flags: AskFlags,
): Promise<number> {
  const { targets, columns, json } = flags
  const period = periodOf(flags)
  const answer = isLocal(flags)
    ? await withLog(context, flags, (search, config) => {
        const { from, to } = period
        const times = { from: from === undefined ? from : Date.parse(from), to: to === undefined ? to : Date.parse(to) }
        return search.question(questionOf({ name, id, targets, columns, ...times }, config, Date.now()))
      })
    : await (await signedIn(context)).api.call('askAuditQuestion', {
        params: { name },
        query: { ...period, targets, columns, id },
      })
  if (json) context.out(`${JSON.stringify(answer, null, 2)}\n`)
  else context.out(`${plain(answer.verdict)}\n\n${answerText(answer)}${answer.cut ? 'there is more\n' : ''}`)
  return warned(context, answer.unreadable)
}

interface ExportTo {
  readonly format: ExportFormat
  readonly path: string
}

function exportOf({ csv, ndjson, parquet }: SearchFlags): ExportTo | null {
  const paths = { csv, json: ndjson, parquet }
  const given = EXPORT_FORMATS.flatMap((format) => {
    const path = paths[format]
    return path === undefined ? [] : [{ format, path }]
  })
  if (given.length > 1) throw new UsageError('one file at a time')
  return given[0] ?? null
}

function queryOf(flags: SearchFlags): EventQuery {
  const { from, to, rowsOver, severity } = flags
  const texts = Object.fromEntries(FILTERS.map((name) => [name, flags[name]])) as EventQuery
  const times = { from: from === undefined ? from : Date.parse(from), to: to === undefined ? to : Date.parse(to) }
  const { rowsOver: _, ...rest } = texts
  return eventQuery({ ...rest, ...times, severity, rows_over: rowsOver } as Parameters<typeof eventQuery>[0])
}

function periodOf({ days, from, to }: AskFlags): {
  readonly from: string | undefined
  readonly to: string | undefined
} {
  if (days === undefined) return { from, to }
  if (from !== undefined) throw new UsageError('--days or --from, not both')
  const end = to === undefined ? Date.now() : Date.parse(to)
  return { from: new Date(end - days * DAY_MS).toISOString(), to }
}

function isLocal({ log, config }: Where): boolean {
  return log !== undefined || config !== undefined
}

/** Nothing is written beside the log: whoever reads it need not be able to. */
async function withLog<T>(
  context: CliContext,
  { log, config: dir, temp, memory }: Where,
  work: (search: AuditSearch, config: Config | null) => Promise<T>,
): Promise<T> {
  const config = dir === undefined ? null : await offlineConfig(dir)
  const directory = log ?? config?.node.audit.directory ?? '.'
  const scratch = await mkdtemp(join(temp ?? tmpdir(), 'sallyport-search-'))
  const search = new AuditSearch({
    ...{ directory, scratch, memoryMib: memory, threads: THREADS, tempMib: TEMP_MIB, niceness: 0 },
    ...{ timeoutMs: TIMEOUT_MS, keeps: false, before: () => null },
    told: (text) => context.err(`the search failed: ${plain(text)}\n`),
  })
  try {
    return await waiting(context, 'searching', () => work(search, config))
  } finally {
    await search.close()
    await rm(scratch, { recursive: true, force: true })
  }
}

interface Found {
  readonly items: readonly Readonly<Record<string, unknown>>[]
  readonly next: string | null
  readonly unreadable: number
}

function show(context: CliContext, { json }: SearchFlags, { items, next, unreadable }: Found): number {
  if (json) context.out(`${JSON.stringify({ items, next_cursor: next, unreadable }, null, 2)}\n`)
  else {
    const rows = items.map((one) => [
      shown('time', one.time),
      one.event,
      one.email ?? one.person ?? one.name,
      one.target,
      one.code ?? one.decision ?? one.status,
      one.outcome,
      one.rows,
      excerpt(String(one.statement ?? one.message ?? '')),
    ]) as Cell[][]
    context.out(table(['TIME', 'EVENT', 'WHO', 'TARGET', 'RESULT', 'OUTCOME', 'ROWS', 'WHAT'], rows))
    if (next !== null) context.out(`more: --cursor ${next}\n`)
  }
  return warned(context, unreadable)
}

function answerText({ columns, rows }: Pick<QuestionAnswer, 'columns' | 'rows'>): string {
  const cells = rows.map((row) => row.map((cell, index) => shown(columns[index] ?? '', cell)))
  return table(
    columns.map((name) => name.toUpperCase()),
    cells,
  )
}

function shown(name: string, value: unknown): Cell {
  if (['time', 'first', 'last'].includes(name) && typeof value === 'number') return new Date(value).toISOString()
  if (Array.isArray(value)) return value.join(', ')
  return name === 'statement' && typeof value === 'string' ? excerpt(value) : (value as Cell)
}

/** What could not be read is not silently left out. */
function warned(context: CliContext, unreadable: number): number {
  if (unreadable > 0) context.err(`${unreadable} lines are no records: run sallyport audit verify\n`)
  return unreadable > 0 ? 1 : 0
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { LogReader } from '../auditlog/log_reader.ts'
import { SallyportError } from '../errors.ts'
import { answerQuestion } from './answers.ts'
import { compactOnce } from './compaction.ts'
import { type Bounds, type Database, openDatabase } from './database.ts'
import { type EventPage, type PageQuery, searchEvents } from './events.ts'
import { type Exported, type ExportQuery, exportEvents } from './export.ts'
import type { Question, QuestionAnswer } from './questions.ts'
import { type SourceSettings, Sources } from './sources.ts'

/** The process that holds DuckDB. It has no secret and no connection, and may be killed at any time. */

export interface SearchSettings {
  readonly bounds: Bounds
  readonly sources: SourceSettings
}

export type Work =
  | { readonly kind: 'events'; readonly page: PageQuery }
  | { readonly kind: 'question'; readonly question: Question; readonly before: number | null }
  | { readonly kind: 'export'; readonly export: ExportQuery }
  /** One record as it stands in the log. */
  | { readonly kind: 'line'; readonly sequence: number; readonly before: number | null }
  /** One piece of what compaction has left to do. */
  | { readonly kind: 'compact' }

interface Answers {
  readonly events: EventPage
  readonly question: QuestionAnswer
  readonly export: Exported
  readonly line: string | null
  readonly compact: boolean
}

export type Answer<W extends Work> = Answers[W['kind']]

export type ToChild =
  | { readonly kind: 'open'; readonly settings: SearchSettings }
  | { readonly kind: 'work'; readonly id: number; readonly work: Work }
  /** Of the work that runs. */
  | { readonly kind: 'cancel'; readonly id: number }

export type FailureKind = 'memory' | 'cancelled' | 'input' | 'log' | 'failed'

export type FromChild =
  | { readonly kind: 'opened' }
  | { readonly kind: 'done'; readonly id: number; readonly answer: unknown }
  /** `id` null: it could not be opened. `text` is for the log of the program. */
  | { readonly kind: 'failed'; readonly id: number | null; readonly why: FailureKind; readonly text: string }

const PRIVATE = 0o077
const OWNER_ONLY = 0o700

interface Open {
  readonly database: Database
  readonly sources: Sources
}

let open: Open | null = null
let running: number | null = null

function tell(message: FromChild): void {
  process.send?.(message)
}

async function opened({ bounds, sources: settings }: SearchSettings): Promise<Open> {
  setPriority(bounds.niceness)
  mkdirSync(settings.scratch, { recursive: true, mode: OWNER_ONLY })
  const { connect } = await openDatabase(bounds, [settings.directory, settings.parquet], settings.scratch)
  const database = await connect()
  const sources = new Sources(database, settings)
  await sources.start()
  return { database, sources }
}

async function perform({ database, sources }: Open, work: Work, id: number): Promise<unknown> {
  switch (work.kind) {
    case 'events':
      return searchEvents(database, sources, work.page)
    case 'question':
      return answerQuestion(database, sources, work.question, work.before)
    case 'export':
      return exportEvents(database, sources, work.export, `export-${id}`)
    case 'line':
      return lineAt(sources.settings.directory, work.sequence, work.before)
    case 'compact':
      return compactOnce(database, sources)
  }
}

function lineAt(directory: string, sequence: number, before: number | null): string | null {
  if (before !== null && sequence >= before) return null
  const reader = new LogReader(directory, sequence)
  try {
    return reader.read(1)[0]?.bytes.toString() ?? null
  } finally {
    reader.close()
  }
}

async function received(message: ToChild): Promise<void> {
  if (message.kind === 'cancel') {
    if (running === message.id) open?.database.interrupt()
    return
  }
  const id = message.kind === 'work' ? message.id : null
  try {
    if (message.kind === 'open') {
      open = await opened(message.settings)
      tell({ kind: 'opened' })
      return
    }
    if (open === null) throw new Error('not open')
    running = message.id
    open.database.begin()
    tell({ kind: 'done', id: message.id, answer: await perform(open, message.work, message.id) })
  } catch (error) {
    tell({ kind: 'failed', id, why: kindOf(error), text: error instanceof Error ? error.message : 'failed' })
  } finally {
    running = null
  }
}

/** DuckDB's errors have no code: the text begins with what they are. */
function kindOf(error: unknown): FailureKind {
  if (error instanceof SallyportError) return error.code === 'SP-INPUT' ? 'input' : 'log'
  const text = error instanceof Error ? error.message : ''
  if (/^Out of Memory Error|failed to allocate|max_temp_directory_size/i.test(text)) return 'memory'
  return /^INTERRUPT Error|Interrupted/i.test(text) ? 'cancelled' : 'failed'
}

if (process.send !== undefined) {
  process.umask(PRIVATE)
  firstToGo()
  process.on('message', (message: ToChild) => void received(message))
  process.on('disconnect', () => process.exit(0))
}

/** Where memory runs out the system ends this process rather than what carries data; false where it can't be told. */
function firstToGo(): boolean {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
    return true
  } catch {
    return false
  }
}

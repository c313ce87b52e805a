import { type LogLine, linesBackwardIn, linesFrom, timeOf } from '../auditlog/log_lines.ts'
import type { FoundHistory, HistoryEntry, HistorySearch } from './audit_reader.ts'

/** A person's own records, found from the end of the log backwards. */

/** One search reads no more; who asks for the next page goes on from there. */
const MAX_READ_BYTES = 134_217_728
/** How far a statement's end is looked for behind the page before. */
const COMPLETIONS_WITHIN_BYTES = 1_048_576
/** Records are nearly in the order of their times: those of the store come a little later. */
const DISORDER_MS = 3_600_000
/** Ends of statements whose begin has not come up yet. */
const MAX_COMPLETIONS = 20_000

interface User {
  readonly uid?: string
  readonly org?: { readonly name?: string }
}

/** Of a record, what is shown, or says whose it is. */
interface Shown {
  readonly time: number
  readonly status?: string
  readonly status_code?: string
  readonly actor?: { readonly user?: User; readonly session?: { readonly uid?: string; readonly issuer?: string } }
  readonly dst_endpoint?: { readonly svc_name?: string }
  readonly query_info?: { readonly query_string?: string }
  readonly metadata: { readonly uid: string; readonly event_code: string }
  readonly unmapped?: { readonly jit?: Jit }
}

interface Jit {
  readonly record?: string
  readonly outcome?: string
  readonly target?: string | null
  readonly role?: string | null
  readonly grant_id?: string | null
  readonly person?: User | null
  readonly decision?: { readonly effect?: string; readonly code?: string | null }
  readonly statement?: { readonly id?: string }
  readonly statement_id?: string
  readonly rows?: { readonly returned?: number }
}

interface Completion {
  readonly outcome: string
  readonly rows: number
}

export function searchHistory(directory: string, search: HistorySearch): FoundHistory {
  const subject = Buffer.from(JSON.stringify(search.subject))
  const completions = new Map<string, Completion>()
  if (search.before !== null) readCompletions(directory, search.before, subject, completions)
  const items: HistoryEntry[] = []
  let read = 0
  for (const line of linesBackwardIn(directory, search.before ?? undefined)) {
    read += line.bytes.length
    if (isBefore(line, search)) return { items, before: null }
    // What belongs to the person names them.
    const entry = line.bytes.includes(subject) ? entryOf(line, search, completions) : null
    if (entry !== null) items.push(entry)
    if (items.length === search.limit || read > MAX_READ_BYTES) {
      return { items, before: line.sequence === 0 ? null : line.sequence }
    }
  }
  return { items, before: null }
}

function isBefore({ bytes }: LogLine, { from }: HistorySearch): boolean {
  if (from === null) return false
  const time = timeOf(bytes)
  return time !== null && time < from - DISORDER_MS
}

function readCompletions(directory: string, from: number, subject: Buffer, completions: Map<string, Completion>): void {
  let read = 0
  for (const { bytes } of linesFrom(directory, from)) {
    read += bytes.length
    if (read > COMPLETIONS_WITHIN_BYTES) return
    if (!bytes.includes(subject)) continue
    const record = parsed(bytes)
    if (record !== null) noteCompletion(record, completions)
  }
}

function entryOf({ bytes }: LogLine, search: HistorySearch, completions: Map<string, Completion>): HistoryEntry | null {
  const record = parsed(bytes)
  if (record === null) return null
  if (record.metadata.event_code === 'db.completion') {
    noteCompletion(record, completions)
    return null
  }
  if (!isOwn(record, search)) return null
  const entry = shownOf(record, completions)
  return entry !== null && isWanted(entry, search) ? entry : null
}

/** Null for a line that is no record: a reader is not to fail by what somebody wrote into the file. */
function parsed(bytes: Buffer): Shown | null {
  try {
    const record = JSON.parse(bytes.toString()) as Shown
    return typeof record?.metadata?.event_code === 'string' && typeof record.time === 'number' ? record : null
  } catch {
    return null
  }
}

/** The end of a statement stands behind its decision, which says whose both are. */
function noteCompletion({ unmapped }: Shown, completions: Map<string, Completion>): void {
  const { statement, outcome, rows } = unmapped?.jit ?? {}
  if (statement?.id === undefined || outcome === undefined || completions.size >= MAX_COMPLETIONS) return
  completions.set(statement.id, { outcome, rows: rows?.returned ?? 0 })
}

/** By issuer and subject together: another provider may call somebody else so. A claimed name is nobody's. */
function isOwn({ actor, unmapped }: Shown, { issuer, subject }: HistorySearch): boolean {
  const is = (user: User | null | undefined, by: string | undefined) => user?.uid === subject && by === issuer
  const person = unmapped?.jit?.person
  return (
    is(actor?.user, actor?.session?.issuer) || is(actor?.user, actor?.user?.org?.name) || is(person, person?.org?.name)
  )
}

const PIECES: ReadonlySet<string> = new Set(['db.statement.piece', 'db.statement.text'])

/** Null for pieces of a long text: the decision that follows them stands for all. */
function shownOf(record: Shown, completions: Map<string, Completion>): HistoryEntry | null {
  const { metadata, time, actor, unmapped } = record
  const jit = unmapped?.jit ?? {}
  if (PIECES.has(metadata.event_code)) return null
  const completion = completions.get(jit.statement?.id ?? '')
  return {
    id: metadata.uid,
    time,
    kind: metadata.event_code,
    target: jit.target ?? named(record.dst_endpoint?.svc_name),
    role: jit.role ?? null,
    grantId: jit.grant_id ?? null,
    sessionId: actor?.session?.uid ?? null,
    outcome: jit.decision?.effect === 'deny' ? 'denied' : (completion?.outcome ?? record.status?.toLowerCase() ?? null),
    code: jit.decision?.code ?? record.status_code ?? null,
    statement: record.query_info?.query_string ?? null,
    rows: completion?.rows ?? null,
  }
}

/** `(none)` stands for a target that a login did not name. */
function named(target: string | undefined): string | null {
  return target === undefined || target === '(none)' ? null : target
}

function isWanted({ time, target, statement }: HistoryEntry, search: HistorySearch): boolean {
  if (search.from !== null && time < search.from) return false
  if (search.to !== null && time >= search.to) return false
  if (search.target !== null && target !== search.target) return false
  return search.contains === null || (statement ?? '').toLowerCase().includes(search.contains.toLowerCase())
}

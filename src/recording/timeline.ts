import type { DoneEntry, Entry, LeftOutEntry, RecordingHead, StatementEntry } from './entries.ts'
import { MysqlResults } from './mysql_results.ts'
import type { OpenedRecording } from './open_recording.ts'
import type { Playback, PlayedStatement, Screen, ShownColumn, ShownMessage, ShownTable } from './playback.ts'
import { PostgresResults } from './postgres_results.ts'
import { StatementQueue } from './statement_queue.ts'

/** The statements of a recording with what the client got for each. */
export function playbackOf({ head, entries, wholeness, sha256 }: OpenedRecording): Playback {
  const timeline = new Timeline(head)
  for (const entry of entries) timeline.take(entry)
  return { head, statements: timeline.statements, end: timeline.end, wholeness, sha256 }
}

class Timeline implements Screen {
  readonly statements: PlayedStatement[] = []
  end: Playback['end'] = null
  readonly #head: RecordingHead
  readonly #queue = new StatementQueue<PlayedStatement>()
  readonly #byId = new Map<string, PlayedStatement>()
  readonly #postgres: PostgresResults | null
  readonly #mysql: MysqlResults | null
  #at = 0
  #table: ShownTable | null = null

  constructor(head: RecordingHead) {
    this.#head = head
    this.#postgres = head.protocol === 'postgres' ? new PostgresResults() : null
    this.#mysql = head.protocol === 'mysql' ? new MysqlResults(head) : null
  }

  take(entry: Entry): void {
    this.#at = Math.max(0, entry.at - this.#head.started)
    switch (entry.kind) {
      case 'statement':
        return this.#begin(entry)
      case 'bytes':
        return (this.#postgres ?? this.#mysql)?.read(entry.bytes, this)
      case 'answer':
        return this.#mysql?.answer(entry.to)
      case 'left_out':
        return this.#leaveOut(entry)
      case 'done':
        return this.#finish(entry)
      case 'note':
        return this.message('notice', entry.text)
      case 'end':
        this.end = { at: this.#at, cause: entry.cause }
    }
  }

  #begin(entry: StatementEntry): void {
    const played: PlayedStatement = {
      at: this.#at,
      id: entry.id,
      // Of a message with several, each is shown by itself: the first has the text of all.
      text: entry.text ?? entry.normalized,
      statementKind: entry.statementKind,
      allowed: entry.allowed,
      code: entry.code,
      reason: entry.reason,
      parameters: entry.parameters,
      masked: entry.masked,
      clear: entry.clear,
      shown: [],
      outcome: null,
    }
    this.statements.push(played)
    this.#byId.set(entry.id, played)
    this.#queue.begin(entry.id, played)
    if (!entry.allowed) this.#queue.done(entry.id)
  }

  #finish({ id, outcome, status, rows, rowsWithheld, durationMs }: DoneEntry): void {
    this.#queue.done(id)
    const played = this.#byId.get(id)
    if (played) played.outcome = { at: this.#at, outcome, status, rows, rowsWithheld, durationMs }
  }

  table(columns: readonly ShownColumn[]): void {
    this.#table = { kind: 'table', at: this.#at, columns, rows: [], leftOut: null }
    this.#current().shown.push(this.#table)
  }

  row(cells: readonly (string | null)[]): void {
    this.#table?.rows.push(cells)
  }

  message(level: ShownMessage['level'], text: string): void {
    this.#current().shown.push({ kind: 'message', at: this.#at, level, text })
  }

  answered(): void {
    this.#table = null
    this.#queue.answered(this.#mysql !== null)
  }

  #leaveOut({ rows, bytes }: LeftOutEntry): void {
    if (this.#table) {
      const before = this.#table.leftOut ?? { rows: 0, bytes: 0 }
      this.#table.leftOut = { rows: before.rows + rows, bytes: before.bytes + bytes }
    } else {
      this.message('notice', `${rows} rows (${bytes} bytes) are not in the recording: over its limit`)
    }
  }

  #current(): PlayedStatement {
    return this.#queue.current ?? this.#before()
  }

  /** What the client was told before its first statement. */
  #before(): PlayedStatement {
    const [first] = this.statements
    if (first?.id === null) return first
    const nothing = { id: null, text: '', statementKind: 'session', allowed: true, code: null, reason: '' }
    const before: PlayedStatement = {
      ...{ ...nothing, at: this.#at, parameters: null, masked: [], clear: [] },
      ...{ shown: [], outcome: null },
    }
    this.statements.unshift(before)
    return before
  }
}

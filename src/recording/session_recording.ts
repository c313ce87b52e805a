import type { BoundValue } from '../audit/bound_values.ts'
import type { AuditEvent } from '../audit/event.ts'
import { redactSecrets } from '../audit/redact.ts'
import type { Sealer } from '../audit/seal.ts'
import { SallyportError } from '../errors.ts'
import { SERVER } from '../wire/postgres/type-bytes.ts'
import type { Entry, RecordingHead, StatementEntry } from './entries.ts'
import { encodeFrame } from './frame.ts'
import { MysqlMessages } from './mysql_messages.ts'
import { framed } from './open_recording.ts'
import { eachPostgresMessage } from './postgres_messages.ts'
import type { RecordingFile } from './recording_file.ts'
import { digestOf, encodeHead } from './recording_head.ts'
import { type Allowed, allowedBy, type RecordingLimits, ResultSieve } from './result_sieve.ts'
import { StatementQueue } from './statement_queue.ts'

export interface RecordingInput {
  readonly head: RecordingHead
  readonly file: RecordingFile
  readonly sealer: Sealer
  readonly limits: RecordingLimits
  readonly now: () => number
}

/** How a recording ended. `why` is null where it is whole. */
export interface ClosedRecording {
  readonly bytes: number
  readonly frames: number
  readonly sha256: string
  readonly statements: number
  readonly why: string | null
}

type Decision = Extract<AuditEvent, { kind: 'decision' }>

/** Its type byte, and the four of its length. */
const DESCRIPTION_HEADER_BYTES = 5

/**
 * The recording of one session while it lasts. What is told gathers until `flush` has sealed and written it as one frame;
 * nothing that gathered may go to the client before. After a write that failed nothing is recorded any more.
 */
export class SessionRecording {
  readonly #input: RecordingInput
  readonly #digest: Uint8Array
  readonly #sieve: ResultSieve
  readonly #queue = new StatementQueue<Allowed>()
  readonly #mysql: MysqlMessages | null
  /** For what comes outside of any statement. */
  readonly #outside: Allowed
  #entries: Entry[] = []
  #leftOut = { rows: 0, bytes: 0 }
  /** Sealed so far, and of these what stands in the file. */
  #sealed = 0
  #frames = 0
  #statements = 0
  #lastText: string | null = null
  #writing: Promise<void> = Promise.resolve()
  #failed: string | null = null
  #closed: Promise<ClosedRecording> | null = null

  /** The head is not yet written: `begin` does that. */
  constructor(input: RecordingInput) {
    this.#input = input
    this.#digest = digestOf(encodeHead(input.head))
    this.#sieve = new ResultSieve(input.limits)
    this.#outside = allowedBy(input.limits)
    const begins = (to: string) => this.#push({ kind: 'answer', at: input.now(), to })
    this.#mysql = input.head.protocol === 'mysql' ? new MysqlMessages(input.head, begins) : null
  }

  get head(): RecordingHead {
    return this.#input.head
  }

  /** Rejects with `SP-RECORDING`. */
  begin(): Promise<void> {
    return this.#write(() => encodeHead(this.#input.head), 0)
  }

  /** Something waits for `flush`, or nothing can be written any more, which `flush` then says. */
  get pending(): boolean {
    return this.#entries.length > 0 || this.#failed !== null
  }

  /** What the client sends: in MySQL the meaning of an answer hangs on it. */
  fromClient(chunk: Uint8Array): void {
    this.#mysql?.fromClient(chunk)
  }

  /** What is to be sent to the client: whole messages. */
  toClient(bytes: Uint8Array): void {
    const at = this.#input.now()
    this.#sieve.sift(
      bytes,
      this.#mysql ? (of, visit) => this.#mysql?.each(of, visit) : eachPostgresMessage,
      () => this.#queue.current ?? this.#outside,
      () => this.#queue.answered(this.#mysql !== null),
      {
        kept: (kept) => {
          this.#sayLeftOut(at)
          this.#push({ kind: 'bytes', at, bytes: kept })
        },
        leftOut: (rows, size) => {
          this.#leftOut.rows += rows
          this.#leftOut.bytes += size
        },
      },
    )
  }

  /** PostgreSQL: the body of a RowDescription that the client is not sent at this place, and that says what its rows are. */
  described(body: Uint8Array): void {
    const bytes = new Uint8Array(DESCRIPTION_HEADER_BYTES + body.length)
    bytes[0] = SERVER.rowDescription
    new DataView(bytes.buffer).setUint32(1, bytes.length - 1)
    bytes.set(body, DESCRIPTION_HEADER_BYTES)
    this.#push({ kind: 'bytes', at: this.#input.now(), bytes })
  }

  /** Any event of the session; those that tell nothing of it are passed over. */
  told(event: AuditEvent): void {
    switch (event.kind) {
      case 'decision':
        return this.#decided(event)
      case 'completion':
        this.#queue.done(event.statementId)
        return this.#push({
          kind: 'done',
          at: event.time,
          id: event.statementId,
          outcome: event.outcome,
          status: event.status,
          rows: event.rows,
          rowsWithheld: event.rowsWithheld,
          durationMs: event.durationMs,
        })
      case 'bulk_read':
        return this.#push({
          kind: 'note',
          at: event.time,
          text: `alert: ${event.rows} rows of ${event.table.schema}.${event.table.name} were read within ${event.windowMs} ms`,
        })
      case 'cancel':
        return this.#push({ kind: 'note', at: event.time, text: `cancelled by ${event.by}` })
      default:
    }
  }

  #decided(event: Decision): void {
    this.#statements++
    this.#queue.begin(event.statementId, allowedBy(this.#input.limits))
    if (event.effect === 'deny') this.#queue.done(event.statementId)
    this.#push(this.#statementOf(event))
  }

  /** Without passwords, as in the log. */
  #textOf({ text, statement }: Decision): string | null {
    const sent = text ?? statement.full
    return sent === null ? null : redactSecrets(sent)
  }

  #statementOf(event: Decision): StatementEntry {
    const text = this.#textOf(event)
    const repeated = text !== null && text === this.#lastText && this.#entries.at(-1)?.kind === 'statement'
    this.#lastText = text
    const seen = (as: readonly string[]) =>
      event.columns.flatMap((one) => (as.includes(one.seen) ? [`${one.schema}.${one.table}.${one.column}`] : []))
    return {
      kind: 'statement',
      at: event.time,
      id: event.statementId,
      statementKind: event.statementKind,
      allowed: event.effect === 'allow',
      code: event.code,
      reason: event.reason,
      text: repeated ? null : text,
      normalized: event.statement.normalized,
      parameters: boundTexts(event),
      masked: seen(['masked', 'computed_masked']),
      clear: seen(['clear']),
    }
  }

  #push(entry: Entry): void {
    if (entry.kind !== 'bytes' && entry.kind !== 'left_out') this.#sayLeftOut(entry.at)
    if (this.#failed === null) this.#entries.push(entry)
  }

  #sayLeftOut(at: number): void {
    const { rows, bytes } = this.#leftOut
    if (bytes === 0) return
    this.#leftOut = { rows: 0, bytes: 0 }
    this.#push({ kind: 'left_out', at, rows, bytes })
  }

  /** Writes what has gathered. Rejects with `SP-RECORDING`: nothing of it may go to the client then. */
  flush(): Promise<void> {
    return this.#write(() => this.#frame(false))
  }

  #frame(last: boolean): Uint8Array | null {
    const entries = this.#entries
    if (entries.length === 0) return null
    this.#entries = []
    const number = this.#sealed++
    return framed(this.#input.sealer.seal(encodeFrame({ head: this.#digest, number, last, entries })))
  }

  /** Sealed when it is asked for, and written after what was asked for before. */
  #write(piece: () => Uint8Array | null, frames = 1): Promise<void> {
    if (this.#failed !== null) return Promise.reject(notWritten(this.#failed))
    const sealed = piece()
    if (sealed === null) return this.#writing
    const written = this.#writing.then(async () => {
      if (this.#failed !== null) throw notWritten(this.#failed)
      try {
        await this.#input.file.append(sealed)
        this.#frames += frames
      } catch (cause) {
        this.#failed = whyOf(cause)
        this.#entries = []
        throw notWritten(this.#failed)
      }
    })
    this.#writing = written.catch(() => undefined)
    return written
  }

  /** The session is over. Never rejects; once. */
  close(cause: string): Promise<ClosedRecording> {
    this.#closed ??= this.#close(cause)
    return this.#closed
  }

  async #close(cause: string): Promise<ClosedRecording> {
    this.#push({ kind: 'end', at: this.#input.now(), cause })
    const { file } = this.#input
    try {
      await this.#write(() => this.#frame(true))
      await file.sync()
    } catch (error) {
      this.#failed ??= whyOf(error)
    }
    await file.close().catch(() => undefined)
    const { bytes, sha256 } = file
    return { bytes, sha256, frames: this.#frames, statements: this.#statements, why: this.#failed }
  }
}

/** As the log keeps them: a value that is too long by its begin, bytes in base64. */
function boundTexts({ parameters }: Decision): readonly (string | null)[] | null {
  const texts = parameters?.values?.map((value) => {
    return value === null || typeof value === 'string' ? value : shortened(value)
  })
  return texts ?? null
}

function shortened(value: Exclude<BoundValue, string | null>): string {
  if ('text' in value) return `${value.text}… (${value.bytes} bytes)`
  if ('unread' in value) return '(not kept)'
  return `base64:${value.base64}${value.bytes === undefined ? '' : `… (${value.bytes} bytes)`}`
}

function notWritten(why: string): SallyportError {
  return new SallyportError('SP-RECORDING', `the recording of this session can not be written: ${why}`)
}

/** The system's own word for it (ENOSPC), which says nothing of paths. */
function whyOf(cause: unknown): string {
  const code = (cause as { code?: unknown }).code
  return typeof code === 'string' ? code : 'the disk refused it'
}

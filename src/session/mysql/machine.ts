import { SallyportError } from '../../errors.ts'
import type { Role } from '../../policy/role.ts'
import { COMMAND } from '../../wire/mysql/command-codes.ts'
import { type Packet, PacketFramer } from '../../wire/mysql/framer.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import { STATUS } from '../../wire/mysql/server-status.ts'
import { CatalogWait } from '../catalog_wait.ts'
import type { Effect } from '../effects.ts'
import type { Gate, Subject } from '../gate.ts'
import { SessionLife } from '../life.ts'
import { Output } from '../output.ts'
import { askClock, takeStep, tenureOf } from '../step.ts'
import { ClientHalf } from './client_half.ts'
import { upload } from './command_upload.ts'
import { ownWarning } from './diagnostics.ts'
import type { Run } from './exchange.ts'
import { beginSession } from './own_settings.ts'
import { ServerHalf } from './server_half.ts'
import { namesOf, type OwnSession, type SessionState } from './state.ts'
import { UserTexts } from './user_texts.ts'
import { errPayload } from './words.ts'

/** One command of a client: a statement with its literals, or the values of one execution. */
const MAX_COMMAND_BYTES = 64 * 1024 * 1024
/** What means something by the catalog, and what a cancel may hit. */
const SQL_BEARING: ReadonlySet<number> = new Set([
  COMMAND.query,
  COMMAND.initDb,
  COMMAND.fieldList,
  COMMAND.stmtPrepare,
  COMMAND.stmtExecute,
  COMMAND.stmtBulkExecute,
  COMMAND.stmtFetch,
])
/** What a client may send ahead of the answers that are due. */
const MAX_WAITING_BYTES = 2 * MAX_COMMAND_BYTES
/** One payload of a server: a row. `max_allowed_packet` is at most 1 GiB. */
const MAX_ROW_BYTES = 1024 * 1024 * 1024

export interface MysqlMachineInput {
  readonly gate: Gate
  readonly subject: Subject
  readonly role: Role
  /** What both the client and the server agreed to. */
  readonly capabilities: number
  /** MariaDB's extended flags, the same on both sides. */
  readonly extended?: number
  /** What the client agreed to, where that is more. */
  readonly clientCapabilities?: number
  readonly status: number
  readonly defaultDatabase: string | null
  readonly mariadb: boolean
  /** What the person is told at connect, as a warning of the login. */
  readonly welcome: string | null
  readonly ownSession: (number: number) => string | null
  readonly ownSessions: () => readonly OwnSession[]
  readonly now: number
}

/** A MySQL session after its login, as a state machine without I/O. Times are milliseconds since the epoch. */
export class MysqlMachine {
  readonly #state: SessionState
  readonly #client: ClientHalf
  readonly #server: ServerHalf
  readonly #fromClient = new PacketFramer({ maxPayloadBytes: MAX_COMMAND_BYTES })
  readonly #fromServer = new PacketFramer({ maxPayloadBytes: MAX_ROW_BYTES })
  readonly #life: SessionLife
  readonly #catalog = new CatalogWait()
  /** Cancels of this session that are on their way to the database: a statement that is sent now could be the one hit. */
  #cancels = 0
  /** A command that waits for the catalog, or for a cancel. */
  #held: Packet | null = null

  constructor(input: MysqlMachineInput) {
    const { gate, subject, role, capabilities, status, defaultDatabase, welcome, now } = input
    this.#state = {
      gate,
      subject,
      output: new Output(),
      capabilities,
      extended: input.extended ?? 0,
      clientCapabilities: input.clientCapabilities ?? capabilities,
      unrestricted: role.unrestricted,
      limits: role.limits,
      mariadb: input.mariadb,
      ownSession: input.ownSession,
      ownSessions: input.ownSessions,
      names: namesOf(defaultDatabase, null),
      charset: null,
      reading: 'utf8',
      status,
      current: null,
      upload: null,
      statements: new Map(),
      lastStatement: null,
      sqlPrepared: new Map(),
      userTexts: new UserTexts(),
      warnings: welcome === null ? null : [ownWarning(welcome)],
      notice: null,
      guarded: false,
      changedUnknown: false,
      next: null,
      longData: new Map(),
    }
    this.#client = new ClientHalf(this.#state)
    this.#server = new ServerHalf(this.#state)
    this.#life = new SessionLife(tenureOf(gate, subject), role.limits, now)
  }

  /** The server's session is fresh: what the proxy sets and reads in it comes before the client's first command. */
  begin(): void {
    this.#state.next = () => beginSession(this.#state)
  }

  onClient(chunk: Uint8Array, now: number): Effect[] {
    return this.#step(now, () => {
      this.#fromClient.push(chunk)
      this.#drainClient(now)
      if ((this.#state.current || this.#held) && this.#fromClient.buffered > MAX_WAITING_BYTES) {
        throw new SallyportError('SP-PROTOCOL', `more than ${MAX_WAITING_BYTES} bytes wait for an answer`)
      }
    })
  }

  onServer(chunk: Uint8Array, now: number): Effect[] {
    return this.#step(now, () => {
      this.#fromServer.push(chunk)
      this.#drainServer(now)
      this.#drainClient(now)
    })
  }

  /** Called about once a second: limits of time. MySQL has no notice outside of an answer: it waits for one. */
  onTick(now: number): Effect[] {
    const { output } = this.#state
    if (output.ended) return []
    const event = askClock(this.#life, this.#state, this.#running, this.#inTransaction, now)
    if (event?.kind === 'notice') this.#state.notice = `${event.text}. ${event.hint}`
    if (event?.kind === 'end') return this.end(event.error)
    return this.#counted(this.#held ? [...output.take(), ...this.#goOn(now)] : output.take())
  }

  cancelled(): void {
    this.#cancels = Math.max(0, this.#cancels - 1)
  }

  /**
   * Ends the session from outside. A client that waits for an answer gets the error as that answer; an idle one finds
   * it when it speaks next, as with a server that shut down.
   */
  end(error: SallyportError): Effect[] {
    if (this.#state.output.ended) return []
    const { output, current, subject } = this.#state
    if (current) output.cancel(subject.session.sessionId, true)
    output.client(
      encodePackets(errPayload(error), current?.sequence ?? (this.#held || this.#fromClient.buffered > 0 ? 1 : 0)),
    )
    output.end(error.detail, error)
    return output.take()
  }

  /** Completions of what was still running when the connection broke. */
  abandoned(now: number): Effect[] {
    this.#state.gate.meter.leave(this.#state.subject)
    const { output, current, statements, subject } = this.#state
    // Without its session it would go on beyond the grant, and hold its locks.
    if (current && !output.ended) output.cancel(subject.session.sessionId, false)
    const open = [
      ...(current?.runs ?? []),
      ...[...statements.values()].flatMap(({ cursor }) => (cursor ? [cursor] : [])),
    ]
    for (const run of new Set(open)) this.#server.leave(run, now)
    this.#state.gate.left(subject)
    return output.take()
  }

  get idle(): boolean {
    return !this.#state.current && !this.#inTransaction
  }

  get #inTransaction(): boolean {
    return (this.#state.status & STATUS.inTransaction) !== 0
  }

  get #running(): Run | null {
    const { current } = this.#state
    return current?.runs[current.index] ?? null
  }

  /** Only while the answer lasts that asked for it: what comes after is a command, and is judged. */
  #drainUpload(): void {
    for (;;) {
      const { upload: sent, current } = this.#state
      const packet = sent && current ? this.#fromClient.next() : null
      if (!packet || !current) return
      upload(this.#state, current, packet)
    }
  }

  /** By turns: the next command is read when the last one was answered. */
  #drainClient(now: number): void {
    this.#drainUpload()
    while (!this.#state.current && !this.#state.output.ended && (this.#held || this.#fromClient.buffered > 0)) {
      const { next } = this.#state
      this.#state.next = null
      if (next) {
        next()
        continue
      }
      const packet = this.#held ?? this.#fromClient.next()
      this.#held = packet && this.#waits(packet, now) ? packet : null
      if (!packet || this.#held) return
      this.#client.accept(packet, now)
    }
  }

  #waits({ payload }: Packet, now: number): boolean {
    if (!SQL_BEARING.has(payload[0] ?? 0)) return false
    const { output, subject } = this.#state
    if (this.#cancels > 0 || output.cancels(subject.session.sessionId)) return true
    return this.#catalog.holds(this.#state, now)
  }

  #drainServer(now: number): void {
    for (;;) {
      const { acceptsRow } = this.#server
      const rows = acceptsRow ? this.#fromServer.takeRun(acceptsRow) : null
      if (rows) {
        this.#server.rows(rows.bytes, rows.count, now)
        continue
      }
      const packet = this.#fromServer.next()
      if (!packet) return
      this.#server.packet(packet, now)
    }
  }

  #goOn(now: number): Effect[] {
    return takeStep(
      this.#state.output,
      () => this.#drainClient(now),
      (error) => this.end(error),
    )
  }

  #step(now: number, step: () => void): Effect[] {
    this.#life.touched(now)
    const effects = takeStep(this.#state.output, step, (error) => this.end(error))
    const { gate, subject } = this.#state
    if (!this.#state.current) gate.meter.leave(subject)
    return this.#counted(effects)
  }

  #counted(effects: Effect[]): Effect[] {
    const { sessionId } = this.#state.subject.session
    for (const effect of effects) if (effect.kind === 'cancel' && effect.sessionId === sessionId) this.#cancels++
    return effects
  }
}

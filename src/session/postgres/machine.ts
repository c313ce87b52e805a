import { SallyportError } from '../../errors.ts'
import type { Role } from '../../policy/role.ts'
import { Framer } from '../../wire/postgres/framer.ts'
import { CLIENT, SERVER } from '../../wire/postgres/type-bytes.ts'
import type { Effect } from '../effects.ts'
import type { Gate, Subject } from '../gate.ts'
import { SessionLife } from '../life.ts'
import { Output } from '../output.ts'
import { finishRun } from '../run.ts'
import { askClock, takeStep, tenureOf } from '../step.ts'
import { ClientHalf } from './client_half.ts'
import { leaveDefinitions } from './definitions.ts'
import type { ProcessIds } from './notification.ts'
import { Pipeline } from './pipeline.ts'
import { Registry } from './registry.ts'
import { type Path, SearchPath } from './search_path.ts'
import { ServerHalf } from './server_half.ts'
import { namesOf, type SessionState } from './state.ts'
import { errorMessage, notice } from './words.ts'

/** One message of a client: a statement with its literals, or the values of one Bind. */
const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024 * 1024
/** What a client may send ahead while its next message waits for an answer. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** One message of a server: a row. PostgreSQL's own limit is 1 GiB less a little. */
const MAX_SERVER_MESSAGE_BYTES = 1024 * 1024 * 1024

/**
 * A PostgreSQL session after its login, as a state machine without I/O: bytes go in, effects come out, strictly in
 * order. Times are milliseconds since the epoch.
 */
export class PostgresMachine {
  readonly #state: SessionState
  readonly #client: ClientHalf
  readonly #server: ServerHalf
  readonly #fromClient = new Framer({ maxBytes: MAX_CLIENT_MESSAGE_BYTES })
  readonly #fromServer = new Framer({ maxBytes: MAX_SERVER_MESSAGE_BYTES })
  readonly #life: SessionLife
  #held: ReturnType<Framer['next']> = null

  constructor(gate: Gate, subject: Subject, role: Role, searchPath: Path, processIds: ProcessIds, now: number) {
    const path = new SearchPath(searchPath)
    this.#state = {
      gate,
      subject,
      unrestricted: role.unrestricted,
      output: new Output(),
      pipeline: new Pipeline(),
      registry: new Registry(),
      path,
      processIds,
      names: namesOf({ path, unread: null }),
      unread: null,
      status: 'I',
      skipping: false,
      batchOpen: false,
      batchFailed: false,
      muted: false,
      guarded: false,
      copyIn: null,
      definitions: 'kept',
      reportedPath: null,
    }
    this.#client = new ClientHalf(this.#state)
    this.#server = new ServerHalf(this.#state)
    this.#life = new SessionLife(tenureOf(gate, subject), role.limits, now)
  }

  onClient(chunk: Uint8Array, now: number): Effect[] {
    return this.#step(now, () => {
      this.#fromClient.push(chunk)
      this.#drainClient(now)
      if (this.#held && this.#fromClient.buffered > MAX_WAITING_BYTES) {
        throw new SallyportError('SP-PROTOCOL', `more than ${MAX_WAITING_BYTES} bytes wait for an answer`)
      }
    })
  }

  onServer(chunk: Uint8Array, now: number): Effect[] {
    return this.#step(now, () => {
      this.#fromServer.push(chunk)
      this.#drainServer(now)
      if (this.#held) this.#drainClient(now)
    })
  }

  /** Called about once a second: limits of time. */
  onTick(now: number): Effect[] {
    const { pipeline, output, status } = this.#state
    if (output.ended) return []
    const event = askClock(this.#life, this.#state, pipeline.running, status !== 'I', now)
    if (event?.kind === 'end') return this.end(event.error)
    if (event?.kind === 'notice') output.client(notice('01000', event.text, event.hint))
    // It may wait for nothing but the catalog.
    return this.#held ? [...output.take(), ...this.#goOn(now)] : output.take()
  }

  /** Ends the session from outside: the grant ended, the proxy drains, an operator asked. */
  end(error: SallyportError): Effect[] {
    if (this.#state.output.ended) return []
    const { output, pipeline, subject } = this.#state
    if (!pipeline.empty) output.cancel(subject.session.sessionId, true)
    output.client(errorMessage(error, 'FATAL'))
    output.end(error.detail, error)
    return output.take()
  }

  /** Completions of what was still running when the connection broke; without its session it would outlive the grant. */
  abandoned(now: number): Effect[] {
    this.#state.gate.meter.leave(this.#state.subject)
    const { output, pipeline, registry, subject } = this.#state
    if (!pipeline.empty && !output.ended) output.cancel(subject.session.sessionId, true)
    const suspended = [...registry.portals].flatMap(({ run }) => (run ? [run] : []))
    leaveDefinitions(this.#state)
    for (const run of new Set([...pipeline.unfinished, ...suspended]))
      finishRun(this.#state, run, 'error', '08006', now)
    this.#state.gate.left(subject)
    return output.take()
  }

  /** No statement runs and no transaction is open: a drain may end the session here. */
  get idle(): boolean {
    return this.#state.pipeline.empty && this.#state.status === 'I' && !this.#state.batchOpen
  }

  #drainClient(now: number): void {
    while (!this.#state.output.ended) {
      const data = this.#state.copyIn && !this.#held ? this.#fromClient.takeRun(CLIENT.copyData) : null
      if (data) {
        this.#client.copyData(data.bytes)
        continue
      }
      const frame = this.#held ?? this.#fromClient.next()
      if (!frame) return
      const accepted = this.#client.accept(frame, now)
      this.#held = accepted ? null : frame
      if (!accepted) return
    }
  }

  #drainServer(now: number): void {
    while (!this.#state.output.ended) {
      const rows = this.#fromServer.takeRun(SERVER.dataRow)
      if (rows) {
        this.#server.rows(rows.bytes, rows.count, now)
        continue
      }
      const data = this.#fromServer.takeRun(SERVER.copyData)
      if (data) {
        this.#server.copyData(data.bytes, data.count, now)
        continue
      }
      const frame = this.#fromServer.next()
      if (!frame) return
      this.#server.handle(frame, now)
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
    if (this.#state.pipeline.empty) gate.meter.leave(subject)
    return effects
  }
}

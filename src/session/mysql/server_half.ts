import { SallyportError } from '../../errors.ts'
import type { StatementFacts, StatementKind } from '../../sql/facts.ts'
import { has } from '../../wire/mysql/capabilities.ts'
import type { ColumnDefinition } from '../../wire/mysql/column.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import {
  decodeErr,
  type Eof,
  ERR_HEADER,
  type Err,
  encodeEof,
  encodeOk,
  encodeResultEnd,
  type Ok,
} from '../../wire/mysql/outcome.ts'
import { encodePackets, packetCount, renumberPackets } from '../../wire/mysql/packets.ts'
import type { PrepareOk } from '../../wire/mysql/prepare-ok.ts'
import type { Classified, ResponseMachine } from '../../wire/mysql/response.ts'
import { STATUS } from '../../wire/mysql/server-status.ts'
import { definitionsAfter } from '../definitions.ts'
import type { ExecutionResult } from '../gate.ts'
import { finishRun } from '../run.ts'
import { harmlessChanges, withoutGuesses } from './affected.ts'
import { takeAside } from './aside.ts'
import { withoutMaskedDefault } from './command_field_list.ts'
import { beginUpload, declineUpload } from './command_upload.ts'
import { errorFor, ownWarnings, settleChanges } from './diagnostics.ts'
import type { Exchange, Run } from './exchange.ts'
import { encodeCleared, withoutPlanFlags } from './plan_flags.ts'
import { type FieldInput, shapeOf, shownField } from './result_shape.ts'
import { maskRun } from './rows.ts'
import { applyStatement, followModes } from './settings.ts'
import type { SessionState } from './state.ts'
import { errPayload } from './words.ts'
import { closeGuard, overLimit, type WriteGuard } from './write_guard.ts'

const QUERY_INTERRUPTED = 1317
const CONNECTION_LOST = '2013'
const CHANGED_DEFINITIONS = 'a session changed definitions'

/** What the server answers: forwarded as it is, rewritten, or replaced; what it did not owe ends the session. */
export class ServerHalf {
  readonly #state: SessionState

  constructor(state: SessionState) {
    this.#state = state
  }

  /** Which packets are surely rows, so that a run of them may be taken; null while none are due. */
  get acceptsRow(): ResponseMachine['acceptsRow'] | null {
    const { current } = this.#state
    return current && !current.aside && current.response.rows !== null ? current.response.acceptsRow : null
  }

  /** Whole rows in whole packets; `packets` differs from `count` only for one row that takes several packets. */
  rows(bytes: Uint8Array, count: number, now: number, packets: number = count): void {
    const exchange = this.#exchange()
    if (exchange.told) return
    const run = exchange.runs[exchange.index]
    if (!run) return this.#raw(exchange, bytes, packets)
    const out = maskRun(this.#state, run, exchange, bytes, count, now)
    if (out) this.#raw(exchange, out.bytes, out.count === count ? packets : out.count)
  }

  packet(packet: Packet, now: number): void {
    if (!this.#state.current && isFarewell(packet.payload)) return this.#farewell(packet.payload)
    const exchange = this.#exchange()
    if (exchange.aside) return this.#aside(exchange, packet.payload, now)
    const { unrestricted, capabilities } = this.#state
    const received = exchange.response.next(packet.payload)
    const message = unrestricted ? received : withoutPlanFlags(received)
    const payload = message === received ? packet.payload : encodeCleared(message, capabilities)
    if (exchange.told) return this.#drop(exchange, message, packet)
    switch (message.kind) {
      case 'err':
        return this.#error(exchange, payload, message.err, now)
      case 'ok':
        return this.#ok(exchange, payload, message.ok, now)
      case 'prepareOk':
        return this.#prepareOk(exchange, payload, message.prepared)
      case 'columnCount':
        exchange.fields = []
        return this.#pass(exchange, payload)
      case 'columnDefinition':
        return this.#column(exchange, payload, message.column)
      case 'eofAfterColumns':
        this.#state.status = message.eof.status
        this.#pass(exchange, this.#isGuarded(exchange) ? encodeEof({ ...message.eof, warnings: 0 }) : payload)
        return this.#described(exchange)
      case 'eofAfterParameters':
        this.#state.status = message.eof.status
        return this.#pass(exchange, payload)
      case 'row':
        return this.rows(encodePackets(payload, exchange.sequence), 1, now, packetCount(payload.length))
      case 'resultEnd':
        return this.#rowsEnd(exchange, payload, message.end, now)
      case 'parameterDefinition':
      case 'statistics':
        return this.#pass(exchange, payload)
      case 'localInfile':
        beginUpload(this.#state, packet)
        return this.#pass(exchange, payload)
    }
  }

  /** The client is told why by the server's own words, which are of the session and of no value. */
  #farewell(payload: Uint8Array): void {
    const { output } = this.#state
    output.client(encodePackets(payload, 0))
    const cause = `the database ended the session (${decodeErr(payload).errno})`
    output.end(cause, new SallyportError('SP-UPSTREAM', cause))
  }

  #aside(exchange: Exchange, payload: Uint8Array, now: number): void {
    takeAside(this.#state, exchange, payload, now)
    if (!this.#state.current) this.#leave()
  }

  #drop({ response }: Exchange, message: Classified, packet: Packet): void {
    if (message.kind === 'localInfile') declineUpload(this.#state, packet)
    if (message.kind === 'ok') this.#state.status = message.ok.status
    if (message.kind === 'resultEnd') this.#state.status = message.end.status
    if (response.done) this.#leave()
  }

  #isGuarded({ runs, index }: Exchange): boolean {
    return runs[index]?.plan?.scrubErrors === true
  }

  #exchange(): Exchange {
    const { current } = this.#state
    if (!current) throw new SallyportError('SP-PROTOCOL', 'the database spoke out of turn')
    return current
  }

  #ok(exchange: Exchange, payload: Uint8Array, ok: Ok, now: number): void {
    this.#state.status = ok.status
    exchange.onOk?.(0)
    const run = exchange.runs[exchange.index]
    if (!run) return this.#last(exchange, payload)
    run.rows = Number(ok.affectedRows)
    if (exchange.guard) return this.#counted(exchange, run, exchange.guard, ok)
    applyStatement(this.#state, run)
    followModes(this.#state, run)
    const { capabilities } = this.#state
    const told = this.#told(run, ok)
    this.#resultEnd(exchange, run, ok, (warnings) => encodeOk({ ...told, warnings }, capabilities), now)
  }

  /** What an OK tells beside its warnings, as far as it tells of nothing else. */
  #told(run: Run, ok: Ok): Ok {
    return run.plan ? { ...withoutGuesses(run, ok), changes: harmlessChanges(ok.changes) } : ok
  }

  /** The client hears of the write when it is settled whether it stays. */
  #counted(exchange: Exchange, run: Run, guard: WriteGuard, ok: Ok): void {
    const over = overLimit(run, ok.affectedRows)
    closeGuard(this.#state, guard, exchange, over ? 'undo' : 'keep', (refused, at) => {
      const error = over ?? refused
      if (error) {
        run.rows = 0
        this.#finish(run, over ? 'withheld' : 'error', String(error.refusal.errno), at)
        return this.#send(exchange, errPayload(error))
      }
      this.#finish(run, 'ok', null, at)
      const { status, capabilities } = this.#state
      const warnings = ownWarnings(this.#state, run, 0)
      this.#send(exchange, encodeOk({ ...this.#told(run, ok), warnings, status, changes: [] }, capabilities))
    })
  }

  #prepareOk(exchange: Exchange, payload: Uint8Array, { statementId, parameters }: PrepareOk): void {
    if (exchange.prepared) exchange.prepared.parameterCount = parameters
    exchange.onOk?.(statementId)
    this.#pass(exchange, payload)
  }

  #column(exchange: Exchange, payload: Uint8Array, column: ColumnDefinition): void {
    if (exchange.to === 'fieldList') {
      return this.#pass(exchange, withoutMaskedDefault(exchange.runs[exchange.index], payload, column))
    }
    const run = exchange.runs[exchange.index]
    const field = run ? shownField(fieldInput(exchange, run), exchange.fields.length, payload, column) : null
    if (field) exchange.fields.push(field)
    this.#pass(exchange, field?.payload ?? payload)
    if (exchange.response.rows !== null) this.#described(exchange)
  }

  /** All columns of a result are known, and none of its rows: now it is settled what becomes of them. */
  #described(exchange: Exchange): void {
    const run = exchange.runs[exchange.index]
    if (!run) return
    try {
      run.shape = shapeOf(exchange.fields, fieldInput(exchange, run))
    } catch (error) {
      this.#withhold(run, error)
    }
  }

  #rowsEnd(exchange: Exchange, payload: Uint8Array, end: Ok | Eof, now: number): void {
    const { capabilities } = this.#state
    this.#state.status = end.status
    const run = exchange.runs[exchange.index]
    if (!run) return this.#last(exchange, payload)
    const cursorOpen = has(end.status, STATUS.cursorExists) && !has(end.status, STATUS.lastRowSent)
    const told = 'changes' in end ? this.#told(run, end) : end
    const encode = (warnings: number) => encodeResultEnd({ ...told, warnings }, capabilities)
    if (exchange.prepared?.cursor && cursorOpen && !run.withheld) {
      return this.#last(exchange, encode(this.#isGuarded(exchange) ? 0 : end.warnings))
    }
    // The results of a routine are followed by an OK of its own.
    const routine = run.facts.kind === 'call' && !exchange.response.done
    this.#resultEnd(exchange, run, end, encode, now, routine)
  }

  /** The end of one statement's result: another may follow in the same answer. */
  #resultEnd(
    exchange: Exchange,
    run: Run,
    { warnings }: Ok | Eof,
    encode: (warnings: number) => Uint8Array,
    now: number,
    routine = false,
  ): void {
    if (run.withheld) {
      this.#finish(run, 'withheld', String(run.withheld.refusal.errno), now)
      for (const later of exchange.runs.slice(exchange.index + 1)) this.#finish(later, 'cancelled', null, now)
      return this.#last(exchange, errPayload(run.withheld))
    }
    const more = !exchange.response.done
    const lastRun = exchange.index >= exchange.runs.length - 1
    if (more && lastRun && !routine && run.plan) {
      throw new SallyportError('SP-PROTOCOL', 'the database sends more results than there are statements')
    }
    if (!routine && !(more && lastRun)) this.#finish(run, 'ok', null, now)
    this.#pass(exchange, encode(ownWarnings(this.#state, run, warnings)))
    if (!lastRun && !routine) exchange.index++
  }

  #error(exchange: Exchange, payload: Uint8Array, err: Err, now: number): void {
    const run = exchange.runs[exchange.index]
    const told = run || exchange.prepared ? errorFor(this.#state, exchange, err, payload, now) : payload
    if (!run) return this.#last(exchange, told)
    followModes(this.#state, run)
    const cancelled = err.errno === QUERY_INTERRUPTED
    this.#finish(run, run.withheld ? 'withheld' : cancelled ? 'cancelled' : 'error', String(err.errno), now)
    for (const later of exchange.runs.slice(exchange.index + 1)) this.#finish(later, 'cancelled', null, now)
    if (!exchange.guard) return this.#last(exchange, told)
    closeGuard(this.#state, exchange.guard, exchange, 'failed', () => this.#send(exchange, told))
  }

  /** The connection broke: what is under way may still come to its end on the server. */
  leave(run: Run, now: number): void {
    this.#finish(run, 'error', CONNECTION_LOST, now)
  }

  #finish(run: Run, outcome: ExecutionResult['outcome'], status: string | null, now: number): void {
    if (run.done) return
    if (outcome === 'ok') settleChanges(this.#state, run)
    finishRun(this.#state, run, outcome, status, now)
    // A change of definitions commits at once, and so others see it at once.
    const definitions = definitionsAfter('kept', run.facts)
    if (definitions !== 'kept') this.#state.output.catalogStale(CHANGED_DEFINITIONS, definitions === 'changed')
  }

  #withhold(run: Run, error: unknown): void {
    if (!(error instanceof SallyportError)) throw error
    run.withheld = error
    this.#state.output.catalogStale(error.detail)
    this.#state.output.cancel(this.#state.subject.session.sessionId, true)
  }

  #pass(exchange: Exchange, payload: Uint8Array): void {
    this.#send(exchange, payload)
    if (exchange.response.done) this.#leave()
  }

  /** The client gets no more than this; the exchange ends when the server has said all. */
  #last(exchange: Exchange, payload: Uint8Array): void {
    this.#send(exchange, payload)
    exchange.told = true
    if (exchange.response.done) this.#leave()
  }

  /** The exchange is over: what the proxy itself asks comes before the client's next command. */
  #leave(): void {
    const state = this.#state
    state.current = null
    if ((state.status & STATUS.inTransaction) === 0) state.guarded = false
    const { next } = state
    state.next = null
    next?.()
  }

  #send(exchange: Exchange, payload: Uint8Array): void {
    this.#state.output.client(encodePackets(payload, exchange.sequence))
    exchange.sequence = (exchange.sequence + packetCount(payload.length)) & 0xff
  }

  /** Whole packets in the server's numbering: it is ours as long as nothing was added or left out. */
  #raw(exchange: Exchange, bytes: Uint8Array, packets: number): void {
    const aligned = bytes[3] === exchange.sequence
    const out = aligned ? bytes : new Uint8Array(bytes)
    if (!aligned) renumberPackets(out, exchange.sequence)
    exchange.sequence = (exchange.sequence + packets) & 0xff
    this.#state.output.client(out)
  }
}

function fieldInput({ to }: Exchange, { plan, verdict, facts }: Run): FieldInput {
  return { plan, masks: verdict.masks, format: to === 'query' ? 'text' : 'binary', kind: answered(facts) }
}

/** MariaDB's SET STATEMENT ... FOR and EXECUTE IMMEDIATE answer as the statement inside does. */
function answered({ kind, inner, immediate }: StatementFacts): StatementKind {
  if (!inner || (kind !== 'set' && !immediate)) return kind
  return inner.output ? 'select' : inner.kind
}

/** An error between two commands: an idle session timed out, was killed, or the server shuts down. */
function isFarewell(payload: Uint8Array): boolean {
  return payload[0] === ERR_HEADER && FAREWELLS.has(decodeErr(payload).errno)
}

/** ER_SERVER_SHUTDOWN, ER_CLIENT_INTERACTION_TIMEOUT, and MariaDB's ER_CONNECTION_KILLED. */
const FAREWELLS: ReadonlySet<number> = new Set([1053, 4031, 1927])

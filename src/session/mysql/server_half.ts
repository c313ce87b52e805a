import { SallyportError } from '../../errors.ts'
import { decodeColumn, decodeColumnCount } from '../../wire/mysql/column.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import {
  decodeEof,
  decodeErr,
  decodeOk,
  EOF_END_BYTES,
  EOF_HEADER,
  ERR_HEADER,
  encodeErr,
  encodeOk,
  encodeResultEnd,
  OK_HEADER,
} from '../../wire/mysql/outcome.ts'
import { CHUNK_BYTES, encodePackets, packetCount, renumberPackets } from '../../wire/mysql/packets.ts'
import { decodePrepareOk } from '../../wire/mysql/prepare-ok.ts'
import { STATUS } from '../../wire/mysql/server-status.ts'
import type { Exchange, Run } from './exchange.ts'
import { shapeOf } from './result_shape.ts'
import { maskRun } from './rows.ts'
import { applyStatement } from './settings.ts'
import type { SessionState } from './state.ts'
import { errPayload, scrubbedErr } from './words.ts'

const LOCAL_INFILE_HEADER = 0xfb
const QUERY_INTERRUPTED = 1317
const COMPUTED_CODE = 1105

/** What the server answers: forwarded as it is, rewritten, or replaced; what it did not owe ends the session. */
export class ServerHalf {
  readonly #state: SessionState

  constructor(state: SessionState) {
    this.#state = state
  }

  /** True while rows are expected, so that a run of them may be taken. */
  get inRows(): boolean {
    return this.#state.current?.phase === 'rows'
  }

  /** Which packets are rows: not an error, and not the short 0xfe that ends them. */
  isRow = (first: number, length: number): boolean =>
    first !== ERR_HEADER && !(first === EOF_HEADER && length < (this.#state.deprecateEof ? CHUNK_BYTES : EOF_END_BYTES))

  rows(bytes: Uint8Array, count: number): void {
    const exchange = this.#exchange()
    const run = exchange.runs[exchange.index]
    const out = run ? maskRun(this.#state, run, exchange, bytes, count) : bytes
    if (out) this.#raw(exchange, out, count)
  }

  packet(packet: Packet, now: number): void {
    const exchange = this.#exchange()
    const { payload } = packet
    if (payload[0] === ERR_HEADER && exchange.kind !== 'statistics') return this.#error(exchange, payload, now)
    switch (exchange.phase) {
      case 'first':
        return this.#first(exchange, packet, now)
      case 'params':
        return this.#definition(exchange, packet, now)
      case 'columns':
        return this.#definition(exchange, packet, now)
      case 'paramsEnd':
      case 'columnsEnd':
        return this.#definitionsEnd(exchange, packet, now)
      case 'rows':
        if (this.isRow(payload[0] ?? 0, payload.length)) return this.rows(encodePackets(payload, 0), 1)
        return this.#rowsEnd(exchange, payload, now)
    }
  }

  #exchange(): Exchange {
    const { current } = this.#state
    if (!current) throw new SallyportError('SP-PROTOCOL', 'the database spoke out of turn')
    return current
  }

  #first(exchange: Exchange, packet: Packet, now: number): void {
    const { payload } = packet
    if (exchange.kind === 'statistics') return this.#last(exchange, payload)
    if (exchange.kind === 'prepare') return this.#prepareOk(exchange, payload)
    if (payload[0] === LOCAL_INFILE_HEADER) {
      throw new SallyportError('SP-PROTOCOL', 'the database asks for a file of the client, which was not offered')
    }
    // COM_SET_OPTION is answered with an EOF by servers before CLIENT_DEPRECATE_EOF.
    const isEof = payload[0] === EOF_HEADER && payload.length < EOF_END_BYTES
    if (payload[0] === OK_HEADER || (exchange.kind === 'simple' && isEof)) return this.#ok(exchange, payload, now)
    if (exchange.kind === 'simple') throw new SallyportError('SP-PROTOCOL', 'the database answers with a result')
    exchange.left = decodeColumnCount(payload)
    exchange.columns = []
    exchange.phase = 'columns'
    this.#send(exchange, payload)
  }

  #ok(exchange: Exchange, payload: Uint8Array, now: number): void {
    const { capabilities } = this.#state
    if (payload[0] === EOF_HEADER) {
      exchange.onOk?.(0)
      return this.#last(exchange, payload)
    }
    const ok = decodeOk(payload, capabilities)
    this.#state.status = ok.status
    exchange.onOk?.(0)
    const run = exchange.runs[exchange.index]
    if (!run) return this.#last(exchange, payload)
    run.rows = Number(ok.affectedRows)
    applyStatement(this.#state, run)
    this.#resultEnd(exchange, run, ok, now)
  }

  #prepareOk(exchange: Exchange, payload: Uint8Array): void {
    const { statementId, columns, parameters } = decodePrepareOk(payload)
    if (exchange.prepared) exchange.prepared.parameterCount = parameters
    exchange.onOk?.(statementId)
    exchange.columnsAfterParams = columns
    exchange.left = parameters
    exchange.phase = parameters > 0 ? 'params' : 'columns'
    if (parameters === 0) exchange.left = columns
    if (parameters + columns === 0) return this.#last(exchange, payload)
    this.#send(exchange, payload)
  }

  #definition(exchange: Exchange, packet: Packet, now: number): void {
    if (exchange.phase === 'columns' && exchange.kind !== 'prepare') exchange.columns.push(decodeColumn(packet.payload))
    exchange.left--
    const isLast = exchange.left === 0
    const end = exchange.phase === 'params' ? 'paramsEnd' : 'columnsEnd'
    this.#send(exchange, packet.payload)
    if (!isLast) return
    exchange.phase = end
    if (this.#state.deprecateEof) this.#afterDefinitions(exchange, now)
  }

  #definitionsEnd(exchange: Exchange, { payload }: Packet, now: number): void {
    const { status } = decodeEof(payload)
    this.#state.status = status
    const cursor =
      (status & STATUS.cursorExists) !== 0 && exchange.phase === 'columnsEnd' && exchange.kind === 'execute'
    const lastOfPrepare =
      exchange.kind === 'prepare' && (exchange.phase === 'columnsEnd' || exchange.columnsAfterParams === 0)
    if (lastOfPrepare) return this.#last(exchange, payload)
    this.#send(exchange, payload)
    this.#afterDefinitions(exchange, now)
    if (cursor) this.#state.current = null
  }

  #afterDefinitions(exchange: Exchange, now: number): void {
    if (exchange.kind === 'prepare') {
      if (exchange.phase === 'columnsEnd' || exchange.columnsAfterParams === 0) {
        this.#state.current = null
        return
      }
      exchange.phase = 'columns'
      exchange.left = exchange.columnsAfterParams
      return
    }
    exchange.phase = 'rows'
    const run = exchange.runs[exchange.index]
    if (!run) return
    try {
      const format = exchange.kind === 'query' ? 'text' : 'binary'
      run.shape = shapeOf(exchange.columns, format, run.plan, run.verdict.masks)
    } catch (error) {
      this.#withhold(run, error, now)
    }
  }

  #rowsEnd(exchange: Exchange, payload: Uint8Array, now: number): void {
    const { capabilities, deprecateEof } = this.#state
    const end = deprecateEof ? decodeOk(payload, capabilities) : decodeEof(payload)
    this.#state.status = end.status
    const run = exchange.runs[exchange.index]
    if (!run) return this.#last(exchange, payload)
    const cursorOpen = (end.status & STATUS.cursorExists) !== 0 && (end.status & STATUS.lastRowSent) === 0
    if (exchange.prepared?.cursor && cursorOpen && !run.withheld) return this.#last(exchange, payload)
    this.#resultEnd(exchange, run, end, now)
  }

  /** The end of one statement's result: another may follow in the same answer. */
  #resultEnd(
    exchange: Exchange,
    run: Run,
    end: ReturnType<typeof decodeOk> | ReturnType<typeof decodeEof>,
    now: number,
  ): void {
    const { capabilities } = this.#state
    if (run.withheld) {
      this.#finish(run, 'withheld', String(run.withheld.refusal.errno), now)
      for (const later of exchange.runs.slice(exchange.index + 1)) this.#finish(later, 'cancelled', null, now)
      return this.#last(exchange, errPayload(run.withheld))
    }
    const more = (end.status & STATUS.moreResults) !== 0
    const lastRun = exchange.index >= exchange.runs.length - 1
    if (!more || !lastRun) this.#finish(run, 'ok', null, now)
    const shown = run.plan ? { ...end, warnings: this.#ownWarnings(run, end.warnings) } : end
    const isOk = exchange.phase === 'first'
    const payload = isOk ? reencodeOk(shown, capabilities) : encodeResultEnd(shown, capabilities)
    if (!more) return this.#last(exchange, payload)
    this.#send(exchange, payload)
    if (!lastRun) exchange.index++
    exchange.phase = 'first'
  }

  /**
   * Warnings of the server could count or quote what is protected, so a guarded statement shows the proxy's own only:
   * that its result was computed from masked values.
   */
  #ownWarnings(run: Run, count: number): number {
    const { plan } = run
    if (!plan || (!plan.scrubErrors && plan.computed.length === 0)) return count
    const message = `the result was computed from masked values of ${plan.computed.join(', ')} (SP-COMPUTED)`
    this.#state.warnings = plan.computed.length > 0 ? [{ code: COMPUTED_CODE, message }] : []
    return this.#state.warnings.length
  }

  #error(exchange: Exchange, payload: Uint8Array, now: number): void {
    const err = decodeErr(payload)
    const run = exchange.runs[exchange.index]
    if (!run) return this.#last(exchange, payload)
    const cancelled = err.errno === QUERY_INTERRUPTED
    this.#finish(run, run.withheld ? 'withheld' : cancelled ? 'cancelled' : 'error', String(err.errno), now)
    for (const later of exchange.runs.slice(exchange.index + 1)) this.#finish(later, 'cancelled', null, now)
    const instead = run.withheld ?? run.cancelled
    if (run.plan?.scrubErrors) this.#state.warnings = []
    if (instead) return this.#last(exchange, errPayload(instead))
    const sqlState = err.sqlState ?? 'HY000'
    this.#last(exchange, run.plan?.scrubErrors ? scrubbedErr(err.errno, sqlState) : encodeErr({ ...err, sqlState }))
  }

  #finish(run: Run, outcome: 'ok' | 'error' | 'cancelled' | 'withheld', status: string | null, now: number): void {
    if (run.done) return
    run.done = true
    const { gate, subject, output } = this.#state
    output.note(gate.completion(subject, run.execution, { ...run, outcome, status }, now))
  }

  #withhold(run: Run, error: unknown, _now: number): void {
    if (!(error instanceof SallyportError)) throw error
    run.withheld = error
    this.#state.output.catalogStale(error.detail)
    this.#state.output.cancel(this.#state.subject.session.sessionId, true)
  }

  #last(exchange: Exchange, payload: Uint8Array): void {
    this.#send(exchange, payload)
    this.#state.current = null
  }

  #send(exchange: Exchange, payload: Uint8Array): void {
    this.#state.output.client(encodePackets(payload, exchange.sequence))
    exchange.sequence = (exchange.sequence + packetCount(payload.length)) & 0xff
  }

  /** Whole packets in the server's numbering: it is ours as long as nothing was added or left out. */
  #raw(exchange: Exchange, bytes: Uint8Array, count: number): void {
    const aligned = bytes[3] === exchange.sequence
    const out = aligned ? bytes : bytes.slice()
    if (!aligned) renumberPackets(out, exchange.sequence)
    exchange.sequence = (exchange.sequence + count) & 0xff
    this.#state.output.client(out)
  }
}

function reencodeOk(end: ReturnType<typeof decodeOk> | ReturnType<typeof decodeEof>, capabilities: number): Uint8Array {
  if (end.kind !== 'ok') throw new SallyportError('SP-PROTOCOL', 'an OK was expected')
  return encodeOk(end, capabilities)
}

import { CAPABILITY, EXTENDED, has } from './capabilities.ts'
import { type ColumnDefinition, decodeColumn, decodeColumnCount } from './column.ts'
import {
  decodeEof,
  decodeErr,
  decodeOk,
  EOF_END_BYTES,
  EOF_HEADER,
  type Eof,
  ERR_HEADER,
  type Err,
  OK_HEADER,
  type Ok,
} from './outcome.ts'
import { CHUNK_BYTES } from './packets.ts'
import { decodePrepareOk, type PrepareOk } from './prepare-ok.ts'
import { STATUS } from './server-status.ts'
import { broken } from './text.ts'

/** LOCAL INFILE: the server asks for a file of the client's machine. */
const LOCAL_INFILE_HEADER = 0xfb
const BINARY_ROW_HEADER = 0x00

/**
 * Which answer is due. `ok`: an OK or an error alone (ping, init db, reset, close of a connection's state). `none`:
 * nothing comes (quit, stmtClose, stmtSendLongData).
 */
export type ResponseTo =
  | 'query'
  | 'processInfo'
  | 'stmtExecute'
  | 'stmtPrepare'
  | 'stmtFetch'
  | 'fieldList'
  | 'statistics'
  | 'setOption'
  | 'ok'
  | 'none'

/** What a packet of the server is. The last of an answer leaves the machine `done`. */
export type Classified =
  | { readonly kind: 'ok'; readonly ok: Ok; readonly moreResults: boolean }
  | { readonly kind: 'err'; readonly err: Err }
  | { readonly kind: 'columnCount'; readonly count: number }
  | { readonly kind: 'columnDefinition'; readonly column: ColumnDefinition; readonly ordinal: number }
  /** `cursor`: the rows stay with the server until COM_STMT_FETCH, so the answer ends here. */
  | { readonly kind: 'eofAfterColumns'; readonly eof: Eof; readonly cursor: boolean }
  | { readonly kind: 'row' }
  | { readonly kind: 'resultEnd'; readonly end: Ok | Eof; readonly moreResults: boolean; readonly cursor: boolean }
  | { readonly kind: 'prepareOk'; readonly prepared: PrepareOk }
  | { readonly kind: 'parameterDefinition'; readonly column: ColumnDefinition; readonly ordinal: number }
  | { readonly kind: 'eofAfterParameters'; readonly eof: Eof }
  | { readonly kind: 'statistics' }
  /** An OK or an error follows what the client sends. Where LOCAL_FILES was not agreed the machine is done. */
  | { readonly kind: 'localInfile' }

type Phase =
  | 'head'
  | 'prepare'
  | 'parameters'
  | 'parametersEnd'
  | 'columns'
  | 'columnsEnd'
  | 'rows'
  | 'fields'
  | 'statistics'
  | 'end'

const ROW: Classified = { kind: 'row' }
const FIRST_PHASE: Readonly<Record<ResponseTo, Phase>> = {
  query: 'head',
  processInfo: 'head',
  stmtExecute: 'head',
  stmtPrepare: 'prepare',
  stmtFetch: 'rows',
  fieldList: 'fields',
  statistics: 'statistics',
  setOption: 'rows',
  ok: 'head',
  none: 'end',
}

/**
 * The answer to one command ("Command Phase"): tells what each payload is, which its first byte alone does not. A
 * packet that cannot stand where it comes throws `SP-PROTOCOL`.
 */
export class ResponseMachine {
  readonly #to: ResponseTo
  readonly #capabilities: number
  readonly #extendedTypes: boolean
  readonly #deprecateEof: boolean
  readonly #binary: boolean
  #phase: Phase
  #left = 0
  #ordinal = 0
  #columnsAfter = 0

  constructor(to: ResponseTo, capabilities: number, extended = 0) {
    this.#to = to
    this.#capabilities = capabilities
    this.#extendedTypes = has(extended, EXTENDED.extendedMetadata)
    this.#deprecateEof = has(capabilities, CAPABILITY.deprecateEof)
    this.#binary = to === 'stmtExecute' || to === 'stmtFetch'
    this.#phase = FIRST_PHASE[to]
  }

  get done(): boolean {
    return this.#phase === 'end'
  }

  /** Whether rows may come next, in the binary form or as text. */
  get rows(): 'text' | 'binary' | null {
    if (this.#phase !== 'rows' || this.#to === 'setOption') return null
    return this.#binary ? 'binary' : 'text'
  }

  /**
   * Whether a packet is surely a row, by first byte (-1 for none) and length: what `PacketFramer.takeRun` asks. Bound,
   * so that it can be handed over. Rows taken so need not be told to `next`.
   */
  readonly acceptsRow = (firstByte: number, _length: number): boolean => {
    if (this.rows === null) return false
    if (this.#binary) return firstByte === BINARY_ROW_HEADER
    return firstByte >= 0 && firstByte < EOF_HEADER
  }

  next(payload: Uint8Array): Classified {
    const first = payload[0]
    if (first === undefined) throw broken('a packet of an answer is empty')
    if (this.#phase === 'rows' && first < EOF_HEADER) return this.#row(first)
    if (this.#phase === 'statistics') return this.#statistics(payload)
    if (first === ERR_HEADER && this.#phase !== 'end') return this.#err(payload)
    switch (this.#phase) {
      case 'head':
        return this.#head(payload, first)
      case 'prepare':
        return this.#prepare(payload)
      case 'parameters':
      case 'columns':
        return this.#definition(payload)
      case 'parametersEnd':
      case 'columnsEnd':
        return this.#endOfDefinitions(payload)
      case 'rows':
        return this.#isEnd(payload) ? this.#resultEnd(payload) : this.#row(first)
      case 'fields':
        return this.#isEnd(payload) ? this.#resultEnd(payload) : this.#field(payload)
      case 'end':
        throw broken('the server sends more than the answer')
    }
  }

  #head(payload: Uint8Array, first: number): Classified {
    if (first === OK_HEADER) return this.#ok(payload)
    if (this.#to === 'ok') throw broken('the answer is neither OK nor an error')
    if (first === LOCAL_INFILE_HEADER) {
      this.#phase = has(this.#capabilities, CAPABILITY.localFiles) ? 'head' : 'end'
      return { kind: 'localInfile' }
    }
    const count = decodeColumnCount(payload)
    this.#start('columns', count)
    return { kind: 'columnCount', count }
  }

  #ok(payload: Uint8Array): Classified {
    const ok = decodeOk(payload, this.#capabilities)
    const moreResults = has(ok.status, STATUS.moreResults)
    this.#phase = moreResults ? 'head' : 'end'
    return { kind: 'ok', ok, moreResults }
  }

  #err(payload: Uint8Array): Classified {
    this.#phase = 'end'
    return { kind: 'err', err: decodeErr(payload) }
  }

  #prepare(payload: Uint8Array): Classified {
    const prepared = decodePrepareOk(payload)
    this.#columnsAfter = prepared.columns
    if (prepared.parameters > 0) this.#start('parameters', prepared.parameters)
    else this.#startPreparedColumns()
    return { kind: 'prepareOk', prepared }
  }

  #startPreparedColumns(): void {
    if (this.#columnsAfter > 0) this.#start('columns', this.#columnsAfter)
    else this.#phase = 'end'
  }

  #start(phase: 'parameters' | 'columns', count: number): void {
    this.#phase = phase
    this.#left = count
    this.#ordinal = 0
  }

  #definition(payload: Uint8Array): Classified {
    const column = decodeColumn(payload, this.#extendedTypes)
    const kind = this.#phase === 'parameters' ? 'parameterDefinition' : 'columnDefinition'
    const ordinal = this.#ordinal++
    if (--this.#left === 0) this.#afterDefinitions()
    return { kind, column, ordinal }
  }

  #afterDefinitions(): void {
    const parameters = this.#phase === 'parameters'
    if (!this.#deprecateEof) this.#phase = parameters ? 'parametersEnd' : 'columnsEnd'
    else if (parameters) this.#startPreparedColumns()
    else this.#phase = this.#to === 'stmtPrepare' ? 'end' : 'rows'
  }

  /** CLIENT_DEPRECATE_EOF leaves this packet out; with a cursor an OK comes then, as the end of no rows. */
  #endOfDefinitions(payload: Uint8Array): Classified {
    const eof = decodeEof(payload)
    if (this.#phase === 'parametersEnd') {
      this.#startPreparedColumns()
      return { kind: 'eofAfterParameters', eof }
    }
    const cursor = this.#to === 'stmtExecute' && has(eof.status, STATUS.cursorExists)
    this.#phase = cursor || this.#to === 'stmtPrepare' ? 'end' : 'rows'
    return { kind: 'eofAfterColumns', eof, cursor }
  }

  #row(first: number): Classified {
    if (this.#to === 'setOption') throw broken('the answer is neither EOF nor an error')
    if (this.#binary && first !== BINARY_ROW_HEADER) throw broken('a binary row has a wrong first byte')
    return ROW
  }

  #field(payload: Uint8Array): Classified {
    const column = decodeColumn(payload, this.#extendedTypes)
    return { kind: 'columnDefinition', column, ordinal: this.#ordinal++ }
  }

  /** 0xfe also begins a value of 16 MiB and more, which no packet that ends a result is long enough to hold. */
  #isEnd(payload: Uint8Array): boolean {
    return payload[0] === EOF_HEADER && payload.length < (this.#deprecateEof ? CHUNK_BYTES : EOF_END_BYTES)
  }

  #resultEnd(payload: Uint8Array): Classified {
    const end = this.#deprecateEof ? decodeOk(payload, this.#capabilities) : decodeEof(payload)
    const moreResults = has(end.status, STATUS.moreResults) && FIRST_PHASE[this.#to] === 'head'
    this.#phase = moreResults ? 'head' : 'end'
    const cursor = this.#to === 'stmtExecute' && has(end.status, STATUS.cursorExists)
    return { kind: 'resultEnd', end, moreResults, cursor }
  }

  /** A bare text. */
  #statistics(payload: Uint8Array): Classified {
    if (payload[0] === ERR_HEADER) return this.#err(payload)
    this.#phase = 'end'
    return { kind: 'statistics' }
  }
}

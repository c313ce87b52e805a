import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { type Reading, type ReadText, readText } from './character-sets.ts'
import { COMMAND } from './command-codes.ts'

export interface ComStmtPrepare extends ReadText {
  readonly kind: 'stmtPrepare'
  readonly bytes: Uint8Array
}

/** There is no answer to it. */
export interface ComStmtSendLongData {
  readonly kind: 'stmtSendLongData'
  readonly statementId: number
  readonly parameter: number
  readonly data: Uint8Array
}

export interface ComStmtFetch {
  readonly kind: 'stmtFetch'
  readonly statementId: number
  readonly rows: number
}

export interface ComStmtReset {
  readonly kind: 'stmtReset'
  readonly statementId: number
}

/** There is no answer to it. */
export interface ComStmtClose {
  readonly kind: 'stmtClose'
  readonly statementId: number
}

export type StatementCommand = ComStmtPrepare | ComStmtSendLongData | ComStmtFetch | ComStmtReset | ComStmtClose

export function decodeComStmtPrepare(payload: Uint8Array, reading: Reading): ComStmtPrepare {
  const bytes = payload.subarray(1)
  return { kind: 'stmtPrepare', bytes, ...readText(bytes, reading) }
}

export function decodeComStmtSendLongData(payload: Uint8Array): ComStmtSendLongData {
  const reader = new Reader(payload, 1)
  const statementId = reader.u32le()
  return { kind: 'stmtSendLongData', statementId, parameter: reader.u16le(), data: reader.rest() }
}

export function decodeComStmtFetch(payload: Uint8Array): ComStmtFetch {
  const reader = new Reader(payload, 1)
  const fetch: ComStmtFetch = { kind: 'stmtFetch', statementId: reader.u32le(), rows: reader.u32le() }
  reader.expectEnd()
  return fetch
}

export function decodeStatementId(payload: Uint8Array): number {
  const reader = new Reader(payload, 1)
  const statementId = reader.u32le()
  reader.expectEnd()
  return statementId
}

export function encodeStatementCommand(command: StatementCommand): Uint8Array {
  switch (command.kind) {
    case 'stmtPrepare':
      return new Writer(command.bytes.length + 1).u8(COMMAND.stmtPrepare).bytes(command.bytes).finish()
    case 'stmtSendLongData':
      return new Writer(command.data.length + 7)
        .u8(COMMAND.stmtSendLongData)
        .u32le(command.statementId)
        .u16le(command.parameter)
        .bytes(command.data)
        .finish()
    case 'stmtFetch':
      return new Writer(9).u8(COMMAND.stmtFetch).u32le(command.statementId).u32le(command.rows).finish()
    case 'stmtReset':
      return new Writer(5).u8(COMMAND.stmtReset).u32le(command.statementId).finish()
    case 'stmtClose':
      return new Writer(5).u8(COMMAND.stmtClose).u32le(command.statementId).finish()
  }
}

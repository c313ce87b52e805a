import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { OK_HEADER } from './outcome.ts'
import { broken } from './text.ts'

/** COM_STMT_PREPARE_OK: definitions of the parameters, then of the columns, follow it. */
export interface PrepareOk {
  readonly kind: 'prepareOk'
  readonly statementId: number
  readonly columns: number
  readonly parameters: number
  readonly warnings: number
}

/** Without CLIENT_OPTIONAL_RESULTSET_METADATA, which is never agreed. Malformed throws `SP-PROTOCOL`. */
export function decodePrepareOk(payload: Uint8Array): PrepareOk {
  const reader = new Reader(payload)
  if (reader.u8() !== OK_HEADER) throw broken('the answer to a prepare has a wrong first byte')
  const statementId = reader.u32le()
  const columns = reader.u16le()
  const parameters = reader.u16le()
  reader.skip(1)
  const warnings = reader.u16le()
  reader.expectEnd()
  return { kind: 'prepareOk', statementId, columns, parameters, warnings }
}

export function encodePrepareOk(prepared: Omit<PrepareOk, 'kind'>): Uint8Array {
  const writer = new Writer(12).u8(OK_HEADER).u32le(prepared.statementId)
  return writer.u16le(prepared.columns).u16le(prepared.parameters).u8(0).u16le(prepared.warnings).finish()
}

import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { CAPABILITY, has } from './capabilities.ts'
import { COMMAND } from './command-codes.ts'
import { readLenenc, writeLenenc } from './lenenc.ts'
import {
  type LongData,
  PARAMETERS_MAX,
  type Parameter,
  type ParameterType,
  readTypes,
  readValues,
  writeParameters,
} from './parameters.ts'
import { broken } from './text.ts'

/** Flags of COM_STMT_EXECUTE ("enum_cursor_type"). */
export const CURSOR = { readOnly: 0x01, forUpdate: 0x02, scrollable: 0x04, parameterCount: 0x08 } as const

/** What the connection remembers of a prepared statement, without which its values cannot be found. */
export interface StatementShape {
  readonly parameterCount: number
  /** Types that the last execution sent; null before the first. */
  readonly types: readonly ParameterType[] | null
  /** Parameters whose value came by COM_STMT_SEND_LONG_DATA. */
  readonly longData: LongData
}

/** COM_STMT_EXECUTE. `newTypes`: the types came with the message and are to be remembered. */
export interface ComStmtExecute {
  readonly kind: 'stmtExecute'
  readonly statementId: number
  readonly flags: number
  readonly newTypes: boolean
  /** The statement's own parameters. */
  readonly parameters: readonly Parameter[]
  /** Query attributes, which follow them in the message. */
  readonly attributes: readonly Parameter[]
}

/** `shapeOf` answers undefined for a statement that was not prepared here: `SP-PROTOCOL`. */
export function decodeComStmtExecute(
  payload: Uint8Array,
  capabilities: number,
  shapeOf: (statementId: number) => StatementShape | undefined,
): ComStmtExecute {
  const reader = new Reader(payload, 1)
  const statementId = reader.u32le()
  const flags = reader.u8()
  if (reader.u32le() !== 1) throw broken('a statement is executed other than once')
  const shape = shapeOf(statementId)
  if (shape === undefined) throw broken('a statement that was not prepared is executed')
  const count = readCount(reader, capabilities, flags, shape.parameterCount)
  const { newTypes, values } = count === 0 ? NONE : readBound(payload, reader, count, capabilities, shape)
  reader.expectEnd()
  return {
    kind: 'stmtExecute',
    statementId,
    flags,
    newTypes,
    parameters: values.slice(0, shape.parameterCount),
    attributes: values.slice(shape.parameterCount),
  }
}

/**
 * The command for the server. Where query attributes are agreed the count is written and flagged, so that there is one
 * reading of it only.
 */
export function encodeComStmtExecute(execute: Omit<ComStmtExecute, 'kind'>, capabilities: number): Uint8Array {
  const named = has(capabilities, CAPABILITY.queryAttributes)
  const all = named ? [...execute.parameters, ...execute.attributes] : execute.parameters
  const flags = named ? execute.flags | CURSOR.parameterCount : execute.flags & ~CURSOR.parameterCount
  const writer = new Writer().u8(COMMAND.stmtExecute).u32le(execute.statementId).u8(flags).u32le(1)
  if (named) writeLenenc(writer, all.length)
  if (all.length > 0) writeParameters(writer, all, { types: execute.newTypes, names: named })
  return writer.finish()
}

const NONE: { readonly newTypes: boolean; readonly values: readonly Parameter[] } = { newTypes: false, values: [] }

function readCount(reader: Reader, capabilities: number, flags: number, prepared: number): number {
  const counted = has(capabilities, CAPABILITY.queryAttributes)
  if (!counted || (prepared === 0 && (flags & CURSOR.parameterCount) === 0)) return prepared
  const count = readLenenc(reader)
  if (count < prepared || count > PARAMETERS_MAX) throw broken('an execution has a wrong number of parameters')
  return count
}

function readBound(payload: Uint8Array, reader: Reader, count: number, capabilities: number, shape: StatementShape) {
  const nulls = reader.bytes((count + 7) >> 3)
  const bound = reader.u8()
  if (bound > 1) throw broken('the new-parameters flag is neither 0 nor 1')
  const named = has(capabilities, CAPABILITY.queryAttributes)
  const types = bound === 1 ? readTypes(reader, count, named) : remembered(shape, count)
  return { newTypes: bound === 1, values: readValues(payload, reader, types, nulls, shape.longData) }
}

function remembered(shape: StatementShape, count: number) {
  if (shape.types?.length !== count) throw broken('an execution without types has none to go by')
  return shape.types.map(({ type, flags }) => ({ type, flags, name: '' }))
}

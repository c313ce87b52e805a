import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { type BinaryValue, decodeValue, valueContent, valueEnd } from './binary-value.ts'
import type { StatementShape } from './com-stmt-execute.ts'
import { COMMAND } from './command-codes.ts'
import { type ParameterType, UNSIGNED } from './parameters.ts'
import { broken, unsupported } from './text.ts'

/** The types of the parameters come with the message. */
const TYPES_FOLLOW = 0x80
/** What stands before each value ("COM_STMT_BULK_EXECUTE"): it follows, is NULL, the column's default, or left alone. */
const INDICATOR = { none: 0, null: 1, default: 2, ignore: 3 } as const

/** MariaDB's execution of one statement with many rows of values. */
export interface ComStmtBulkExecute {
  readonly kind: 'stmtBulkExecute'
  readonly statementId: number
  /** Null where those of the last execution are meant. */
  readonly types: readonly ParameterType[] | null
  readonly rows: number
  /** Some value is the default of its column rather than a value. */
  readonly usesDefaults: boolean
  /** All rows, as they came. */
  readonly values: Uint8Array
}

/** Every value is found and bounded here; malformed throws `SP-PROTOCOL`. */
export function decodeComStmtBulkExecute(
  payload: Uint8Array,
  shapeOf: (statementId: number) => StatementShape | undefined,
): ComStmtBulkExecute {
  const reader = new Reader(payload, 1)
  const statementId = reader.u32le()
  const flags = reader.u16le()
  if ((flags & ~TYPES_FOLLOW) !== 0) throw unsupported('a bulk execution asks for results of each row')
  const shape = shapeOf(statementId)
  if (shape === undefined) throw broken('a statement that was not prepared is executed')
  if (shape.parameterCount === 0) throw broken('a bulk execution of a statement without parameters')
  const types = flags === TYPES_FOLLOW ? readTypes(reader, shape.parameterCount) : null
  const known = types ?? shape.types
  if (known?.length !== shape.parameterCount) throw broken('an execution without types has none to go by')
  const start = reader.offset
  const found = walk(payload, reader, known)
  return { kind: 'stmtBulkExecute', statementId, types, ...found, values: payload.subarray(start) }
}

/** The values of all rows, in order, of a message that was read before: NULL also for a default or what is left alone. */
export function* bulkValues(
  values: Uint8Array,
  types: readonly ParameterType[],
): Generator<BinaryValue | { readonly kind: 'null' }> {
  for (let at = 0; types.length > 0 && at < values.length; ) {
    for (const { type, flags } of types) {
      const indicator = values[at++]
      if (indicator !== INDICATOR.none) {
        yield { kind: 'null' }
        continue
      }
      const end = valueEnd(values, type, at, values.length)
      yield decodeValue(type, (flags & UNSIGNED) !== 0, values.subarray(valueContent(values, type, at), end))
      at = end
    }
  }
}

export function encodeComStmtBulkExecute(command: Omit<ComStmtBulkExecute, 'kind'>): Uint8Array {
  const { statementId, types, values } = command
  const writer = new Writer(values.length + 64).u8(COMMAND.stmtBulkExecute).u32le(statementId)
  writer.u16le(types ? TYPES_FOLLOW : 0)
  for (const { type, flags } of types ?? []) writer.u8(type).u8(flags)
  return writer.bytes(values).finish()
}

function readTypes(reader: Reader, count: number): readonly ParameterType[] {
  const types: ParameterType[] = []
  for (let i = 0; i < count; i++) types.push({ type: reader.u8(), flags: reader.u8() })
  return types
}

function walk(payload: Uint8Array, reader: Reader, types: readonly ParameterType[]) {
  let rows = 0
  let usesDefaults = false
  while (reader.remaining > 0) {
    for (const { type } of types) {
      const indicator = reader.u8()
      if (indicator > INDICATOR.ignore) throw broken('a value of a bulk execution has an unknown indicator')
      if (indicator === INDICATOR.default || indicator === INDICATOR.ignore) usesDefaults = true
      if (indicator === INDICATOR.none) {
        reader.skip(valueEnd(payload, type, reader.offset, payload.length) - reader.offset)
      }
    }
    rows++
  }
  if (rows === 0) throw broken('a bulk execution has no row')
  return { rows, usesDefaults }
}

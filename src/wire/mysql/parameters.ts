import type { Reader } from '../../bytes/reader.ts'
import type { Writer } from '../../bytes/writer.ts'
import { type BinaryValue, decodeValue, valueContent, valueEnd } from './binary-value.ts'
import { COLUMN_TYPE } from './column-types.ts'
import { readLenencText, writeLenencText } from './lenenc.ts'
import { broken } from './text.ts'

/** The server's own bound on parameters of a statement. */
export const PARAMETERS_MAX = 65_535
/** Of a type's flags. */
export const UNSIGNED = 0x80

/** `flags` has 0x80 for unsigned. */
export interface ParameterType {
  readonly type: number
  readonly flags: number
}

/**
 * A parameter or a query attribute. `raw` is its value as it stood in the message, its length included, and null when
 * the message has none: for NULL, and for a value that came by COM_STMT_SEND_LONG_DATA.
 */
export interface Parameter extends ParameterType {
  /** Empty for a `?` of the statement. */
  readonly name: string
  readonly raw: Uint8Array | null
  readonly value: BinaryValue | { readonly kind: 'null' } | { readonly kind: 'longData' }
}

/** Which parameters' values came by COM_STMT_SEND_LONG_DATA. */
export interface LongData {
  has(parameter: number): boolean
}

interface NamedType extends ParameterType {
  readonly name: string
}

/** Types, and names where the message has them. */
export function readTypes(reader: Reader, count: number, named: boolean): readonly NamedType[] {
  const types: NamedType[] = []
  for (let i = 0; i < count; i++) {
    const type = reader.u8()
    const flags = reader.u8()
    types.push({ type, flags, name: named ? readLenencText(reader) : '' })
  }
  return types
}

/** Values after their NULL bitmap; `payload` is what `reader` reads. */
export function readValues(
  payload: Uint8Array,
  reader: Reader,
  types: readonly NamedType[],
  nulls: Uint8Array,
  longData: LongData,
): readonly Parameter[] {
  return types.map(({ type, flags, name }, i) => {
    if (longData.has(i)) return { type, flags, name, raw: null, value: { kind: 'longData' } }
    if (type === COLUMN_TYPE.null || ((nulls[i >> 3]! >> (i & 7)) & 1) === 1) {
      return { type, flags, name, raw: null, value: { kind: 'null' } }
    }
    const start = reader.offset
    const end = valueEnd(payload, type, start, start + reader.remaining)
    const raw = reader.bytes(end - start)
    const value = decodeValue(type, (flags & UNSIGNED) !== 0, raw.subarray(valueContent(raw, type, 0)))
    return { type, flags, name, raw, value }
  })
}

/** NULL bitmap, new-parameters flag, types (with names where the message has them) and values. */
export function writeParameters(
  writer: Writer,
  parameters: readonly Parameter[],
  form: { readonly types: boolean; readonly names: boolean },
): void {
  if (parameters.length > PARAMETERS_MAX) throw broken('there are more than 65535 parameters')
  const nulls = new Uint8Array((parameters.length + 7) >> 3)
  for (const [i, { value }] of parameters.entries()) {
    if (value.kind === 'null') nulls[i >> 3]! |= 1 << (i & 7)
  }
  writer.bytes(nulls).u8(form.types ? 1 : 0)
  if (form.types) {
    for (const { type, flags, name } of parameters) {
      writer.u8(type).u8(flags)
      if (form.names) writeLenencText(writer, name)
    }
  }
  for (const { raw } of parameters) if (raw !== null) writer.bytes(raw)
}

import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { CAPABILITY, has } from './capabilities.ts'
import { type Reading, type ReadText, readText } from './character-sets.ts'
import { COMMAND } from './command-codes.ts'
import { readLenenc, writeLenenc } from './lenenc.ts'
import { PARAMETERS_MAX, type Parameter, readTypes, readValues, writeParameters } from './parameters.ts'
import { broken } from './text.ts'

const NO_LONG_DATA: ReadonlySet<number> = new Set()

/** COM_QUERY. `bytes` and `text` are the same text: `bytes` a view, `text` as `reading` says. */
export interface ComQuery extends ReadText {
  readonly kind: 'query'
  readonly bytes: Uint8Array
  readonly attributes: readonly Parameter[]
}

/** With CLIENT_QUERY_ATTRIBUTES attributes come before the text; there is always exactly one set of them. */
export function decodeComQuery(payload: Uint8Array, capabilities: number, reading: Reading): ComQuery {
  const reader = new Reader(payload, 1)
  const attributes = has(capabilities, CAPABILITY.queryAttributes) ? readQueryAttributes(payload, reader) : []
  const bytes = reader.rest()
  return { kind: 'query', bytes, ...readText(bytes, reading), attributes }
}

/** The command for the server; attributes are written only where both sides agreed on them. */
export function encodeComQuery(
  query: { readonly bytes: Uint8Array; readonly attributes: readonly Parameter[] },
  capabilities: number,
): Uint8Array {
  const writer = new Writer(query.bytes.length + 16).u8(COMMAND.query)
  if (has(capabilities, CAPABILITY.queryAttributes)) {
    writeLenenc(writer, query.attributes.length)
    writer.u8(1)
    if (query.attributes.length > 0) writeParameters(writer, query.attributes, { types: true, names: true })
  }
  return writer.bytes(query.bytes).finish()
}

function readQueryAttributes(payload: Uint8Array, reader: Reader): readonly Parameter[] {
  const count = readLenenc(reader)
  if (count > PARAMETERS_MAX) throw broken('there are more than 65535 query attributes')
  if (readLenenc(reader) !== 1) throw broken('a query has other than one set of attributes')
  if (count === 0) return []
  const nulls = reader.bytes((count + 7) >> 3)
  if (reader.u8() !== 1) throw broken('query attributes have no types')
  const types = readTypes(reader, count, true)
  return readValues(payload, reader, types, nulls, NO_LONG_DATA)
}

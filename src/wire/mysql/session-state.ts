import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { readLenencBytes, readLenencText, writeLenencBytes, writeLenencText } from './lenenc.ts'

/** Codes of "enum_session_state_type". */
const TYPE = { systemVariable: 0, schema: 1, stateChange: 2, gtids: 3, characteristics: 4, transaction: 5 } as const

/** One change of the session that an OK packet reports ("Session State Information"). */
export type SessionChange =
  /** MySQL sends one pair an entry, MariaDB may send several. */
  | { readonly kind: 'systemVariables'; readonly pairs: readonly (readonly [name: string, value: string])[] }
  | { readonly kind: 'schema'; readonly name: string }
  | { readonly kind: 'stateChange'; readonly changed: string }
  | { readonly kind: 'gtids'; readonly encoding: number; readonly gtids: string }
  /** The statements that would start such a transaction anew. */
  | { readonly kind: 'transactionCharacteristics'; readonly statements: string }
  /** Eight letters, such as `T_______` ("SESSION_TRACK_TRANSACTION_STATE"). */
  | { readonly kind: 'transactionState'; readonly state: string }
  | { readonly kind: 'unknown'; readonly type: number; readonly data: Uint8Array }

/** Reads all entries. Malformed throws `SP-PROTOCOL`. */
export function decodeSessionState(bytes: Uint8Array): readonly SessionChange[] {
  const reader = new Reader(bytes)
  const changes: SessionChange[] = []
  while (reader.remaining > 0) changes.push(decodeChange(reader.u8(), readLenencBytes(reader)))
  return changes
}

export function encodeSessionState(changes: readonly SessionChange[]): Uint8Array {
  const writer = new Writer()
  for (const change of changes) {
    const data = new Writer()
    writer.u8(writeChange(data, change))
    writeLenencBytes(writer, data.finish())
  }
  return writer.finish()
}

function decodeChange(type: number, data: Uint8Array): SessionChange {
  const reader = new Reader(data)
  const change = readChange(reader, type, data)
  reader.expectEnd()
  return change
}

function readChange(reader: Reader, type: number, data: Uint8Array): SessionChange {
  switch (type) {
    case TYPE.systemVariable:
      return { kind: 'systemVariables', pairs: readPairs(reader) }
    case TYPE.schema:
      return { kind: 'schema', name: readLenencText(reader) }
    case TYPE.stateChange:
      return { kind: 'stateChange', changed: readLenencText(reader) }
    case TYPE.gtids:
      return { kind: 'gtids', encoding: reader.u8(), gtids: readLenencText(reader) }
    case TYPE.characteristics:
      return { kind: 'transactionCharacteristics', statements: readLenencText(reader) }
    case TYPE.transaction:
      return { kind: 'transactionState', state: readLenencText(reader) }
    default:
      reader.rest()
      return { kind: 'unknown', type, data }
  }
}

function readPairs(reader: Reader): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = []
  do {
    const name = readLenencText(reader)
    pairs.push([name, readLenencText(reader)])
  } while (reader.remaining > 0)
  return pairs
}

/** Writes the data of an entry; answers its type. */
function writeChange(writer: Writer, change: SessionChange): number {
  switch (change.kind) {
    case 'systemVariables':
      for (const text of change.pairs.flat()) writeLenencText(writer, text)
      return TYPE.systemVariable
    case 'schema':
      writeLenencText(writer, change.name)
      return TYPE.schema
    case 'stateChange':
      writeLenencText(writer, change.changed)
      return TYPE.stateChange
    case 'gtids':
      writeLenencText(writer.u8(change.encoding), change.gtids)
      return TYPE.gtids
    case 'transactionCharacteristics':
      writeLenencText(writer, change.statements)
      return TYPE.characteristics
    case 'transactionState':
      writeLenencText(writer, change.state)
      return TYPE.transaction
    case 'unknown':
      writer.bytes(change.data)
      return change.type
  }
}

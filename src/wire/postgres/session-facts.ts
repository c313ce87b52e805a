import { Reader } from '../../bytes/reader.ts'
import { readKey, writeKey } from './cancel-key.ts'
import { broken, message, readString, writeString } from './message.ts'
import { SERVER } from './type-bytes.ts'

/** `key` has 4 bytes in protocol 3.0 and 4 to 256 in 3.2; which one was agreed is not known here. */
export interface BackendKeyData {
  readonly kind: 'backendKeyData'
  readonly pid: number
  readonly key: Uint8Array
}

export interface ParameterStatus {
  readonly kind: 'parameterStatus'
  readonly name: string
  readonly value: string
}

/** I: idle, T: in a transaction, E: in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E'

export interface ReadyForQuery {
  readonly kind: 'readyForQuery'
  readonly status: TransactionStatus
}

/** The newest minor version of protocol 3 that the server speaks, and the `_pq_.` options that it doesn't know. */
export interface NegotiateProtocolVersion {
  readonly kind: 'negotiateProtocolVersion'
  readonly newestMinor: number
  readonly unrecognised: readonly string[]
}

const PROTOCOL_MAJOR = 3
const MAX_MINOR = 0xffff
const STATUSES: readonly TransactionStatus[] = ['I', 'T', 'E']

export function decodeBackendKeyData(body: Uint8Array): BackendKeyData {
  const reader = new Reader(body)
  return { kind: 'backendKeyData', pid: reader.i32be(), key: readKey(reader) }
}

export function encodeBackendKeyData({ pid, key }: BackendKeyData): Uint8Array {
  return message(SERVER.backendKeyData, (writer) => writeKey(writer.i32be(pid), key))
}

export function decodeParameterStatus(body: Uint8Array): ParameterStatus {
  const reader = new Reader(body)
  const name = readString(reader)
  const value = readString(reader)
  reader.expectEnd()
  return { kind: 'parameterStatus', name, value }
}

export function encodeParameterStatus({ name, value }: ParameterStatus): Uint8Array {
  return message(SERVER.parameterStatus, (writer) => {
    writeString(writer, name)
    writeString(writer, value)
  })
}

export function decodeReadyForQuery(body: Uint8Array): ReadyForQuery {
  const status = STATUSES.find((candidate) => candidate.charCodeAt(0) === body[0])
  if (status === undefined || body.length !== 1) throw broken('unknown transaction status')
  return { kind: 'readyForQuery', status }
}

export function encodeReadyForQuery({ status }: ReadyForQuery): Uint8Array {
  return message(SERVER.readyForQuery, (writer) => writer.u8(status.charCodeAt(0)))
}

/** The documentation speaks of a minor version; on the wire servers and libpq use the whole one (major above 16 bits). */
export function decodeNegotiateProtocolVersion(body: Uint8Array): NegotiateProtocolVersion {
  const reader = new Reader(body)
  const version = reader.u32be()
  if (version >>> 16 !== PROTOCOL_MAJOR) throw broken('the server negotiates a protocol that is not 3')
  const count = reader.u32be()
  // Each option takes at least its NUL: a count that lies ends here and not in a long loop.
  if (count > reader.remaining) throw broken('message ends early')
  const unrecognised: string[] = []
  for (let i = 0; i < count; i++) unrecognised.push(readString(reader))
  reader.expectEnd()
  return { kind: 'negotiateProtocolVersion', newestMinor: version & MAX_MINOR, unrecognised }
}

export function encodeNegotiateProtocolVersion(value: NegotiateProtocolVersion): Uint8Array {
  if (value.newestMinor < 0 || value.newestMinor > MAX_MINOR) throw broken('a minor version has 16 bits')
  return message(SERVER.negotiateProtocolVersion, (writer) => {
    writer.i32be((PROTOCOL_MAJOR << 16) | value.newestMinor).i32be(value.unrecognised.length)
    for (const option of value.unrecognised) writeString(writer, option)
  })
}

import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { CAPABILITY, has } from './capabilities.ts'
import { readLenenc, readLenencBytes, writeLenenc, writeLenencBytes, writeLenencText } from './lenenc.ts'
import { broken, decodeLossy, readNulText, unsupported, writeNulText } from './text.ts'

const FIXED_BYTES = 32
const FILLER_BYTES = 19
/** The server's own bound on connection attributes. */
const ATTRIBUTES_MAX_BYTES = 65_535
const SHORT_MAX_BYTES = 255

/** Names and values, in order. They describe the client to people; bytes that are no UTF-8 become U+FFFD. */
export type ConnectionAttributes = readonly (readonly [name: string, value: string])[]

/** Protocol::SSLRequest: the head of a login; the whole login follows inside TLS. */
export interface SslRequest {
  readonly kind: 'sslRequest'
  readonly capabilities: number
  readonly maxPacketBytes: number
  readonly collation: number
  /** MariaDB's flags above 32 bits: only a client without the first capability bit has them. */
  readonly extended: number
}

/** Protocol::HandshakeResponse41. A part whose flag the client did not set is null, or has no attributes. */
export interface HandshakeResponse {
  readonly kind: 'handshakeResponse'
  readonly capabilities: number
  readonly maxPacketBytes: number
  readonly collation: number
  readonly extended: number
  readonly user: string
  /** What the plugin answers to the scramble: a secret or made of one. */
  readonly authResponse: Uint8Array
  readonly database: string | null
  readonly plugin: string | null
  readonly attributes: ConnectionAttributes
  readonly zstdLevel: number | null
}

/**
 * The client's first packet: an SSLRequest, which is 32 bytes with the TLS flag, or the login. The flags that decide
 * about the fields are the client's own. A login older than 4.1 throws `SP-UNSUPPORTED`.
 */
export function decodeLogin(payload: Uint8Array): SslRequest | HandshakeResponse {
  const reader = new Reader(payload)
  const low = reader.u16le()
  if (!has(low, CAPABILITY.protocol41)) throw unsupported('the client does not speak protocol 4.1')
  const capabilities = (low | (reader.u16le() << 16)) >>> 0
  if (!has(capabilities, CAPABILITY.secureConnection)) throw unsupported('the client does not speak protocol 4.1')
  const maxPacketBytes = reader.u32le()
  const collation = reader.u8()
  reader.skip(FILLER_BYTES)
  const mariadb = reader.u32le()
  const extended = has(capabilities, CAPABILITY.longPassword) ? 0 : mariadb
  const head = { capabilities, maxPacketBytes, collation, extended }
  if (payload.length === FIXED_BYTES && has(capabilities, CAPABILITY.ssl)) return { kind: 'sslRequest', ...head }
  const login = { kind: 'handshakeResponse' as const, ...head, ...readBody(reader, capabilities) }
  reader.expectEnd()
  return login
}

export function encodeSslRequest(request: Omit<SslRequest, 'kind'>): Uint8Array {
  return headOf(request).finish()
}

/** The flags say which fields are written; one that is missing though its flag is set is written empty. */
export function encodeHandshakeResponse(login: Omit<HandshakeResponse, 'kind'>): Uint8Array {
  const { capabilities, authResponse } = login
  const writer = headOf(login)
  writeNulText(writer, login.user)
  if (has(capabilities, CAPABILITY.pluginAuthLenencData)) writeLenencBytes(writer, authResponse)
  else if (authResponse.length > SHORT_MAX_BYTES) throw broken('an authentication answer is longer than 255 bytes')
  else writer.u8(authResponse.length).bytes(authResponse)
  if (has(capabilities, CAPABILITY.connectWithDb)) writeNulText(writer, login.database ?? '')
  if (has(capabilities, CAPABILITY.pluginAuth)) writeNulText(writer, login.plugin ?? '')
  if (has(capabilities, CAPABILITY.connectAttrs)) writeAttributes(writer, login.attributes)
  if (has(capabilities, CAPABILITY.zstd)) writer.u8(login.zstdLevel ?? 0)
  return writer.finish()
}

/** Pairs of length-encoded strings after the length of them all. */
export function readAttributes(reader: Reader): ConnectionAttributes {
  const bytes = readLenenc(reader)
  if (bytes > ATTRIBUTES_MAX_BYTES) throw broken('connection attributes are larger than 65535 bytes')
  const pairs = new Reader(reader.bytes(bytes))
  const attributes: (readonly [string, string])[] = []
  while (pairs.remaining > 0) {
    const name = decodeLossy(readLenencBytes(pairs))
    attributes.push([name, decodeLossy(readLenencBytes(pairs))])
  }
  return attributes
}

export function writeAttributes(writer: Writer, attributes: ConnectionAttributes): void {
  const pairs = new Writer()
  for (const [name, value] of attributes) {
    writeLenencText(pairs, name)
    writeLenencText(pairs, value)
  }
  if (pairs.length > ATTRIBUTES_MAX_BYTES) throw broken('connection attributes are larger than 65535 bytes')
  writeLenenc(writer, pairs.length)
  writer.bytes(pairs.finish())
}

/** Clients leave out the fields at the end though their flags are set; a field that has begun must be whole. */
function readBody(reader: Reader, capabilities: number) {
  const user = readNulText(reader)
  const lenenc = has(capabilities, CAPABILITY.pluginAuthLenencData)
  const authResponse = lenenc ? readLenencBytes(reader) : reader.bytes(reader.u8())
  const comes = (flag: number) => has(capabilities, flag) && reader.remaining > 0
  const database = comes(CAPABILITY.connectWithDb) ? readNulText(reader) : null
  const plugin = comes(CAPABILITY.pluginAuth) ? readNulText(reader) : null
  const attributes = comes(CAPABILITY.connectAttrs) ? readAttributes(reader) : []
  const zstdLevel = comes(CAPABILITY.zstd) ? reader.u8() : null
  return { user, authResponse, database, plugin, attributes, zstdLevel }
}

function headOf(head: Omit<SslRequest, 'kind'>): Writer {
  const writer = new Writer().u32le(head.capabilities).u32le(head.maxPacketBytes).u8(head.collation)
  return writer.zeros(FILLER_BYTES).u32le(head.extended)
}

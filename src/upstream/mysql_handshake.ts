import { decodeUtf8, Reader } from '../bytes/reader.ts'
import { encodeUtf8, Writer } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import { CAPABILITY, REQUIRED } from './mysql_capabilities.ts'

const PROTOCOL_VERSION = 10
const OK_HEADER = 0x00
const ERR_HEADER = 0xff
const NONCE_FIRST_BYTES = 8
/** The nonce has 20 bytes and a NUL after it. */
const NONCE_REST_BYTES = 13
const NONCE_BYTES = 20
const RESERVED_BYTES = 10
const FILLER_BYTES = 23
const ONE_BYTE = 0xff
/** Larger packets than this are not taken by the server without a setting of its own. */
const PACKET_MAX_BYTES = 0xffffff
const LENENC_U16 = 0xfc
const LENENC_U24 = 0xfd
const LENENC_U64 = 0xfe
const LENENC_ONE_BYTE_MAX = 250
const ATTRIBUTES_BYTES_MAX = 65_535

export interface Handshake {
  readonly version: string
  readonly connectionId: number
  readonly nonce: Uint8Array
  readonly capabilities: number
  readonly plugin: string
}

export interface HandshakeResponse {
  readonly capabilities: number
  readonly collation: number
  readonly user: string
  readonly answer: Uint8Array
  readonly database: string | null
  readonly plugin: string
  readonly attributes: readonly (readonly [name: string, value: string])[]
}

/** Protocol::HandshakeV10. A server that has no place for us sends an error in its stead: `SP-UPSTREAM`. */
export function decodeHandshake(payload: Uint8Array): Handshake {
  if (payload[0] === ERR_HEADER) throw refused(payload)
  const reader = new Reader(payload)
  if (reader.u8() !== PROTOCOL_VERSION) throw new SallyportError('SP-UNSUPPORTED', 'the server speaks no protocol 10')
  const version = reader.cstring()
  const connectionId = reader.u32le()
  const first = reader.bytes(NONCE_FIRST_BYTES)
  reader.skip(1)
  const low = reader.u16le()
  // The default collation and the status: neither says anything about this session yet.
  reader.skip(3)
  const capabilities = (low | (reader.u16le() << 16)) >>> 0
  if ((capabilities & REQUIRED) !== REQUIRED) {
    throw new SallyportError('SP-UNSUPPORTED', 'the server knows no authentication plugins')
  }
  const nonceBytes = reader.u8()
  reader.skip(RESERVED_BYTES)
  const rest = reader.bytes(Math.max(NONCE_REST_BYTES, nonceBytes - NONCE_FIRST_BYTES))
  const nonce = nonceOf(new Uint8Array([...first, ...rest]))
  return { version, connectionId, nonce, capabilities, plugin: reader.cstring() }
}

/** The nonce of a handshake or an AuthSwitchRequest: 20 bytes, a NUL after them or not. */
export function nonceOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < NONCE_BYTES) throw new SallyportError('SP-PROTOCOL', 'the server’s nonce is too short')
  return bytes.slice(0, NONCE_BYTES)
}

/** Protocol::SSLRequest: the head of the response alone. */
export function encodeSslRequest(response: HandshakeResponse): Uint8Array {
  return head(response).finish()
}

/** Protocol::HandshakeResponse41. */
export function encodeHandshakeResponse(response: HandshakeResponse): Uint8Array {
  const { capabilities, answer } = response
  const writer = head(response)
  writeName(writer, response.user)
  if ((capabilities & CAPABILITY.pluginAuthLenencData) !== 0) writeBlob(writer, answer)
  else writer.u8(answer.length).bytes(answer)
  if (response.database !== null) writeName(writer, response.database)
  writeName(writer, response.plugin)
  if ((capabilities & CAPABILITY.connectAttrs) !== 0) writeBlob(writer, encodeAttributes(response.attributes))
  return writer.finish()
}

/** The session's status flags, from an OK packet. */
export function decodeOkStatus(payload: Uint8Array): number {
  const reader = new Reader(payload)
  if (reader.u8() !== OK_HEADER) throw new SallyportError('SP-PROTOCOL', 'the server sent no OK packet')
  skipLenenc(reader)
  skipLenenc(reader)
  return reader.u16le()
}

/** An ERR packet as the error of a login: its number and SQLSTATE, never its text. */
export function refused(payload: Uint8Array): SallyportError {
  return new SallyportError('SP-UPSTREAM', `the database refused the login (${errnoOf(payload)})`)
}

/** The error number of an ERR packet; 0 where the packet ends before it. */
export function errnoOf(payload: Uint8Array): number {
  return payload.length < 3 ? 0 : payload[1]! | (payload[2]! << 8)
}

function head({ capabilities, collation }: HandshakeResponse): Writer {
  if (!Number.isInteger(collation) || collation < 1 || collation > ONE_BYTE) {
    throw new SallyportError('SP-UNSUPPORTED', 'a login takes a collation from 1 to 255')
  }
  return new Writer().u32le(capabilities).u32le(PACKET_MAX_BYTES).u8(collation).zeros(FILLER_BYTES)
}

function writeName(writer: Writer, name: string): void {
  if (name.includes('\0')) throw new SallyportError('SP-PROTOCOL', 'a name holds a NUL')
  writer.cstring(name)
}

function encodeAttributes(attributes: HandshakeResponse['attributes']): Uint8Array {
  const writer = new Writer()
  for (const [name, value] of attributes) {
    writeBlob(writer, encodeUtf8(name))
    writeBlob(writer, encodeUtf8(value))
  }
  return writer.finish()
}

function writeBlob(writer: Writer, bytes: Uint8Array): void {
  if (bytes.length > ATTRIBUTES_BYTES_MAX) throw new SallyportError('SP-PROTOCOL', 'a login value is too large')
  if (bytes.length <= LENENC_ONE_BYTE_MAX) writer.u8(bytes.length)
  else writer.u8(LENENC_U16).u16le(bytes.length)
  writer.bytes(bytes)
}

function skipLenenc(reader: Reader): void {
  const first = reader.u8()
  if (first === LENENC_U16) reader.skip(2)
  else if (first === LENENC_U24) reader.skip(3)
  else if (first === LENENC_U64) reader.skip(8)
  else if (first > LENENC_ONE_BYTE_MAX) throw new SallyportError('SP-PROTOCOL', 'a number is malformed')
}

/** The name of the plugin and its data, from an AuthSwitchRequest without its header. */
export function decodeAuthSwitch(payload: Uint8Array): { readonly plugin: string; readonly data: Uint8Array } {
  const reader = new Reader(payload, 1)
  // A bare header asks for the scramble of servers before 4.1.
  if (reader.remaining === 0) throw new SallyportError('SP-UNSUPPORTED', 'the server asks for an old password')
  return { plugin: decodeUtf8(reader.untilNul()), data: reader.rest() }
}

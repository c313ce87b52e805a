import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { PLUGIN } from './auth/plugin.ts'
import { CAPABILITY, has } from './capabilities.ts'
import { broken, readNulText, unsupported, writeNulText } from './text.ts'

const PROTOCOL_VERSION = 10
export const SCRAMBLE_BYTES = 20
const FIRST_PART_BYTES = 8
/** The second part has 12 bytes and a NUL that the length counts. */
const SECOND_PART_BYTES = 13
const RESERVED_BYTES = 6
/** MariaDB puts this before its version, for replication that expects one digit. */
export const MARIADB_PREFIX = '5.5.5-'

/**
 * Protocol::HandshakeV10. `extended` are MariaDB's flags above 32 bits, which stand in the last reserved bytes when
 * the first capability bit is not set; a proxy that offers it has none. `version` is as sent.
 */
export interface HandshakeV10 {
  readonly kind: 'handshakeV10'
  readonly version: string
  readonly connectionId: number
  /** 20 bytes; a server keeps them within 0x21 to 0x7e, since clients handle some of the others wrongly. */
  readonly scramble: Uint8Array
  readonly capabilities: number
  readonly extended: number
  /** The low byte of a collation id. */
  readonly collation: number
  readonly status: number
  readonly plugin: string
}

/** What to write. To offer extended capabilities is to speak as MariaDB, which the first flag then says. */
export type HandshakeV10Input = Omit<HandshakeV10, 'extended'> & { readonly extended?: number }

/** A scramble of other than 20 bytes, or with a byte that a real server would not send, throws `SP-PROTOCOL`. */
export function encodeHandshakeV10(handshake: HandshakeV10Input): Uint8Array {
  const { scramble, extended = 0 } = handshake
  const capabilities = extended === 0 ? handshake.capabilities : handshake.capabilities & ~CAPABILITY.longPassword
  if (scramble.length !== SCRAMBLE_BYTES || scramble.some((byte) => byte < 0x21 || byte > 0x7e)) {
    throw broken('a scramble has 20 printable bytes')
  }
  const writer = new Writer().u8(PROTOCOL_VERSION)
  writeNulText(writer, handshake.version)
  writer.u32le(handshake.connectionId).bytes(scramble.subarray(0, FIRST_PART_BYTES)).u8(0)
  writer.u16le(capabilities & 0xffff).u8(handshake.collation & 0xff)
  writer.u16le(handshake.status).u16le(capabilities >>> 16)
  writer.u8(has(capabilities, CAPABILITY.pluginAuth) ? SCRAMBLE_BYTES + 1 : 0).zeros(RESERVED_BYTES)
  writer.u32le(extended).bytes(scramble.subarray(FIRST_PART_BYTES)).u8(0)
  if (has(capabilities, CAPABILITY.pluginAuth)) writeNulText(writer, handshake.plugin)
  return writer.finish()
}

/** Throws `SP-UNSUPPORTED` for another protocol version or a server without 4.1 logins, else `SP-PROTOCOL`. */
export function decodeHandshakeV10(payload: Uint8Array): HandshakeV10 {
  const reader = new Reader(payload)
  if (reader.u8() !== PROTOCOL_VERSION) throw unsupported('the server does not speak protocol 10')
  const version = readNulText(reader)
  const connectionId = reader.u32le()
  const first = reader.bytes(FIRST_PART_BYTES)
  reader.skip(1)
  const low = reader.u16le()
  const collation = reader.u8()
  const status = reader.u16le()
  const capabilities = (low | (reader.u16le() << 16)) >>> 0
  if (!has(capabilities, CAPABILITY.protocol41) || !has(capabilities, CAPABILITY.secureConnection)) {
    throw unsupported('the server does not speak protocol 4.1')
  }
  const scrambleBytes = reader.u8()
  reader.skip(RESERVED_BYTES)
  const mariadb = reader.u32le()
  const extended = has(capabilities, CAPABILITY.longPassword) ? 0 : mariadb
  const scramble = readScramble(reader, first, scrambleBytes)
  const plugin = has(capabilities, CAPABILITY.pluginAuth) ? readNulText(reader) : PLUGIN.native
  reader.expectEnd()
  return {
    kind: 'handshakeV10',
    version,
    connectionId,
    scramble,
    capabilities,
    extended,
    collation,
    status,
    plugin,
  }
}

/** What a server's version text says of it: MariaDB's own prefix is not part of the version. */
export function serverVersion(text: string): { readonly mariadb: boolean; readonly version: string } {
  const mariadb = /mariadb/i.test(text)
  return { mariadb, version: mariadb && text.startsWith(MARIADB_PREFIX) ? text.slice(MARIADB_PREFIX.length) : text }
}

function readScramble(reader: Reader, first: Uint8Array, bytes: number): Uint8Array {
  const second = reader.bytes(Math.max(SECOND_PART_BYTES, bytes - FIRST_PART_BYTES))
  if (second.length !== SECOND_PART_BYTES || second[SECOND_PART_BYTES - 1] !== 0) {
    throw unsupported('the server sends a scramble of other than 20 bytes')
  }
  const scramble = new Uint8Array(SCRAMBLE_BYTES)
  scramble.set(first)
  scramble.set(second.subarray(0, SECOND_PART_BYTES - 1), FIRST_PART_BYTES)
  return scramble
}

import { constants, createHash, publicEncrypt } from 'node:crypto'
import { decodeUtf8 } from '../bytes/reader.ts'
import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'
import { decodeAuthSwitch, decodeOkStatus, nonceOf, refused } from './mysql_handshake.ts'
import type { PacketStream } from './mysql_packets.ts'

const OK_HEADER = 0x00
const MORE_DATA_HEADER = 0x01
const SWITCH_HEADER = 0xfe
const ERR_HEADER = 0xff
/** What caching_sha2_password says in AuthMoreData, and asks in a packet of one byte. */
const FAST_OK = 3
const FULL_WANTED = 4
const PUBLIC_KEY_REQUEST = 2
/** Packets of one authentication: a switch, a full round and a key make six. */
const PACKETS_MAX = 16

const SHA2 = 'caching_sha2_password'
const NATIVE = 'mysql_native_password'
const CLEAR = 'mysql_clear_password'

export interface Secret {
  readonly password: string
  readonly tls: boolean
}

/** The first answer, for the plugin that the server names; for one that is unknown here the server then switches. */
export function firstAnswer(
  plugin: string,
  nonce: Uint8Array,
  secret: Secret,
): { readonly plugin: string; readonly answer: Uint8Array } {
  // The password in clear waits until the server asks for it.
  const known = plugin === NATIVE ? NATIVE : SHA2
  return { plugin: known, answer: answerOf(known, nonce, secret) }
}

/** Answers the server until its OK, and gives the session's status flags. `first` is what was sent already. */
export async function authenticate(
  packets: PacketStream,
  first: { readonly plugin: string; readonly nonce: Uint8Array },
  secret: Secret,
): Promise<number> {
  let { plugin, nonce } = first
  let switched = false
  for (let count = 0; count < PACKETS_MAX; count++) {
    const payload = await packets.read()
    switch (payload[0]) {
      case OK_HEADER:
        return decodeOkStatus(payload)
      case ERR_HEADER:
        throw refused(payload)
      case SWITCH_HEADER: {
        if (switched) throw new SallyportError('SP-PROTOCOL', 'the server switches the authentication twice')
        switched = true
        const request = decodeAuthSwitch(payload)
        plugin = request.plugin
        nonce = plugin === CLEAR ? nonce : nonceOf(request.data)
        packets.write(answerOf(plugin, nonce, secret))
        break
      }
      case MORE_DATA_HEADER:
        if (plugin !== SHA2) throw new SallyportError('SP-PROTOCOL', 'the server asks for more without a reason')
        await continueSha2(packets, payload, nonce, secret)
        break
      default:
        throw new SallyportError('SP-PROTOCOL', 'the server sent an unknown packet in a login')
    }
  }
  throw new SallyportError('SP-PROTOCOL', 'the server does not end the login')
}

/** A server that doesn't have the password cached asks for it whole: over TLS, or sealed with its RSA key. */
async function continueSha2(packets: PacketStream, payload: Uint8Array, nonce: Uint8Array, secret: Secret) {
  if (payload.length !== 2) throw new SallyportError('SP-PROTOCOL', 'the server’s request for more is malformed')
  if (payload[1] === FAST_OK) return
  if (payload[1] !== FULL_WANTED) throw new SallyportError('SP-PROTOCOL', 'the server’s request for more is unknown')
  if (secret.tls) return packets.write(terminated(secret.password))
  packets.write(new Uint8Array([PUBLIC_KEY_REQUEST]))
  const answer = await packets.read()
  if (answer[0] === ERR_HEADER) throw refused(answer)
  if (answer[0] !== MORE_DATA_HEADER) throw new SallyportError('SP-PROTOCOL', 'the server sent no public key')
  packets.write(sealed(decodeUtf8(answer.subarray(1)), nonce, secret.password))
}

function answerOf(plugin: string, nonce: Uint8Array, secret: Secret): Uint8Array {
  switch (plugin) {
    case SHA2:
      return secret.password === '' ? new Uint8Array(0) : sha2Scramble(nonce, secret.password)
    case NATIVE:
      return secret.password === '' ? new Uint8Array(0) : nativeScramble(nonce, secret.password)
    case CLEAR:
      if (!secret.tls)
        throw new SallyportError('SP-UPSTREAM', 'the database asks for the password in clear without TLS')
      return terminated(secret.password)
    default:
      throw new SallyportError('SP-UNSUPPORTED', 'the server asks for an authentication plugin that is not known here')
  }
}

/** SHA256(password) XOR SHA256(SHA256(SHA256(password)) nonce) ("Caching SHA-2 Pluggable Authentication"). */
function sha2Scramble(nonce: Uint8Array, password: string): Uint8Array {
  const once = hash('sha256', encodeUtf8(password))
  return xor(once, hash('sha256', hash('sha256', once), nonce))
}

/** SHA1(password) XOR SHA1(nonce SHA1(SHA1(password))) ("Native Pluggable Authentication"). */
function nativeScramble(nonce: Uint8Array, password: string): Uint8Array {
  const once = hash('sha1', encodeUtf8(password))
  return xor(once, hash('sha1', nonce, hash('sha1', once)))
}

function sealed(pem: string, nonce: Uint8Array, password: string): Uint8Array {
  const clear = xor(terminated(password), nonce)
  try {
    return publicEncrypt({ key: pem, padding: constants.RSA_PKCS1_OAEP_PADDING }, clear)
  } catch (error) {
    throw new SallyportError('SP-PROTOCOL', 'the server’s public key is not usable', { cause: error })
  }
}

function terminated(password: string): Uint8Array {
  if (password.includes('\0')) throw new SallyportError('SP-PROTOCOL', 'a password holds a NUL')
  return encodeUtf8(`${password}\0`)
}

function xor(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte ^ mask[i % mask.length]!)
}

function hash(algorithm: 'sha1' | 'sha256', ...parts: readonly Uint8Array[]): Uint8Array {
  const sum = createHash(algorithm)
  for (const part of parts) sum.update(part)
  return new Uint8Array(sum.digest())
}

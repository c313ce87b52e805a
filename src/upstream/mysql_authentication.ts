import { decodeUtf8 } from '../bytes/reader.ts'
import { SallyportError } from '../errors.ts'
import { CACHING_SHA2_BYTE, cachingSha2Answer, cachingSha2Encrypted } from '../wire/mysql/auth/caching-sha2.ts'
import { clearPasswordAnswer } from '../wire/mysql/auth/clear-password.ts'
import { nativePasswordAnswer } from '../wire/mysql/auth/native-password.ts'
import { PLUGIN } from '../wire/mysql/auth/plugin.ts'
import { type AuthMoreData, decodeAuthMoreData } from '../wire/mysql/auth-switch.ts'
import { SCRAMBLE_BYTES } from '../wire/mysql/handshake-v10.ts'
import { decodeErr, ERR_HEADER } from '../wire/mysql/outcome.ts'
import { decodeServerLogin } from '../wire/mysql/server-login.ts'
import type { PacketStream } from './mysql_packets.ts'

/** Packets of one authentication: a switch, a full round and a key make six. */
const PACKETS_MAX = 16

export interface Secret {
  readonly password: string
  readonly tls: boolean
}

/** The first answer, for the plugin that the server names; for one that is unknown here the server then switches. */
export function firstAnswer(
  plugin: string,
  scramble: Uint8Array,
  secret: Secret,
): { readonly plugin: string; readonly answer: Uint8Array } {
  // The password in clear waits until the server asks for it.
  const known = plugin === PLUGIN.native ? PLUGIN.native : PLUGIN.cachingSha2
  return { plugin: known, answer: answerOf(known, scramble, secret) }
}

/** Answers the server until its OK, and gives the session's status flags. `first` is what was sent already. */
export async function authenticate(
  packets: PacketStream,
  first: { readonly plugin: string; readonly scramble: Uint8Array; readonly capabilities: number },
  secret: Secret,
): Promise<number> {
  let { plugin, scramble } = first
  let switched = false
  for (let count = 0; count < PACKETS_MAX; count++) {
    const message = decodeServerLogin(await packets.read(), first.capabilities)
    switch (message.kind) {
      case 'ok':
        return message.status
      case 'err':
        throw refused(message.errno)
      case 'authSwitchRequest':
        if (switched) throw new SallyportError('SP-PROTOCOL', 'the server switches the authentication twice')
        switched = true
        plugin = message.plugin
        scramble = plugin === PLUGIN.clear ? scramble : scrambleOf(message.data)
        packets.write(answerOf(plugin, scramble, secret))
        break
      case 'authMoreData':
        if (plugin !== PLUGIN.cachingSha2) {
          throw new SallyportError('SP-PROTOCOL', 'the server asks for more without a reason')
        }
        await continueSha2(packets, message, scramble, secret)
        break
    }
  }
  throw new SallyportError('SP-PROTOCOL', 'the server does not end the login')
}

/** An ERR packet as the error of a login: its number, never its text. */
export function refused(errno: number): SallyportError {
  return new SallyportError('SP-UPSTREAM', `the database refused the login (${errno})`)
}

/** A server that doesn't have the password cached asks for it whole: over TLS, or sealed with its RSA key. */
async function continueSha2(packets: PacketStream, { data }: AuthMoreData, scramble: Uint8Array, secret: Secret) {
  if (data.length !== 1) throw new SallyportError('SP-PROTOCOL', 'the server’s request for more is malformed')
  if (data[0] === CACHING_SHA2_BYTE.fastOk) return
  if (data[0] !== CACHING_SHA2_BYTE.fullWanted) {
    throw new SallyportError('SP-PROTOCOL', 'the server’s request for more is unknown')
  }
  if (secret.tls) return packets.write(clearPasswordAnswer(secret.password))
  packets.write(Uint8Array.of(CACHING_SHA2_BYTE.publicKeyRequest))
  const answer = await packets.read()
  if (answer[0] === ERR_HEADER) throw refused(decodeErr(answer).errno)
  const pem = decodeUtf8(decodeAuthMoreData(answer).data)
  packets.write(cachingSha2Encrypted(secret.password, scramble, pem))
}

function answerOf(plugin: string, scramble: Uint8Array, secret: Secret): Uint8Array {
  switch (plugin) {
    case PLUGIN.cachingSha2:
      return cachingSha2Answer(secret.password, scramble)
    case PLUGIN.native:
      return nativePasswordAnswer(secret.password, scramble)
    case PLUGIN.clear:
      if (!secret.tls)
        throw new SallyportError('SP-UPSTREAM', 'the database asks for the password in clear without TLS')
      return clearPasswordAnswer(secret.password)
    default:
      throw new SallyportError('SP-UNSUPPORTED', 'the server asks for an authentication plugin that is not known here')
  }
}

/** The scramble of an AuthSwitchRequest: 20 bytes, a NUL after them or not. */
function scrambleOf(data: Uint8Array): Uint8Array {
  if (data.length < SCRAMBLE_BYTES) throw new SallyportError('SP-PROTOCOL', 'the server’s scramble is too short')
  return data.slice(0, SCRAMBLE_BYTES)
}

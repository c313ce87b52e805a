import type { Socket } from 'node:net'
import { asSallyportError, SallyportError } from '../../errors.ts'
import { readPacket } from '../../proxy/mysql_token.ts'
import { errPayload } from '../../session/mysql/words.ts'
import { clearPasswordAnswer } from '../../wire/mysql/auth/clear-password.ts'
import { PLUGIN } from '../../wire/mysql/auth/plugin.ts'
import { CAPABILITY } from '../../wire/mysql/capabilities.ts'
import type { Packet } from '../../wire/mysql/framer.ts'
import {
  decodeLogin,
  encodeHandshakeResponse,
  encodeSslRequest,
  type HandshakeResponse,
} from '../../wire/mysql/handshake-response.ts'
import { decodeHandshakeV10, encodeHandshakeV10 } from '../../wire/mysql/handshake-v10.ts'
import { ERR_HEADER, OK_HEADER } from '../../wire/mysql/outcome.ts'
import { encodePackets } from '../../wire/mysql/packets.ts'
import { dialGate, secureGate } from './gate_address.ts'
import { relay } from './relay.ts'
import type { TunnelSettings } from './tunnel.ts'

/** What makes the login longer than the client's own, so that it can carry a token, a name and attributes. */
const ADDED = CAPABILITY.pluginAuth | CAPABILITY.pluginAuthLenencData | CAPABILITY.connectAttrs
const OWN_ATTRIBUTES = ['sallyport_reason', 'sallyport_ticket'] as const
/** The number of the packet that ends the client's own login: greeting 0, login 1. */
const LAST_SEQUENCE = 2

/**
 * A client on loopback, joined with the proxy. The proxy's greeting goes to the client without TLS; the client's login
 * goes to the proxy inside TLS, with the person's name and token in it.
 */
export async function joinMysql(client: Socket, settings: TunnelSettings): Promise<void> {
  let sequence = 0
  try {
    const socket = await dialGate(settings.gate)
    const greeting = decodeHandshakeV10((await readPacket(socket, 0)).payload)
    client.write(
      encodePackets(encodeHandshakeV10({ ...greeting, capabilities: greeting.capabilities & ~CAPABILITY.ssl }), 0),
    )
    const login = decodeLogin((await readPacket(client, 1)).payload)
    sequence = LAST_SEQUENCE
    if (login.kind !== 'handshakeResponse') throw new SallyportError('SP-PROTOCOL', 'TLS was not offered')
    const wanted = withPerson(login, settings, await settings.token())
    socket.write(encodePackets(encodeSslRequest(wanted), 1))
    const gate = await secureGate(socket, settings.gate, [])
    gate.write(encodePackets(encodeHandshakeResponse(wanted), 2))
    const answer = await readPacket(gate, 3)
    client.write(encodePackets(answer.payload, LAST_SEQUENCE))
    if (!isOk(answer)) throw refused(answer)
    relay(client, gate)
  } catch (error) {
    if (!client.destroyed) client.end(encodePackets(errPayload(asSallyportError(error)), sequence))
    throw error
  }
}

function withPerson(login: HandshakeResponse, settings: TunnelSettings, token: string): HandshakeResponse {
  const { user, reason, ticket } = settings
  const own = [reason, ticket].flatMap((value, index): (readonly [string, string])[] =>
    value === null ? [] : [[OWN_ATTRIBUTES[index] ?? '', value]],
  )
  const replaced = new Set(own.map(([name]) => name))
  const claims = login.attributes.filter(([name]) => !replaced.has(name))
  return {
    ...login,
    capabilities: (login.capabilities | ADDED | CAPABILITY.ssl) >>> 0,
    user,
    plugin: PLUGIN.clear,
    authResponse: clearPasswordAnswer(token),
    attributes: [...claims, ...own],
  }
}

function isOk({ payload }: Packet): boolean {
  return payload[0] === OK_HEADER
}

function refused({ payload }: Packet): SallyportError {
  return payload[0] === ERR_HEADER
    ? new SallyportError('SP-AUTH', 'the proxy refused the connection')
    : new SallyportError('SP-UNSUPPORTED', 'a tunnel needs a listener whose method is token')
}

import { randomInt } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { SallyportError } from '../errors.ts'
import { CACHING_SHA2_BYTE } from '../wire/mysql/auth/caching-sha2.ts'
import { readClearPassword } from '../wire/mysql/auth/clear-password.ts'
import { readOpenidToken } from '../wire/mysql/auth/openid-connect.ts'
import { PLUGIN } from '../wire/mysql/auth/plugin.ts'
import { encodeAuthMoreData, encodeAuthSwitchRequest } from '../wire/mysql/auth-switch.ts'
import { type Packet, PacketFramer } from '../wire/mysql/framer.ts'
import type { ConnectionAttributes } from '../wire/mysql/handshake-response.ts'
import { SCRAMBLE_BYTES } from '../wire/mysql/handshake-v10.ts'
import { encodePackets } from '../wire/mysql/packets.ts'
import { pull } from './inbox.ts'

/** Asks a `caching_sha2_password` client for its whole password, which it sends in clear inside TLS. */
const FULL_AUTHENTICATION = Uint8Array.of(CACHING_SHA2_BYTE.fullWanted)
const MAX_LOGIN_PACKET_BYTES = 256 * 1024
const SEQUENCES = 256
const NOTHING = new Uint8Array(0)
/** The first version whose client brings the OpenID Connect plugin along. */
const OPENID_CLIENT_MAJOR = 9

/** What a client sent in place of a password, and the number of its packet. */
export interface ShownToken {
  readonly token: string
  readonly sequence: number
}

/** An answer to a scramble of ours, and the number of its packet. */
export interface Answer {
  readonly answer: Uint8Array
  readonly scramble: Uint8Array
  readonly sequence: number
}

/** What of a client's login says how its token comes. */
export interface Offer {
  readonly plugin: string | null
  readonly authResponse: Uint8Array
  readonly attributes: ConnectionAttributes
}

/**
 * The token of a login inside TLS, where the greeting named caching_sha2_password: from the login itself, or asked for
 * by the plugin that the client has.
 */
export async function tokenOfLogin(
  socket: Duplex,
  offer: Offer,
  scramble: Uint8Array,
  sequence: number,
): Promise<ShownToken> {
  const { plugin, authResponse } = offer
  if (plugin === PLUGIN.clear) return { token: passwordOf(authResponse), sequence }
  if (plugin === PLUGIN.openid && authResponse.length > 0) return { token: readOpenidToken(authResponse), sequence }
  if (plugin === PLUGIN.openid || mayHoldToken(offer)) return askByOpenid(socket, sequence)
  return plugin === PLUGIN.cachingSha2 ? askWhole(socket, sequence) : askBySwitch(socket, scramble, sequence)
}

/** COM_CHANGE_USER has room for 255 bytes, so the token is always asked for, and what came with it is of no use. */
export async function tokenOfChange(socket: Duplex, plugin: string | null, sequence: number): Promise<ShownToken> {
  if (plugin === PLUGIN.openid) return askByOpenid(socket, sequence)
  if (plugin !== PLUGIN.clear) return askBySwitch(socket, newScramble(), sequence)
  const answer = await ask(socket, encodeAuthSwitchRequest(PLUGIN.clear, NOTHING), sequence)
  return { token: passwordOf(answer.payload), sequence: answer.sequence }
}

/** The answer to a new scramble under caching_sha2_password, from a client that came with another plugin or none. */
export async function answerBySwitch(socket: Duplex, sequence: number): Promise<Answer> {
  const scramble = newScramble()
  const request = encodeAuthSwitchRequest(PLUGIN.cachingSha2, Buffer.concat([scramble, Uint8Array.of(0)]))
  const { payload, sequence: last } = await ask(socket, request, sequence)
  return { answer: payload, scramble, sequence: last }
}

async function askBySwitch(socket: Duplex, scramble: Uint8Array, sequence: number): Promise<ShownToken> {
  const request = encodeAuthSwitchRequest(PLUGIN.cachingSha2, Buffer.concat([scramble, Uint8Array.of(0)]))
  return askWhole(socket, (await ask(socket, request, sequence)).sequence)
}

async function askWhole(socket: Duplex, sequence: number): Promise<ShownToken> {
  const answer = await ask(socket, encodeAuthMoreData(FULL_AUTHENTICATION), sequence)
  return { token: passwordOf(answer.payload), sequence: answer.sequence }
}

async function askByOpenid(socket: Duplex, sequence: number): Promise<ShownToken> {
  const answer = await ask(socket, encodeAuthSwitchRequest(PLUGIN.openid, NOTHING), sequence)
  return { token: readOpenidToken(answer.payload), sequence: answer.sequence }
}

/**
 * MySQL's own client does not say that it was given a file with a token; one that was given no password would be
 * refused in any case, so it is asked.
 */
function mayHoldToken({ plugin, authResponse, attributes }: Offer): boolean {
  if (plugin !== PLUGIN.cachingSha2 || authResponse.length > 1) return false
  const claims = new Map(attributes)
  const major = Number.parseInt(claims.get('_client_version') ?? '', 10)
  return claims.get('_client_name') === 'libmysql' && major >= OPENID_CLIENT_MAJOR
}

async function ask(socket: Duplex, payload: Uint8Array, sequence: number): Promise<Packet> {
  socket.write(encodePackets(payload, sequence + 1))
  return readPacket(socket, sequence + 2)
}

/** A packet numbered as one that is `due`; what came after it goes back to the socket, for whoever reads next. */
export async function readPacket(socket: Duplex, ...due: readonly number[]): Promise<Packet> {
  const framer = new PacketFramer({ maxPayloadBytes: MAX_LOGIN_PACKET_BYTES })
  for (;;) {
    const chunk = await pull(socket)
    framer.push(chunk)
    const packet = framer.next()
    if (!packet) continue
    if (!due.some((number) => number % SEQUENCES === packet.firstSequence)) {
      throw new SallyportError('SP-PROTOCOL', 'a packet of the login is out of order')
    }
    // The packet ends in this chunk, so all that is left of the bytes is left of the chunk.
    if (framer.buffered > 0) socket.unshift(chunk.subarray(chunk.length - framer.buffered))
    return packet
  }
}

/** Printable bytes: clients of several languages handle NUL and others wrongly. */
export function newScramble(): Uint8Array {
  return Uint8Array.from({ length: SCRAMBLE_BYTES }, () => randomInt(0x21, 0x7f))
}

/** A client that was given no password sends an empty packet, or a NUL alone. */
function passwordOf(payload: Uint8Array): string {
  return payload.length === 0 ? '' : readClearPassword(payload)
}

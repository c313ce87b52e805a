import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { encodeUtf8 } from '../../bytes/writer.ts'
import { asSallyportError, SallyportError } from '../../errors.ts'
import { pull } from '../../proxy/inbox.ts'
import { errorMessage } from '../../session/postgres/words.ts'
import { encodePassword } from '../../wire/postgres/auth-response.ts'
import { type Frame, Framer } from '../../wire/postgres/framer.ts'
import { decodeStartup, encodeStartup, type StartupPacket } from '../../wire/postgres/startup.ts'
import { SERVER } from '../../wire/postgres/type-bytes.ts'
import { dialGate, secureGate } from './gate_address.ts'
import { relay } from './relay.ts'
import type { TunnelSettings } from './tunnel.ts'

const MAX_LOGIN_BYTES = 128 * 1024
const DECLINE = Uint8Array.of(0x4e) // N
const ALPN = 'postgresql'
const AUTHENTICATION_CLEARTEXT = 3

type StartupMessage = Extract<StartupPacket, { kind: 'startupMessage' }>

/** A client on loopback, joined with the proxy: the user name is ours, the proxy's question for a token is answered here. */
export async function joinPostgres(client: Socket, settings: TunnelSettings): Promise<void> {
  const framer = new Framer({ maxBytes: MAX_LOGIN_BYTES })
  const packet = await startupOf(client, framer)
  if (framer.buffered > 0) throw new SallyportError('SP-PROTOCOL', 'bytes were sent ahead of the answer')
  if (packet.kind === 'cancelRequest') return cancel(client, packet, settings)
  try {
    const gate = await secure(settings)
    gate.write(encodeStartup(withPerson(packet, settings)))
    await answerForToken(gate, client, await settings.token())
    relay(client, gate)
  } catch (error) {
    if (!client.destroyed) client.end(errorMessage(asSallyportError(error), 'FATAL'))
    throw error
  }
}

/** TLS and GSS are declined: the client is on the same machine. */
async function startupOf(
  client: Socket,
  framer: Framer,
): Promise<Exclude<StartupPacket, { kind: 'sslRequest' | 'gssencRequest' }>> {
  for (;;) {
    const packet = decodeStartup(await nextFrame(client, framer, () => framer.nextStartup()))
    if (packet.kind === 'startupMessage' || packet.kind === 'cancelRequest') return packet
    client.write(DECLINE)
  }
}

async function secure(settings: TunnelSettings) {
  const socket = await dialGate(settings.gate)
  socket.write(encodeStartup({ kind: 'sslRequest' }))
  const answer = await pull(socket)
  if (answer.length !== 1 || answer[0] !== 0x53) throw new SallyportError('SP-PROTOCOL', 'the proxy declined TLS')
  return secureGate(socket, settings.gate, [ALPN])
}

function withPerson(packet: StartupMessage, settings: TunnelSettings): StartupMessage {
  const { user, reason, ticket } = settings
  const kept = packet.parameters.filter(([name]) => name !== 'user')
  const named: [string, string][] = [['user', user], ...kept.map(([name, value]): [string, string] => [name, value])]
  if (!named.some(([name]) => name === 'database')) {
    // A client that names no database means one of its user's name, which is a person here.
    const local = packet.parameters.find(([name]) => name === 'user')?.[1]
    if (local !== undefined) named.push(['database', local])
  }
  return { ...packet, parameters: withSetting(withSetting(named, 'reason', reason), 'ticket', ticket) }
}

/** As libpq's `options` has it: a space and a backslash within a value are escaped by a backslash. */
function withSetting(parameters: [string, string][], name: string, value: string | null): [string, string][] {
  if (value === null) return parameters
  const setting = `-c sallyport.${name}=${value.replace(/[\\\s]/g, '\\$&')}`
  const options = parameters.find(([key]) => key === 'options')?.[1]
  const others = parameters.filter(([key]) => key !== 'options')
  return [...others, ['options', options === undefined ? setting : `${options} ${setting}`]]
}

/** What comes before the question for a password goes on to the client; so does an error in its place. */
async function answerForToken(gate: Duplex, client: Socket, token: string): Promise<void> {
  const framer = new Framer({ maxBytes: MAX_LOGIN_BYTES })
  for (;;) {
    const frame = await nextFrame(gate, framer, () => framer.next())
    if (frame.type === SERVER.authentication && methodOf(frame) === AUTHENTICATION_CLEARTEXT) {
      gate.write(encodePassword({ kind: 'passwordMessage', password: encodeUtf8(token) }))
      return
    }
    client.write(frame.bytes)
    if (frame.type === SERVER.errorResponse) throw new SallyportError('SP-AUTH', 'the proxy refused the connection')
    if (frame.type === SERVER.authentication) {
      throw new SallyportError('SP-UNSUPPORTED', 'a tunnel needs a listener whose method is token')
    }
  }
}

function methodOf({ body }: Frame): number {
  return new DataView(body.buffer, body.byteOffset, body.byteLength).getInt32(0)
}

async function cancel(
  client: Socket,
  packet: Extract<StartupPacket, { kind: 'cancelRequest' }>,
  settings: TunnelSettings,
): Promise<void> {
  const gate = await secure(settings)
  gate.end(encodeStartup(packet))
  gate.resume()
  gate.once('close', () => client.end())
}

async function nextFrame(socket: Duplex, framer: Framer, next: () => Frame | null): Promise<Frame> {
  for (;;) {
    const frame = next()
    if (frame) return frame
    framer.push(await pull(socket))
  }
}

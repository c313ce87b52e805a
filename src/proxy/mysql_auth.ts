import type { Duplex } from 'node:stream'
import { passwordForm } from '../session/connection_password.ts'
import { CACHING_SHA2_BYTE, cachingSha2Fits } from '../wire/mysql/auth/caching-sha2.ts'
import { PLUGIN } from '../wire/mysql/auth/plugin.ts'
import { encodeAuthMoreData } from '../wire/mysql/auth-switch.ts'
import { encodePackets } from '../wire/mysql/packets.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { candidates, type Proof } from './login_auth.ts'
import { type Answer, answerBySwitch, type Offer, tokenOfChange, tokenOfLogin } from './mysql_token.ts'
import type { Secured } from './tls.ts'
import { routeFor, wayIn } from './way_in.ts'

/** `caching_sha2_password`: the scramble's answer was right, and the whole password is not needed. */
const FAST_OK = Uint8Array.of(CACHING_SHA2_BYTE.fastOk)

/** A proof, and the number of the last packet of the exchange. */
export interface ShownProof {
  readonly proof: Proof
  readonly sequence: number
}

interface Asked {
  /** Inside TLS; inside compression too, where a login goes on in it. */
  readonly socket: Duplex
  readonly tls: Secured
  readonly user: string
  readonly sequence: number
}

/** Asks the client for its proof in the way of the listener or TLS name. */
export async function proveMysql(
  context: ProxyContext,
  arrival: Arrival,
  asked: Asked,
  offer: Offer,
  scramble: Uint8Array,
): Promise<ShownProof> {
  const { tls, socket, sequence } = asked
  switch (wayIn(arrival.listener, tls.serverName).auth) {
    case 'cert':
      return { proof: { kind: 'certificate', certificate: tls.clientCertificate }, sequence }
    case 'password':
    case 'scram': {
      if (offer.plugin === PLUGIN.clear) return wholePassword(await tokenOfLogin(socket, offer, scramble, sequence))
      const answered = offer.plugin === PLUGIN.cachingSha2 && offer.authResponse.length > 0
      const answer = answered
        ? { answer: offer.authResponse, scramble, sequence }
        : await answerBySwitch(socket, sequence)
      return proveByAnswer(context, arrival, asked, answer)
    }
    case 'token':
    case 'oauth':
      return asToken(await tokenOfLogin(socket, offer, scramble, sequence))
  }
}

/** COM_CHANGE_USER: what came with the command answers the scramble of the greeting, so a new one is asked. */
export async function proveMysqlAgain(
  context: ProxyContext,
  arrival: Arrival,
  asked: Asked,
  plugin: string | null,
): Promise<ShownProof> {
  const { tls, socket, sequence } = asked
  switch (wayIn(arrival.listener, tls.serverName).auth) {
    case 'cert':
      return { proof: { kind: 'certificate', certificate: tls.clientCertificate }, sequence }
    case 'password':
    case 'scram':
      if (plugin === PLUGIN.clear) return wholePassword(await tokenOfChange(socket, plugin, sequence))
      return proveByAnswer(context, arrival, asked, await answerBySwitch(socket, sequence))
    case 'token':
    case 'oauth':
      return asToken(await tokenOfChange(socket, plugin, sequence))
  }
}

function proveByAnswer(context: ProxyContext, arrival: Arrival, asked: Asked, given: Answer): ShownProof {
  const { tls, user, socket } = asked
  const { answer, scramble, sequence } = given
  const meant = candidates(context, routeFor(arrival.listener, tls.serverName, user))
  const fitting = meant.filter(({ sha2 }) => cachingSha2Fits(answer, scramble, Buffer.from(sha2, 'hex')))
  const [password] = fitting
  if (!password) return { proof: { kind: 'none', why: 'no connection password fits the answer' }, sequence }
  socket.write(encodePackets(encodeAuthMoreData(FAST_OK), sequence + 1))
  return { proof: { kind: 'password', password }, sequence: sequence + 1 }
}

/** A client that can't do the exchange shows the password whole; a token is not what this way in is for. */
function wholePassword({ token, sequence }: { readonly token: string; readonly sequence: number }): ShownProof {
  if (passwordForm(token) === 'other') return { proof: { kind: 'none', why: 'no connection password' }, sequence }
  return { proof: { kind: 'token', token }, sequence }
}

function asToken({ token, sequence }: { readonly token: string; readonly sequence: number }): ShownProof {
  return { proof: { kind: 'token', token }, sequence }
}

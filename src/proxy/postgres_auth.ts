import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { SallyportError } from '../errors.ts'
import { type VerifiedBy, verifiersOf } from '../session/meant_passwords.ts'
import { endPointOf } from '../upstream/tls_end_point.ts'
import { expectOauthEnd, OAUTHBEARER, oauthChallenge, readOauthInitial } from '../wire/postgres/auth/oauth_bearer.ts'
import { challengeScram, greetScram, judgeScram, scramMechanisms } from '../wire/postgres/auth/scram_server.ts'
import { mockVerifier, type ScramVerifier } from '../wire/postgres/auth/scram_verifier.ts'
import { type AuthPhase, decodeAuthResponse } from '../wire/postgres/auth-response.ts'
import { type Authentication, encodeAuthentication } from '../wire/postgres/authentication.ts'
import type { Frame, Framer } from '../wire/postgres/framer.ts'
import { CLIENT } from '../wire/postgres/type-bytes.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { pull } from './inbox.ts'
import { candidates, type Proof } from './login_auth.ts'
import type { Secured } from './tls.ts'
import { routeFor, wayIn } from './way_in.ts'

/** As many as PostgreSQL's (SCRAM_RAW_NONCE_LEN). */
const NONCE_BYTES = 18

interface Nobodys extends ScramVerifier {
  readonly password: null
}

interface Asked {
  readonly tls: Secured
  readonly user: string
  readonly framer: Framer
}

/** Asks the client for its proof in the way of the listener or TLS name. Null: it asked where to get a token. */
export async function provePostgres(context: ProxyContext, arrival: Arrival, asked: Asked): Promise<Proof | null> {
  switch (wayIn(arrival.listener, asked.tls.serverName).auth) {
    case 'scram':
    case 'password':
      return proveByScram(context, arrival, asked)
    case 'oauth':
      return proveByOauth(context, asked)
    case 'cert':
      return { kind: 'certificate', certificate: asked.tls.clientCertificate }
    case 'token':
      say(asked, { kind: 'authenticationCleartextPassword' })
      return { kind: 'token', token: new TextDecoder().decode((await hear(asked, 'password')).password) }
  }
}

async function proveByScram(context: ProxyContext, arrival: Arrival, asked: Asked): Promise<Proof> {
  const { tls, user } = asked
  const certificate = tls.socket.getX509Certificate()
  const offer = { endPoint: certificate === undefined ? null : endPointOf(certificate) }
  const { mechanism, data } = await begin(asked, scramMechanisms(offer))
  const greeted = greetScram(mechanism, data, offer)
  const meant = verifiersOf(candidates(context, routeFor(arrival.listener, tls.serverName, user)))
  // Who has no password meets the same exchange, with a salt that stays the same.
  const [one] = meant
  const shown = one ?? mockVerifier(mockKey(arrival), user)
  const challenged = challengeScram(greeted, randomBytes(NONCE_BYTES).toString('base64'), shown)
  say(asked, { kind: 'authenticationSaslContinue', data: Buffer.from(challenged.serverFirst) })
  const { data: final } = await hear(asked, 'saslResponse')
  const verifiers = meant.length > 0 ? meant : [{ ...shown, password: null }]
  const judged = judgeScram<Nobodys | VerifiedBy>(challenged, final, verifiers)
  if (!judged?.verifier.password) return { kind: 'none', why: 'no connection password fits the proof' }
  say(asked, { kind: 'authenticationSaslFinal', data: judged.message })
  return { kind: 'password', password: judged.verifier.password }
}

/** Secret, and the same for all nodes that share a certificate: else a salt would tell which nodes know a name. */
function mockKey({ listener }: Arrival): Uint8Array {
  return createHash('sha256').update('salt of nobody\0').update(listener.tls.key).digest()
}

async function proveByOauth(context: ProxyContext, asked: Asked): Promise<Proof | null> {
  const { data } = await begin(asked, [OAUTHBEARER])
  const initial = readOauthInitial(data)
  if (initial.kind === 'token') return initial
  const { issuer, scopes } = context.settings().signIn
  say(asked, { kind: 'authenticationSaslContinue', data: oauthChallenge(issuer, scopes) })
  expectOauthEnd((await hear(asked, 'saslResponse')).data)
  return null
}

/** A client may hold its first message back until the server has nothing to say (RFC 4422, section 3.3). */
async function begin(asked: Asked, mechanisms: readonly string[]): Promise<{ mechanism: string; data: Uint8Array }> {
  say(asked, { kind: 'authenticationSasl', mechanisms })
  const { mechanism, data } = await hear(asked, 'saslInitial')
  if (!mechanisms.includes(mechanism)) throw new SallyportError('SP-PROTOCOL', 'a SASL mechanism that was not offered')
  if (data !== null) return { mechanism, data }
  say(asked, { kind: 'authenticationSaslContinue', data: new Uint8Array(0) })
  return { mechanism, data: (await hear(asked, 'saslResponse')).data }
}

function say({ tls }: Asked, what: Authentication): void {
  tls.socket.write(encodeAuthentication(what))
}

const KINDS = { password: 'passwordMessage', saslInitial: 'saslInitialResponse', saslResponse: 'saslResponse' } as const
type Heard<P extends AuthPhase> = Extract<ReturnType<typeof decodeAuthResponse>, { kind: (typeof KINDS)[P] }>

async function hear<P extends AuthPhase>({ tls, framer }: Asked, phase: P): Promise<Heard<P>> {
  const frame = await nextFrame(framer, tls.socket, () => framer.next())
  if (frame.type === CLIENT.terminate) throw new SallyportError('SP-PROTOCOL', 'the client left before its proof')
  if (frame.type !== CLIENT.authResponse) throw new SallyportError('SP-PROTOCOL', 'an answer of the login was expected')
  return decodeAuthResponse(frame.body, phase) as Heard<P>
}

export async function nextFrame(framer: Framer, socket: Socket, next: () => Frame | null): Promise<Frame> {
  for (;;) {
    const frame = next()
    if (frame) return frame
    framer.push(await pull(socket))
  }
}

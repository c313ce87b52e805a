import { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../access/control.ts'
import { SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import { type ConsoleSession, type ConsoleSessions, sameText } from './console_sessions.ts'
import type { ApiDeps } from './ports.ts'
import { ApiRefusal } from './problem.ts'

export const SESSION_COOKIE = '__Host-sallyport'
export const CSRF_COOKIE = '__Host-sallyport-csrf'
const BEARER = /^Bearer +([\x21-\x7e]+) *$/i
const FORBIDDEN = 403
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The caller, and the session of the browser where there is one. */
export interface Authenticated {
  readonly caller: Caller
  readonly session: ConsoleSession | null
}

/**
 * Who calls: by bearer token, else by the browser's cookie, else by client certificate. A call that shows a token is
 * judged by that alone. Rejects with `SP-AUTH`, or `SP-LOCKED` for a person who is locked.
 */
export async function authenticate(
  request: FastifyRequest,
  deps: ApiDeps,
  sessions: ConsoleSessions,
): Promise<Authenticated> {
  const found = await identify(request, deps, sessions)
  const { identity } = found
  const locked = deps.locks.lockedBy({ person: personKey(identity), target: '', grantId: null })
  if (locked instanceof SallyportError) throw locked
  if (locked?.what === 'person') throw new SallyportError('SP-LOCKED', `you are locked: ${locked.reason}`)
  return { caller: { identity, clientAddress: request.ip }, session: found.session }
}

async function identify(
  request: FastifyRequest,
  deps: ApiDeps,
  sessions: ConsoleSessions,
): Promise<{ readonly identity: Identity; readonly session: ConsoleSession | null }> {
  const { authorization } = request.headers
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined) throw new SallyportError('SP-AUTH', 'the Authorization header is not a bearer token')
    return { identity: await deps.tokens.verify(token), session: null }
  }
  const cookie = request.cookies[SESSION_COOKIE]
  if (cookie !== undefined) {
    const session = sessions.find(cookie)
    if (session === null) throw new SallyportError('SP-AUTH', 'the session has ended')
    if (!SAFE_METHODS.has(request.method)) demandOwnPage(request, session, deps.settings.publicUrl)
    return { identity: session.identity, session }
  }
  const identity = byCertificate(request, deps)
  if (identity !== null) return { identity, session: null }
  throw new SallyportError('SP-AUTH', 'no bearer token, session or client certificate')
}

/** Another site can make a browser send the cookie, but neither read the token nor choose the Origin. */
function demandOwnPage(request: FastifyRequest, session: ConsoleSession, publicUrl: string): void {
  const { origin } = request.headers
  if (origin !== new URL(publicUrl).origin)
    throw new ApiRefusal('SP-FORBIDDEN', 'the call comes from another origin', FORBIDDEN)
  const given = request.headers['x-csrf-token']
  if (typeof given !== 'string' || !sameText(given, session.csrfToken))
    throw new ApiRefusal('SP-FORBIDDEN', 'the X-CSRF-Token header is missing or wrong', FORBIDDEN)
}

function byCertificate(request: FastifyRequest, { certificates, clock }: ApiDeps): Identity | null {
  const { socket } = request.raw
  if (certificates === null || !(socket instanceof TLSSocket)) return null
  const shown = socket.getPeerX509Certificate()
  if (shown === undefined) return null
  const { serial, fingerprint } = certificates.authority.verify(shown.raw, clock.now())
  const live = certificates.live.certificate(serial)
  if (live === null || live.fingerprint !== fingerprint || live.expiresAt <= clock.now())
    throw new SallyportError('SP-AUTH', 'the client certificate is revoked or not known')
  return live.identity
}

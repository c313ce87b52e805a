import type { SessionFacts } from '../audit/event.ts'
import type { SallyportError } from '../errors.ts'
import type { LoginAllowed } from '../session/login.ts'
import type { SessionReason } from '../session/role_demands.ts'
import type { Arrival, ProxyContext } from './context.ts'
import type { Proof } from './login_auth.ts'

/** What a client showed, in either protocol. */
export interface ShownLogin {
  readonly arrival: Arrival
  readonly sessionId: string
  readonly user: string
  readonly proof: Proof
  readonly given: SessionReason
  readonly serverName: string | null
  readonly tlsVersion: string | null
  readonly application: string | null
  /** What else the client says of itself. */
  readonly attributes?: Readonly<Record<string, string>>
  /** The database asked for, or null; `''` in MySQL, whose catalog covers the server. */
  readonly databaseOf: (allowed: LoginAllowed) => string
  /** MySQL: the database that the login names, which the records then name too; null for none. */
  readonly defaultDatabase?: string | null
}

type Known =
  | Partial<Pick<LoginAllowed, 'identity' | 'target' | 'grant'>>
  | { readonly identity: LoginAllowed['identity'] | null }

export function factsOf(
  shown: ShownLogin,
  known: Known | null,
  database: string | null,
  databaseUser: string | null,
): SessionFacts {
  const { address, port, listener } = shown.arrival
  const target = known && 'target' in known ? known.target : undefined
  const grant = known && 'grant' in known ? known.grant : undefined
  return {
    sessionId: shown.sessionId,
    identity: known?.identity ?? null,
    claimedUser: shown.user,
    application: shown.application,
    ...(shown.attributes ? { attributes: shown.attributes } : {}),
    protocol: listener.engine,
    clientAddress: address,
    clientPort: port,
    tlsVersion: shown.tlsVersion,
    target: target?.name ?? null,
    targetHost: target?.host ?? null,
    targetPort: target?.port ?? null,
    database,
    databaseUser,
    grantId: grant?.id ?? null,
    role: grant?.role ?? null,
    // What was said for this one session says more than what the grant was asked for with.
    reason: shown.given.reason ?? grant?.reason ?? null,
    ticket: shown.given.ticket ?? grant?.ticket ?? null,
    grantKind: grant?.kind ?? null,
    requestId: grant?.requestId ?? null,
    parameters: grant?.parameters ?? null,
    incident: grant?.incident ?? null,
  }
}

/** Records a client that was refused before it could show a token, and throws why. */
export async function recordUnheard(
  context: ProxyContext,
  arrival: Arrival,
  heard: { readonly user: string; readonly tlsVersion: string | null; readonly error: SallyportError },
): Promise<never> {
  const { user, tlsVersion, error } = heard
  const proof = { kind: 'none', why: 'refused unheard' } as const
  const given = { reason: null, ticket: null }
  const nothing = { proof, given, serverName: null, application: null, databaseOf: () => '' }
  const shown = { arrival, sessionId: context.ids.uuid(), user, tlsVersion, ...nothing }
  await recordRefusal(context, shown, error, error.detail, null)
  throw error
}

export async function recordRefusal(
  context: ProxyContext,
  shown: ShownLogin,
  error: SallyportError,
  detail: string,
  known: Known | null,
): Promise<void> {
  context.metrics.logins.inc({ engine: shown.arrival.listener.engine, outcome: error.code })
  const session = factsOf(shown, known, null, null)
  const base = { id: context.ids.uuid(), time: context.clock.now(), session }
  await context.audit.append([{ kind: 'login_failed', ...base, code: error.code, detail }])
}

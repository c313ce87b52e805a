import { setTimeout as wait } from 'node:timers/promises'
import type { SessionFacts } from '../audit/event.ts'
import { asSallyportError, SallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import { matchesPattern } from '../policy/patterns.ts'
import type { Subject } from '../session/gate.ts'
import { decideLogin, type LoginAllowed } from '../session/login.ts'
import type { AccountSession, Credential } from '../session/ports.ts'
import { routeOf } from '../session/route.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { FAILURE_DELAY_MS } from './limits.ts'
import { networkMatcher } from './networks.ts'

/** What a client showed, in either protocol. The token is a secret: it goes to the verifier and nowhere else. */
export interface ShownLogin {
  readonly arrival: Arrival
  readonly sessionId: string
  readonly user: string
  readonly token: string
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

export interface OpenedLogin {
  readonly allowed: LoginAllowed
  readonly subject: Subject
  readonly credential: Credential
  /** Gives back every place and account that the login took; may be called more than once. */
  readonly release: () => void
  /** For what goes wrong between here and the start of the session: gives everything back, records it, throws. */
  readonly failed: (cause: unknown) => Promise<never>
}

/**
 * From a shown token to an account on the database. A refusal is recorded and delayed before it is thrown; a place
 * taken on the way is given back.
 */
export async function openLogin(context: ProxyContext, shown: ShownLogin): Promise<OpenedLogin> {
  const releases: (() => void)[] = []
  const release = () => {
    for (const give of releases.splice(0)) give()
  }
  let allowed: LoginAllowed | null = null
  const failed = async (cause: unknown): Promise<never> => {
    release()
    const error = asSallyportError(cause)
    if (error.code === 'SP-INTERNAL')
      context.log.error({ err: error.cause ?? error }, 'login failed by an internal error')
    if (allowed) await recordRefusal(context, shown, error, error.detail, allowed)
    throw error
  }
  try {
    allowed = await authenticate(context, shown)
    return { ...(await open(context, shown, allowed, releases)), release, failed }
  } catch (cause) {
    return failed(cause)
  }
}

async function authenticate(context: ProxyContext, shown: ShownLogin): Promise<LoginAllowed> {
  const { address, listener } = shown.arrival
  const person = shown.user.split('/')[0] ?? ''
  try {
    context.failures.check(address, person)
  } catch (error) {
    await recordRefusal(context, shown, asSallyportError(error), 'too many failed logins', null)
    throw error
  }
  const answer = decideLogin({
    identity: await context.tokens.verify(shown.token).catch(asSallyportError),
    route: tryRoute(shown),
    targets: context.settings().targets,
    engine: listener.engine,
    grants: context.grants.snapshot(),
    policy: context.policy,
    inNetwork: (role) => role.networks.length === 0 || networkMatcher(role.networks)(address),
    now: context.clock.now(),
  })
  if (answer.kind === 'allowed') return answer
  if (!answer.identity) {
    context.failures.failed(address, person)
    await wait(FAILURE_DELAY_MS)
  }
  await recordRefusal(context, shown, new SallyportError(answer.error.code, answer.detail), answer.detail, answer)
  throw answer.error
}

function tryRoute(shown: ShownLogin) {
  const { listener } = shown.arrival
  try {
    const { target: listenerTarget, sniSuffix } = listener
    return routeOf({ listenerTarget, sniSuffix, serverName: shown.serverName, user: shown.user })
  } catch (error) {
    return asSallyportError(error)
  }
}

async function open(
  context: ProxyContext,
  shown: ShownLogin,
  allowed: LoginAllowed,
  releases: (() => void)[],
): Promise<Omit<OpenedLogin, 'release' | 'failed'>> {
  const { identity, target, grant, role } = allowed
  const { counts, accounts, catalogs } = context
  releases.push(counts.take(`target:${target.name}`, target.maxConnections, `to ${target.name}`))
  releases.push(counts.take(`person:${personKey(identity)}`, context.settings().limits.perPerson, 'for this person'))
  releases.push(counts.take(`grant:${grant.id}`, role.limits.maxSessions, 'under this grant'))
  const database = shown.databaseOf(allowed)
  checkDatabase(allowed, database)
  // Which server it is does not change with its definitions: statements wait for a fresh snapshot, a login need not.
  const catalog = catalogs.latest(target.name, database) ?? (await catalogs.ensure(target, database))
  const engine = await context.engineFor(catalog)
  const credential = await accounts.open(accountSessionOf(shown, allowed, database), target, grant)
  releases.push(() => {
    accounts.close(shown.sessionId).catch((err: unknown) => context.log.error({ err }, 'closing an account failed'))
  })
  const session = factsOf(shown, allowed, database || (shown.defaultDatabase ?? null), credential.user)
  return {
    allowed,
    credential,
    subject: { session, identity, grant, target, database, engine, unrestricted: role.unrestricted },
  }
}

function accountSessionOf({ sessionId, user }: ShownLogin, { role }: LoginAllowed, database: string): AccountSession {
  return { id: sessionId, person: (user.split('/')[0] ?? '').split('@')[0] ?? '', database, role }
}

/** A role whose every rule names other databases gets no session in this one. */
function checkDatabase({ role }: LoginAllowed, database: string): void {
  if (database === '' || role.unrestricted) return
  const covered = role.scope.some(({ databases }) => databases.some((pattern) => matchesPattern(pattern, database)))
  if (!covered) throw new SallyportError('SP-SCOPE', `the role ${role.name} does not cover the database ${database}`)
}

type Known =
  | Partial<Pick<LoginAllowed, 'identity' | 'target' | 'grant'>>
  | { readonly identity: LoginAllowed['identity'] | null }

function factsOf(
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
    reason: grant?.reason ?? null,
    ticket: grant?.ticket ?? null,
  }
}

/** Records a client that was refused before it could show a token, and throws why. */
export async function recordUnheard(
  context: ProxyContext,
  arrival: Arrival,
  heard: { readonly user: string; readonly tlsVersion: string | null; readonly error: SallyportError },
): Promise<never> {
  const { user, tlsVersion, error } = heard
  const nothing = { token: '', serverName: null, application: null, databaseOf: () => '' }
  const shown = { arrival, sessionId: context.ids.uuid(), user, tlsVersion, ...nothing }
  await recordRefusal(context, shown, error, error.detail, null)
  throw error
}

async function recordRefusal(
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

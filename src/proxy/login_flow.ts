import { setTimeout as wait } from 'node:timers/promises'
import { asSallyportError, SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import { firstOf } from '../policy/grant.ts'
import { matchesPattern } from '../policy/patterns.ts'
import type { Subject } from '../session/gate.ts'
import { decideLogin, type LoginAllowed, type LoginRefused } from '../session/login.ts'
import type { AccountSession, Credential, Target } from '../session/ports.ts'
import { wayToAsk } from '../session/refused.ts'
import { goingOn } from '../session/standing.ts'
import type { Engine } from '../session/verdict.ts'
import type { ProxyContext } from './context.ts'
import { FAILURE_DELAY_MS } from './limits.ts'
import { identify } from './login_auth.ts'
import { factsOf, recordRefusal, type ShownLogin } from './login_records.ts'
import { networkMatcher } from './networks.ts'
import { isRecorded } from './session_recorder.ts'
import { routeFor } from './way_in.ts'

export interface OpenedLogin {
  readonly allowed: LoginAllowed
  readonly subject: Subject
  readonly credential: Credential
  /** Gives back every place and account that the login took; may be called more than once. */
  readonly release: () => void
  /** For what goes wrong between here and the start of the session: gives everything back, records it, throws. */
  readonly failed: (cause: unknown) => Promise<never>
}

/** The way to the database, taken while the account is made: nobody logs in on it before. */
interface Dialling<D> {
  readonly dial: (allowed: LoginAllowed) => Promise<D>
  readonly hangUp: (dialled: D) => void
}

/**
 * From a shown proof to an account on the database, and a connection to log in on. A refusal is recorded and delayed
 * before it is thrown; what was taken on the way is given back.
 */
export async function openLogin<D>(
  context: ProxyContext,
  shown: ShownLogin,
  { dial, hangUp }: Dialling<D>,
): Promise<OpenedLogin & { readonly dialled: D }> {
  const releases: (() => void)[] = []
  const release = () => {
    for (const give of releases.splice(0)) give()
  }
  let allowed: LoginAllowed | null = null
  let dialling: Promise<D> | null = null
  const failed = async (cause: unknown): Promise<never> => {
    release()
    dialling?.then(hangUp, () => undefined)
    const error = asSallyportError(cause)
    if (error.code === 'SP-INTERNAL')
      context.log.error({ err: error.cause ?? error }, 'login failed by an internal error')
    if (allowed) await recordRefusal(context, shown, error, error.detail, allowed)
    throw error
  }
  try {
    allowed = await authenticate(context, shown)
    takePlaces(context, allowed, releases)
    const database = shown.databaseOf(allowed)
    checkDatabase(allowed, database)
    dialling = dial(allowed)
    // Without an account there is nothing to log in with, and nobody waits for the connection.
    dialling.catch(() => undefined)
    const opened = await open(context, shown, allowed, database, releases)
    return { ...opened, dialled: await dialling, release, failed }
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
  const route = routeFor(listener, shown.serverName, shown.user)
  const { identity, password } = await identify(context, shown.proof, route)
  const answer = decideLogin({
    identity,
    password,
    route,
    targets: context.settings().targets,
    engine: listener.engine,
    grants: context.grants.snapshot(),
    locks: context.locks,
    policy: context.policy,
    inNetwork: (role) => role.networks.length === 0 || networkMatcher(role.networks)(address),
    given: shown.given,
    now: context.clock.now(),
  })
  if (answer.kind === 'allowed') return answer
  if (!answer.identity) {
    context.failures.failed(address, person)
    await wait(FAILURE_DELAY_MS)
  }
  await recordRefusal(context, shown, new SallyportError(answer.error.code, answer.detail), answer.detail, answer)
  throw withNextStep(context, answer)
}

/** A name that a person may paste into a shell as it stands. */
const PLAIN_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/

/** Whoever lacks but a grant is told the command that asks for it; a target that does not exist gets the same words. */
function withNextStep({ refusals }: ProxyContext, { error, identity, wanting, code }: LoginRefused): SallyportError {
  if (!identity || !wanting || !PLAIN_NAME.test(wanting.target)) return error
  const { target, choice } = wanting
  const asked = { person: identity, target, database: '', role: choice, code, reason: error.detail }
  const id = refusals.note({ ...asked, needs: [], clear: [], statementSha256: null })
  const role = choice !== null && PLAIN_NAME.test(choice) ? choice : 'ROLE'
  const from = id === null ? '' : `, or ${wayToAsk(refusals, id)}`
  return new SallyportError(error.code, `${error.detail}: run sallyport request ${target} --role ${role}${from}`)
}

function takePlaces(
  { counts, settings }: ProxyContext,
  { identity, target, grant, role }: LoginAllowed,
  releases: (() => void)[],
): void {
  releases.push(counts.take(`target:${target.name}`, target.maxConnections, `to ${target.name}`))
  releases.push(counts.take(`person:${personKey(identity)}`, settings().limits.perPerson, 'for this person'))
  releases.push(counts.take(`grant:${firstOf(grant)}`, role.limits.maxSessions, 'under this grant'))
}

async function open(
  context: ProxyContext,
  shown: ShownLogin,
  allowed: LoginAllowed,
  database: string,
  releases: (() => void)[],
): Promise<Omit<OpenedLogin, 'release' | 'failed'>> {
  const { identity, target, grant, role } = allowed
  const { accounts } = context
  // Neither needs the other, and each may take a way to the database.
  const making = accounts.open(accountSessionOf(shown, allowed, database), target, grant)
  const [engine, made] = await Promise.allSettled([engineOf(context, target, database), making])
  if (made.status === 'fulfilled') {
    releases.push(() => {
      accounts.close(shown.sessionId).catch((err: unknown) => context.log.error({ err }, 'closing an account failed'))
    })
  }
  const credential = resultOf(made)
  releases.push(watch(context, shown, identity))
  const session = factsOf(shown, allowed, database || (shown.defaultDatabase ?? null), credential.user)
  return {
    allowed,
    credential,
    subject: goingOn(
      {
        identity,
        target,
        database,
        engine: resultOf(engine),
        unrestricted: role.unrestricted,
        limited: credential.limited === true,
        recorded: isRecorded(allowed),
      },
      session,
      grant,
    ),
  }
}

async function engineOf({ catalogs, engineFor }: ProxyContext, target: Target, database: string): Promise<Engine> {
  // Which server it is does not change with its definitions: statements wait for a fresh snapshot, a login need not.
  return engineFor(catalogs.latest(target.name, database) ?? (await catalogs.ensure(target, database)))
}

function resultOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}

/** A person whose token the provider no longer stands by leaves at once, whatever their grant says. */
function watch(
  { liveCheck, sessions }: ProxyContext,
  { proof, sessionId }: ShownLogin,
  identity: Identity,
): () => void {
  if (proof.kind !== 'token') return () => undefined
  return liveCheck.watch(proof.token, identity, (why) => sessions.get(sessionId)?.end(why))
}

function accountSessionOf(
  { sessionId }: ShownLogin,
  { role, identity }: LoginAllowed,
  database: string,
): AccountSession {
  const { issuer, subject, email, name } = identity
  const person = (email ?? subject).split('@')[0] ?? ''
  return { id: sessionId, person, holder: { issuer, subject, email, name }, database, role }
}

/** A role whose every rule names other databases gets no session in this one. */
function checkDatabase({ role }: LoginAllowed, database: string): void {
  if (database === '' || role.unrestricted) return
  const covered = role.scope.some(({ databases }) => databases.some((pattern) => matchesPattern(pattern, database)))
  if (!covered) throw new SallyportError('SP-SCOPE', `the role ${role.name} does not cover the database ${database}`)
}

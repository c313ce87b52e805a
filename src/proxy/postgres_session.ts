import type { Socket } from 'node:net'
import { asSallyportError, SallyportError } from '../errors.ts'
import type { Role } from '../policy/role.ts'
import { judgeSetting } from '../policy/settings.ts'
import { PostgresMachine } from '../session/postgres/machine.ts'
import { REQUIRED_PARAMETERS } from '../session/postgres/startup.ts'
import { errorMessage, notice } from '../session/postgres/words.ts'
import { welcome } from '../session/words.ts'
import { cancelPostgres, dialPostgres, loginPostgres, type PostgresStartup } from '../upstream/postgres_login.ts'
import { encodeAuthentication } from '../wire/postgres/authentication.ts'
import { encodeBackendKeyData, encodeParameterStatus, encodeReadyForQuery } from '../wire/postgres/session-facts.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { startSession } from './live.ts'
import { type OpenedLogin, openLogin } from './login_flow.ts'
import { recordUnheard, type ShownLogin } from './login_records.ts'
import { greetPostgres, type PostgresKnock } from './postgres_front.ts'

/** One PostgreSQL connection from accept to end. Never rejects: what goes wrong is told, recorded and logged. */
export async function servePostgres(
  context: ProxyContext,
  arrival: Arrival,
  socket: Socket,
  accepted: number,
): Promise<void> {
  let knock: Awaited<ReturnType<typeof greetPostgres>>
  try {
    knock = await greetPostgres(context, arrival, socket)
  } catch (error) {
    refuse(context, socket, error)
    return
  }
  if (knock.kind === 'cancel') {
    // Whether the key was right is told to nobody, as in the server.
    context.sessions.byCancelKey(knock.pid, knock.key)?.cancelStatement(true)
    socket.end()
    return
  }
  if (knock.kind === 'discovery') {
    context.log.debug('a client asked where to get a token')
    knock.socket.end(errorMessage(new SallyportError('SP-AUTH', 'a token is needed'), 'FATAL'))
    return
  }
  try {
    if (knock.kind === 'refused') await recordUnheard(context, arrival, knock)
    else await login(context, arrival, knock, accepted)
  } catch (error) {
    refuse(context, knock.socket, error)
  }
}

async function login(context: ProxyContext, arrival: Arrival, knock: PostgresKnock, accepted: number): Promise<void> {
  const { startup, tls } = knock
  const sessionId = context.ids.uuid()
  const shown: ShownLogin = {
    arrival,
    sessionId,
    user: startup.user,
    proof: knock.proof,
    given: startup,
    serverName: tls.serverName,
    tlsVersion: tls.version,
    application: startup.application,
    // psql takes the user name for the database where none is given; ours names no database.
    databaseOf: ({ target }) =>
      startup.database === null || startup.database === startup.user ? target.defaultDatabase : startup.database,
  }
  const opened = await openLogin(context, shown, {
    dial: ({ target }) => dialPostgres(target),
    hangUp: (dialled) => dialled.destroy(),
  })
  try {
    await connect(context, knock, opened, opened.dialled, accepted)
  } catch (error) {
    await opened.failed(error)
  }
}

async function connect(
  context: ProxyContext,
  knock: PostgresKnock,
  opened: OpenedLogin,
  dialled: Socket,
  accepted: number,
): Promise<void> {
  const { allowed, subject, credential } = opened
  const settings = judgedSettings(knock, allowed.role.unrestricted)
  const startup: PostgresStartup = {
    database: subject.database,
    parameters: [...settings, ['client_encoding', 'UTF8'], ...ownSettings(allowed.role)],
    applicationName: `sallyport:${subject.session.sessionId}`,
  }
  const upstream = await loginPostgres(allowed.target, credential, startup, dialled)
  for (const [name, value] of REQUIRED_PARAMETERS) {
    if (upstream.parameters.get(name) === value) continue
    upstream.socket.destroy()
    throw new SallyportError('SP-SETTING', `the database starts sessions with another ${name} than ${value}`)
  }
  const number = context.sessions.newNumber()
  const key = context.sessions.newKey(knock.minor)
  const searchPath = settings.findLast(([name]) => name === 'search_path')?.[1]
  const now = context.clock.now()
  const machine = new PostgresMachine(
    context.gate,
    subject,
    allowed.role,
    searchPath === undefined ? null : pathOf(searchPath),
    { server: upstream.pid, client: number },
    now,
  )
  await startSession(context, {
    opened,
    machine,
    client: knock.socket,
    upstream: upstream.socket,
    fromClient: leftover(knock),
    fromUpstream: upstream.rest,
    number,
    cancelKey: key,
    accepted,
    superuser: upstream.parameters.get('is_superuser') === 'on',
    greeting: [
      encodeAuthentication({ kind: 'authenticationOk' }),
      ...[...upstream.parameters].map(([name, value]) =>
        encodeParameterStatus({ kind: 'parameterStatus', name, value }),
      ),
      encodeBackendKeyData({ kind: 'backendKeyData', pid: number, key }),
      ...(allowed.role.connectNotice
        ? [notice('00000', welcome(allowed), 'Every statement is recorded with your name.')]
        : []),
      encodeReadyForQuery({ kind: 'readyForQuery', status: 'I' }),
    ],
    cancelUpstream: () => cancelPostgres(allowed.target, upstream.pid, upstream.secretKey),
  })
}

/**
 * An index-only scan gives rows in the order of its columns, a masked one among them. A session can't set this back:
 * planner settings are the proxy's, and RESET goes back to what the startup message said.
 */
const PLANNER: Readonly<Record<'any' | 'guarded', readonly [string, string][]>> = {
  any: [],
  guarded: [['enable_indexonlyscan', 'off']],
}

function ownSettings({ unrestricted, limits: { lockTimeoutMs } }: Role): readonly [string, string][] {
  const planner = PLANNER[unrestricted ? 'any' : 'guarded']
  return lockTimeoutMs === 0 ? planner : [...planner, ['lock_timeout', `${lockTimeoutMs}ms`]]
}

/**
 * Startup settings obey the same judgment as SET; the first that does not pass ends the login. Of an unrestricted role
 * those alone are judged that the proxy reads by.
 */
function judgedSettings({ startup }: PostgresKnock, unrestricted: boolean): [string, string][] {
  for (const [name, value] of startup.settings) {
    if (unrestricted && !REQUIRED_PARAMETERS.has(name.toLowerCase())) continue
    const values = name.toLowerCase() === 'search_path' ? pathOf(value) : [value]
    const refusal = judgeSetting('postgres', { name: name.toLowerCase(), scope: 'session', values })
    if (refusal) throw new SallyportError('SP-STARTUP', refusal.detail)
  }
  return startup.settings
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => name !== 'client_encoding')
}

/** Quoted names in a startup path are refused rather than parsed: the list has to mean the same here and there. */
function pathOf(value: string): string[] {
  if (value.includes('"')) throw new SallyportError('SP-STARTUP', 'search_path may hold plain names only at startup')
  return value.split(',').map((part) => part.trim().toLowerCase())
}

function leftover({ framer }: PostgresKnock): Uint8Array {
  const rest: Uint8Array[] = []
  for (let frame = framer.next(); frame; frame = framer.next()) rest.push(frame.bytes)
  if (framer.buffered > 0)
    throw new SallyportError('SP-PROTOCOL', 'the client sent half a message before its login was over')
  return Buffer.concat(rest)
}

function refuse(context: ProxyContext, socket: Socket, cause: unknown): void {
  const error = asSallyportError(cause)
  if (error.code === 'SP-INTERNAL')
    context.log.error({ err: error.cause ?? error }, 'a PostgreSQL login failed by an internal error')
  if (socket.destroyed || socket.writableEnded) return
  socket.end(errorMessage(error, 'FATAL'))
}

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { asSallyportError, SallyportError } from '../errors.ts'
import { mayExport, type Role } from '../policy/role.ts'
import { MysqlMachine } from '../session/mysql/machine.ts'
import { namesOf } from '../session/mysql/state.ts'
import { errPayload, welcomePayload } from '../session/mysql/words.ts'
import { welcome } from '../session/words.ts'
import { dialMysql, killMysql, loginMysql, type MysqlDialled, type MysqlLoginOptions } from '../upstream/mysql_login.ts'
import { CAPABILITY } from '../wire/mysql/capabilities.ts'
import { readingOfCollation } from '../wire/mysql/character-sets.ts'
import { serverVersion } from '../wire/mysql/handshake-v10.ts'
import { encodePackets } from '../wire/mysql/packets.ts'
import { compressedStream } from './compressed_stream.ts'
import { compressionOf } from './compression.ts'
import type { Arrival, ProxyContext } from './context.ts'
import { startSession } from './live.ts'
import { type OpenedLogin, openLogin } from './login_flow.ts'
import type { ShownLogin } from './login_records.ts'
import { claimsOf } from './mysql_claims.ts'
import { greetAgain, greetMysql, type MysqlKnock, refuseMysql } from './mysql_front.ts'

/** Flags whose meaning reaches into the packets that pass: both sides of the proxy must have agreed on the same. */
const SHARED = CAPABILITY.deprecateEof | CAPABILITY.sessionTrack | CAPABILITY.multiStatements | CAPABILITY.foundRows
/** Flags that the client's side may have alone: the server does without query attributes, and a narrow role without files. */
const OWN = CAPABILITY.queryAttributes | CAPABILITY.localFiles
/** utf8mb4_general_ci. */
const UTF8MB4 = 45

/** One MySQL connection from accept to end. Never rejects: what goes wrong is told, recorded and logged. */
export async function serveMysql(
  context: ProxyContext,
  arrival: Arrival,
  socket: Socket,
  accepted: number,
): Promise<void> {
  let knock: MysqlKnock
  try {
    knock = await greetMysql(context, arrival, socket)
  } catch (error) {
    refuse(context, socket, error, 2)
    return
  }
  await enter(context, arrival, knock, accepted)
}

async function enter(context: ProxyContext, arrival: Arrival, knock: MysqlKnock, accepted: number): Promise<void> {
  try {
    await login(context, arrival, knock, accepted)
  } catch (error) {
    refuse(context, knock.socket, error, knock.sequence)
  }
}

/**
 * COM_CHANGE_USER is a login like the first: the proof is asked for again, and a new session with a connection of its
 * own to the database begins. One that fails ends the connection, as it does on a server.
 */
async function loginAgain(
  context: ProxyContext,
  arrival: Arrival,
  before: MysqlKnock,
  client: Duplex,
  { command, sequence }: { readonly command: Uint8Array; readonly sequence: number },
): Promise<void> {
  const accepted = context.clock.now()
  const deadline = setTimeout(() => client.destroy(), context.settings().limits.authDeadlineMs)
  try {
    const knock = await greetAgain(context, arrival, before, client, { command, sequence })
    await enter(context, arrival, knock, accepted)
  } catch (error) {
    refuse(context, client, error, sequence + 1)
  } finally {
    clearTimeout(deadline)
  }
}

async function login(context: ProxyContext, arrival: Arrival, knock: MysqlKnock, accepted: number): Promise<void> {
  const sessionId = context.ids.uuid()
  const shown: ShownLogin = {
    arrival,
    sessionId,
    user: knock.login.user,
    proof: knock.proof,
    serverName: knock.tls.serverName,
    tlsVersion: knock.tls.version,
    ...claimsOf(knock.login.attributes),
    databaseOf: () => '',
    defaultDatabase: knock.login.database || null,
  }
  const opened = await openLogin(context, shown, {
    dial: async ({ target, role }) => dialMysql(target, loginOptions(knock, role, sessionId)),
    hangUp: ({ conversation }) => conversation.destroy(),
  })
  try {
    await connect(context, arrival, knock, opened, opened.dialled, accepted)
  } catch (error) {
    await opened.failed(error)
  }
}

async function connect(
  context: ProxyContext,
  arrival: Arrival,
  knock: MysqlKnock,
  opened: OpenedLogin,
  dialled: MysqlDialled,
  accepted: number,
): Promise<void> {
  const { allowed, subject, credential } = opened
  judgeProgram(knock, allowed.role)
  const database = knock.login.database || null
  // What USE means hangs on the catalog, and a statement would wait for a fresh one.
  if (database && !allowed.role.unrestricted) await context.catalogs.ensure(allowed.target, '')
  if (database) judgeDatabase(context, opened, database)
  const options = loginOptions(knock, allowed.role, subject.session.sessionId)
  const upstream = await loginMysql(allowed.target, credential, options, dialled)
  const shared = (upstream.capabilities & SHARED) === (knock.capabilities & SHARED)
  if (!shared || upstream.extended !== knock.extended) {
    upstream.socket.destroy()
    throw new SallyportError('SP-UNSUPPORTED', 'the database does not speak the same protocol features as the client')
  }
  const greeting = allowed.role.connectNotice ? welcome(allowed) : null
  const now = context.clock.now()
  const machine = new MysqlMachine({
    gate: context.gate,
    subject,
    role: allowed.role,
    capabilities: (knock.capabilities & ~OWN) | (upstream.capabilities & OWN),
    clientCapabilities: knock.capabilities,
    extended: knock.extended,
    status: upstream.status,
    defaultDatabase: database,
    now,
    mariadb: serverVersion(upstream.serverVersion).mariadb,
    welcome: greeting,
    ...ownSessionsOf(context, subject),
  })
  machine.begin()
  const { target } = allowed
  const client = streamOf(knock)
  await startSession(context, {
    opened,
    machine,
    client,
    wire: { capabilities: (knock.capabilities & ~OWN) | (upstream.capabilities & OWN), extended: knock.extended },
    loginAgain: (command, sequence) => void loginAgain(context, arrival, knock, client, { command, sequence }),
    upstream: upstream.socket,
    fromClient: new Uint8Array(0),
    fromUpstream: upstream.rest,
    number: knock.number,
    cancelKey: new Uint8Array(0),
    accepted,
    greeting: [encodePackets(welcomePayload(upstream.status, knock.capabilities, greeting), knock.sequence)],
    cancelUpstream: (statementOnly) => killMysql(target, credential, upstream.connectionId, statementOnly),
  })
  context.sessions.knownAs(subject.session.sessionId, upstream.connectionId)
}

function loginOptions(
  { capabilities, extended, login }: MysqlKnock,
  { unrestricted }: Role,
  sessionId: string,
): MysqlLoginOptions {
  return {
    clientCapabilities: unrestricted ? capabilities : capabilities & ~CAPABILITY.localFiles,
    clientExtended: extended,
    database: login.database || null,
    collation: collationOf(login.collation),
    connectAttrs: [['program_name', `sallyport:${sessionId}`]],
  }
}

/** What KILL may end, and SHOW PROCESSLIST shows: the sessions of the same person on the same target. */
function ownSessionsOf({ sessions }: ProxyContext, { session, identity, target }: OpenedLogin['subject']) {
  return {
    ownSession: (number: number) => sessions.meant(identity, target.name, number)?.id ?? null,
    ownSessions: () =>
      sessions.of(identity, target.name).map(({ id, number, idle }) => ({
        number,
        user: identity.email ?? identity.subject,
        running: id === session.sessionId || !idle(),
      })),
  }
}

/** From its login on a client may want everything compressed. */
function streamOf({ socket, again, tls, capabilities, login }: MysqlKnock): Duplex {
  const compression = again ? null : compressionOf(capabilities, login.zstdLevel)
  if (!compression) return socket
  tls.socket.setNoDelay(true)
  return compressedStream(tls.socket, { compression, farewell: (error) => encodePackets(errPayload(error), 0) })
}

const DUMPS = /^(?:mysqldump|mysqlpump|mariadb-dump|mydumper)$/

/**
 * A dump reads by SELECT as anybody does, so that its name alone tells of it. That is a claim: this is a word to the honest,
 * and what holds everybody are the limits of rows and bytes.
 */
function judgeProgram({ login: { attributes } }: MysqlKnock, role: Role): void {
  const program = attributes.find(([name]) => name === 'program_name')?.[1] ?? ''
  if (role.unrestricted || mayExport(role) || !DUMPS.test(program)) return
  throw new SallyportError('SP-EXPORT', `${program} exports data, and this grant carries no permission for it`)
}

/** The database of the login obeys the same judgment as USE. */
function judgeDatabase(context: ProxyContext, { subject }: OpenedLogin, database: string): void {
  const use = `USE \`${database.replaceAll('`', '``')}\``
  const preparation = context.gate.prepare(subject, namesOf(null, null), use, context.clock.now())
  if (preparation.kind === 'deny') throw preparation.error
}

/** 0 leaves the choice to the server, which is told what the proxy takes it for. */
function collationOf(collation: number): number {
  if (readingOfCollation(collation) !== null) return collation === 0 ? UTF8MB4 : collation
  const why = 'has characters that may hold a quote or a backslash'
  throw new SallyportError('SP-STARTUP', `the client's character set (collation ${collation}) ${why}`)
}

function refuse(context: ProxyContext, socket: Duplex, cause: unknown, sequence: number): void {
  const error = asSallyportError(cause)
  if (error.code === 'SP-INTERNAL')
    context.log.error({ err: error.cause ?? error }, 'a MySQL login failed by an internal error')
  refuseMysql(socket, error, sequence)
}

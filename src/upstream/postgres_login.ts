import type { Socket } from 'node:net'
import { SallyportError } from '../errors.ts'
import type { Credential, Target } from '../session/ports.ts'
import { errorField } from '../wire/postgres/error-response.ts'
import { Framer } from '../wire/postgres/framer.ts'
import { decodeServer, type ServerMessage } from '../wire/postgres/server.ts'
import type { TransactionStatus } from '../wire/postgres/session-facts.ts'
import { encodeStartup } from '../wire/postgres/startup.ts'
import { type Conversation, converse } from './conversation.ts'
import { dialTcp, upgradeTls } from './dial.ts'
import { PostgresAuthentication } from './postgres_authentication.ts'

const TLS_ANSWER_MS = 5_000
const LOGIN_MS = 15_000
const CANCEL_MS = 5_000
/** Bytes of one message before the login is over; the longest are a server's notices. */
const MESSAGE_BYTES_MAX = 65_536
/** Messages of one login: about fifteen settings are usual. */
const MESSAGES_MAX = 1_000
const TLS_YES = 0x53
const PROTOCOL_MINOR = 0
/** What the proxy says itself, and what would make another kind of session. */
const OWN_PARAMETERS = new Set(['user', 'database', 'application_name', 'replication'])

export interface PostgresStartup {
  readonly database: string
  /** Already judged by the session; those that are the proxy's own are refused here. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly applicationName: string
}

export interface PostgresUpstream {
  /** Paused. */
  readonly socket: Socket
  /** What the server sent after the first ReadyForQuery. */
  readonly rest: Uint8Array
  readonly pid: number
  readonly secretKey: Uint8Array
  /** ParameterStatus by name, the last value of each. */
  readonly parameters: ReadonlyMap<string, string>
  readonly transactionStatus: TransactionStatus
  readonly protocolMinor: number
}

/**
 * Logs in to a PostgreSQL server ("Start-up", frontend/backend protocol 3.0) with TLS as the target wants it. Rejects
 * with `SP-UPSTREAM` (with the server's SQLSTATE alone), `SP-PROTOCOL`, `SP-UNSUPPORTED` or `SP-STARTUP`. `dialled` is a
 * connection of `dialPostgres` to the same target.
 */
export async function loginPostgres(
  target: Target,
  credential: Credential,
  startup: PostgresStartup,
  dialled: Socket | null = null,
): Promise<PostgresUpstream> {
  const parameters = startupParameters(credential, startup)
  const socket = dialled ?? (await dialPostgres(target))
  return converse(socket, LOGIN_MS, async (conversation) => {
    conversation.write(encodeStartup({ kind: 'startupMessage', minor: PROTOCOL_MINOR, parameters }))
    return new Login(conversation, new PostgresAuthentication(socket, credential)).run()
  })
}

/** Asks the server to cancel what the session with this key runs. Resolves when the server has taken the request. */
export async function cancelPostgres(target: Target, pid: number, key: Uint8Array): Promise<void> {
  const socket = await dialPostgres(target)
  await converse(socket, CANCEL_MS, async (conversation) => {
    conversation.write(encodeStartup({ kind: 'cancelRequest', pid, key }))
    // The server answers by closing the connection, whether it found the session or not.
    const outcome = await conversation.next().catch((error: unknown) => error)
    if (outcome instanceof Uint8Array) throw new SallyportError('SP-PROTOCOL', 'the server answered a cancel request')
    if (!conversation.ended) throw outcome
  })
}

class Login {
  readonly #conversation: Conversation
  readonly #authentication: PostgresAuthentication
  readonly #framer = new Framer({ maxBytes: MESSAGE_BYTES_MAX })
  readonly #parameters = new Map<string, string>()
  #key: { readonly pid: number; readonly key: Uint8Array } | undefined
  #chunk: Uint8Array = new Uint8Array(0)

  constructor(conversation: Conversation, authentication: PostgresAuthentication) {
    this.#conversation = conversation
    this.#authentication = authentication
  }

  async run(): Promise<PostgresUpstream> {
    for (let count = 0; count < MESSAGES_MAX; count++) {
      const status = this.#take(await this.#message())
      if (status !== undefined) return this.#finish(status)
    }
    throw new SallyportError('SP-PROTOCOL', `the server sent more than ${MESSAGES_MAX} messages in a login`)
  }

  async #message(): Promise<ServerMessage> {
    for (;;) {
      const frame = this.#framer.next()
      if (frame !== null) return decodeServer(frame)
      this.#chunk = await this.#conversation.next()
      this.#framer.push(this.#chunk)
    }
  }

  /** The status of the session once the login is over. */
  #take(message: ServerMessage): TransactionStatus | undefined {
    switch (message.kind) {
      case 'errorResponse':
        throw refused(errorField(message.fields, 'C'))
      case 'noticeResponse':
        return undefined
      case 'parameterStatus':
        return void this.#authentication.over(() => this.#parameters.set(message.name, message.value))
      case 'backendKeyData':
        return void this.#authentication.over(() => {
          this.#key = message
        })
      case 'readyForQuery':
        return this.#authentication.over(() => message.status)
      default:
        this.#answer(message)
        return undefined
    }
  }

  #answer(message: ServerMessage): void {
    const answer = this.#authentication.answer(message)
    if (answer !== null) this.#conversation.write(answer)
  }

  /** Each chunk was framed whole before the next one was read: what is left over is the end of the last one. */
  #finish(transactionStatus: TransactionStatus): PostgresUpstream {
    if (this.#key === undefined) throw new SallyportError('SP-PROTOCOL', 'the server gave no cancel key')
    const left = this.#chunk.subarray(this.#chunk.length - this.#framer.buffered)
    const unread = this.#conversation.release()
    const rest = new Uint8Array(left.length + unread.length)
    rest.set(left)
    rest.set(unread, left.length)
    return {
      socket: this.#conversation.socket,
      rest,
      pid: this.#key.pid,
      secretKey: new Uint8Array(this.#key.key),
      parameters: this.#parameters,
      transactionStatus,
      protocolMinor: PROTOCOL_MINOR,
    }
  }
}

function startupParameters(credential: Credential, startup: PostgresStartup): readonly (readonly [string, string])[] {
  for (const [name] of startup.parameters) {
    if (OWN_PARAMETERS.has(name.toLowerCase()) || name.startsWith('_pq_.')) {
      throw new SallyportError('SP-STARTUP', 'a startup parameter is the proxy’s own')
    }
  }
  return [
    ['user', credential.user],
    ['database', startup.database],
    ['application_name', startup.applicationName],
    ...startup.parameters,
  ]
}

/** A connection with TLS as the target wants it, on which nothing is said yet of who logs in. Rejects with `SP-UPSTREAM`. */
export async function dialPostgres(target: Target): Promise<Socket> {
  const socket = await dialTcp(target)
  if (target.tls.mode === 'disable') return socket
  await converse(socket, TLS_ANSWER_MS, async (conversation) => {
    conversation.write(encodeStartup({ kind: 'sslRequest' }))
    const answer = await conversation.next()
    if (answer[0] !== TLS_YES) throw new SallyportError('SP-UPSTREAM', `the database at ${target.name} offers no TLS`)
    // Bytes in clear behind the answer would be read as if they had come over TLS (CVE-2021-23222).
    if (answer.length !== 1 || conversation.release().length > 0 || socket.readableLength > 0) {
      throw new SallyportError('SP-PROTOCOL', 'the server sent bytes before TLS began')
    }
  })
  return upgradeTls(socket, target)
}

function refused(sqlstate: string | undefined): SallyportError {
  const state = sqlstate !== undefined && /^[0-9A-Z]{5}$/.test(sqlstate) ? ` (${sqlstate})` : ''
  return new SallyportError('SP-UPSTREAM', `the database refused the login${state}`)
}

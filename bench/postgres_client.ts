import { once } from 'node:events'
import type { Socket } from 'node:net'
import { encodePassword } from '../src/wire/postgres/auth-response.ts'
import { encodeBind } from '../src/wire/postgres/bind.ts'
import { type Frame, Framer } from '../src/wire/postgres/framer.ts'
import { encodeExecute } from '../src/wire/postgres/portal.ts'
import { encodeParse, encodeQuery } from '../src/wire/postgres/query.ts'
import { decodeServer } from '../src/wire/postgres/server.ts'
import { encodeStartup } from '../src/wire/postgres/startup.ts'
import { type BenchClient, dialTcp, type Endpoint, secure } from './endpoint.ts'
import { scramSession } from './scram.ts'

const SYNC = Uint8Array.of(0x53, 0, 0, 0, 4)
const READY = 0x5a
const ERROR = 0x45
const MAX_MESSAGE_BYTES = 1 << 30

/** Simple queries, and one named statement by the extended protocol. */
export class PostgresClient implements BenchClient {
  readonly #socket: Socket
  readonly #framer = new Framer({ maxBytes: MAX_MESSAGE_BYTES })
  #onFrame: (frame: Frame) => void = () => {}
  #onBytes: ((bytes: number) => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => {
      this.#onBytes?.(chunk.length)
      this.#framer.push(chunk)
      for (let frame = this.#framer.next(); frame; frame = this.#framer.next()) this.#onFrame(frame)
    })
  }

  static async connect(endpoint: Endpoint): Promise<PostgresClient> {
    const socket = endpoint.tls ? await dialTls(endpoint.port) : await dialTcp(endpoint.port)
    const client = new PostgresClient(socket)
    await client.#login(endpoint)
    return client
  }

  #login({ user, password, database }: Endpoint): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const scram = scramSession(password)
    this.#socket.once('close', () => reject(new Error('closed during the login')))
    this.#onFrame = (frame) => {
      const message = decodeServer(frame)
      if (message.kind === 'errorResponse') return reject(new Error(JSON.stringify(message.fields)))
      if (message.kind === 'readyForQuery') return resolve()
      if (message.kind === 'authenticationCleartextPassword') {
        this.#socket.write(encodePassword({ kind: 'passwordMessage', password: new TextEncoder().encode(password) }))
      }
      const answer = scram(message)
      if (answer) this.#socket.write(answer)
    }
    const parameters = [
      ['user', user],
      ['database', database],
      ['client_encoding', 'UTF8'],
    ] as const
    this.#socket.write(encodeStartup({ kind: 'startupMessage', minor: 0, parameters }))
    return promise
  }

  /** Sends bytes and waits for the next ReadyForQuery. Rejects with the server's first error. */
  #roundTrip(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let failure: Error | null = null
    this.#onFrame = (frame) => {
      if (frame.type === ERROR) failure ??= new Error(new TextDecoder().decode(frame.body).replaceAll('\0', ' '))
      if (frame.type === READY) failure ? reject(failure) : resolve()
    }
    this.#socket.write(bytes)
    return promise
  }

  query(text: string): Promise<void> {
    return this.#roundTrip(encodeQuery({ kind: 'query', text }))
  }

  prepare(text: string): Promise<void> {
    const parse = encodeParse({ kind: 'parse', name: 'p', text, parameterTypes: [] })
    return this.#roundTrip(Buffer.concat([parse, SYNC]))
  }

  /** One execution of the prepared statement, with Bind, Execute and Sync in one write as drivers send them. */
  execute(value: number): Promise<void> {
    const values = [new TextEncoder().encode(String(value))]
    const bind = encodeBind({
      kind: 'bind',
      portal: '',
      statement: 'p',
      parameterFormats: [],
      values,
      resultFormats: [],
    })
    return this.#roundTrip(Buffer.concat([bind, encodeExecute({ kind: 'execute', portal: '', maxRows: 0 }), SYNC]))
  }

  async bulk(text: string): Promise<number> {
    let total = 0
    this.#onBytes = (bytes) => {
      total += bytes
    }
    await this.query(text)
    this.#onBytes = null
    return total
  }

  close(): void {
    this.#socket.destroy()
  }
}

/** TLS begins after a question and its answer, both in clear. */
async function dialTls(port: number): Promise<Socket> {
  const bare = await dialTcp(port)
  bare.write(encodeStartup({ kind: 'sslRequest' }))
  const [answer] = (await once(bare, 'data')) as [Uint8Array]
  if (answer[0] !== 0x53) throw new Error('TLS was declined')
  return secure(bare)
}

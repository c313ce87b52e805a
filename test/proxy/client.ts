import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { encodeSaslInitial } from '../../src/wire/postgres/auth-response.ts'
import { type Frame, Framer } from '../../src/wire/postgres/framer.ts'
import { decodeServer } from '../../src/wire/postgres/server.ts'
import { encodeStartup } from '../../src/wire/postgres/startup.ts'

/** A client that has got as far as the SASL exchange, and reads one message at a time. */
export class Client {
  readonly #socket: TLSSocket
  readonly #framer = new Framer({ maxBytes: 100_000 })
  readonly #piece: number
  #chunks: AsyncIterator<Uint8Array>

  /** Sends `piece` bytes at a time, each a TLS record of its own. */
  constructor(socket: TLSSocket, piece: number) {
    this.#socket = socket
    this.#piece = piece
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  }

  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += this.#piece) this.#socket.write(bytes.subarray(at, at + this.#piece))
  }

  initial(data: string | null, mechanism = 'OAUTHBEARER'): void {
    this.send(
      encodeSaslInitial({ kind: 'saslInitialResponse', mechanism, data: data === null ? null : Buffer.from(data) }),
    )
  }

  async next(): Promise<ReturnType<typeof decodeServer>> {
    for (;;) {
      const frame: Frame | null = this.#framer.next()
      if (frame) return decodeServer(frame)
      const { value, done } = await this.#chunks.next()
      if (done) throw new Error('the connection ended')
      this.#framer.push(value)
    }
  }

  async error(): Promise<string> {
    const message = await this.next()
    if (message.kind !== 'errorResponse') throw new Error(`a ${message.kind} in place of an error`)
    return message.fields.map(([, text]) => text).join(' ')
  }

  end(): void {
    this.#socket.destroy()
  }
}

/** Up to the offer of SASL mechanisms, over TLS. */
export async function knockAt(
  { port, ca }: { readonly port: number; readonly ca: string },
  mechanisms: readonly string[],
  piece = Number.MAX_SAFE_INTEGER,
): Promise<Client> {
  const bare = connect(port, '127.0.0.1')
  bare.write(encodeStartup({ kind: 'sslRequest' }))
  await new Promise((done) => bare.once('readable', done))
  bare.read(1)
  const socket = tlsConnect({ socket: bare, ca: readFileSync(ca), servername: 'localhost' })
  const client = new Client(socket, piece)
  const parameters: [string, string][] = [
    ['user', 'alice/shop-db'],
    ['database', 'app'],
  ]
  client.send(encodeStartup({ kind: 'startupMessage', minor: 0, parameters }))
  const offered = await client.next()
  if (offered.kind !== 'authenticationSasl' || offered.mechanisms.join() !== mechanisms.join()) {
    throw new Error(`not the offer that was expected: ${JSON.stringify(offered)}`)
  }
  return client
}

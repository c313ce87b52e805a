import { readFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'

const EMPTY = Buffer.alloc(0)

/** Arguments of a pass-through: server port, certificate, key, and the column that it overwrites, if any. */
export function relayArguments(): {
  readonly serverPort: number
  readonly secureContext: SecureContext
  readonly column: number
} {
  const [serverPort, cert, key, masked] = process.argv.slice(2) as [string, string, string, string?]
  const secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
  return { serverPort: Number(serverPort), secureContext, column: masked === undefined ? -1 : Number(masked) }
}

/**
 * Cuts a stream into whole messages; what is left of a message waits for the next chunk. `endOf` gives where the message
 * at an offset ends, once its header is there.
 */
export function framer(
  headerBytes: number,
  endOf: (bytes: Buffer, at: number) => number,
  onMessage: (bytes: Buffer, at: number) => void,
): (chunk: Buffer) => Buffer {
  let rest: Buffer = EMPTY
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (at + headerBytes <= bytes.length) {
      const end = endOf(bytes, at)
      if (end > bytes.length) break
      onMessage(bytes, at)
      at = end
    }
    rest = at === bytes.length ? EMPTY : bytes.subarray(at)
    return bytes.subarray(0, at)
  }
}

/** Both directions until one side ends, with the pace of the slower one. */
export function join(
  client: TLSSocket,
  upstream: Socket,
  up: (chunk: Buffer) => Buffer,
  down: (chunk: Buffer) => Buffer,
): void {
  client.on('data', (chunk: Buffer) => {
    const bytes = up(chunk)
    if (bytes.length > 0 && !upstream.write(bytes)) client.pause()
  })
  upstream.on('data', (chunk: Buffer) => {
    const bytes = down(chunk)
    if (bytes.length > 0 && !client.write(bytes)) upstream.pause()
  })
  upstream.on('drain', () => client.resume())
  client.on('drain', () => upstream.resume())
  const close = () => {
    client.destroy()
    upstream.destroy()
  }
  for (const end of [client, upstream]) end.on('error', close).on('close', close)
}

/** Says on which port it listens, and ends when it is told to. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
  })
  process.on('SIGTERM', () => process.exit())
}

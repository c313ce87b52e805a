import type { Socket } from 'node:net'
import { SinkError } from '../sender.ts'

const KEEP_ALIVE_MS = 30_000
/** A receiver that does not end a connection of which it has read everything. */
const END_MS = 10_000

/** One connection to a receiver that says nothing. Rejects with `SinkError`. */
export class SyslogConnection {
  readonly #socket: Socket
  readonly #broken = Promise.withResolvers<never>()
  #open = true

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    // What it says is read, or its end would never come; nobody is told of it.
    socket.resume()
    socket.on('error', (error) => this.#fail(reasonOf(error)))
    socket.on('end', () => this.#fail('the receiver has closed the connection'))
    socket.on('close', () => this.#fail('the connection is closed'))
    // Rejections are told to who waits at that time.
    this.#broken.promise.catch(() => undefined)
  }

  /** False as soon as the receiver has ended it. */
  get isOpen(): boolean {
    return this.#open
  }

  ready(event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
    return this.#until(signal, (resolve) => this.#socket.once(event, () => resolve()))
  }

  /** Resolves when the system has taken all of it. */
  async write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (bytes.length === 0) return
    // Of an error the socket tells itself.
    await this.#until(signal, (resolve) => this.#socket.write(bytes, (error) => (error ? undefined : resolve())))
  }

  /** Ends our half; resolves when the receiver has ended its own, without an error in between. */
  async end(signal: AbortSignal): Promise<void> {
    if (!this.#open) return this.#broken.promise
    const ended = Promise.withResolvers<void>()
    const timer = setTimeout(() => ended.reject(new SinkError('the receiver does not close')), END_MS)
    this.#socket.removeAllListeners('end')
    this.#socket.once('end', () => {
      this.#open = false
      ended.resolve()
    })
    this.#socket.end()
    try {
      await this.#until(signal, (resolve, reject) => void ended.promise.then(resolve, reject))
    } finally {
      clearTimeout(timer)
    }
  }

  destroy(): void {
    this.#open = false
    this.#socket.destroy()
  }

  async #until(
    signal: AbortSignal,
    begin: (resolve: () => void, reject: (error: unknown) => void) => void,
  ): Promise<void> {
    const done = Promise.withResolvers<void>()
    const abort = () => done.reject(new SinkError('did not answer in time'))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    begin(done.resolve, done.reject)
    try {
      await Promise.race([done.promise, this.#broken.promise])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  #fail(why: string): void {
    if (!this.#open) return
    this.#open = false
    this.#broken.reject(new SinkError(why))
  }
}

/** A code of the system or of TLS: texts of the network may hold anything. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  return typeof error.code === 'string' && /^[A-Z_0-9]{1,64}$/.test(error.code)
    ? `can not be reached (${error.code})`
    : 'can not be reached, or may not be'
}

import type { Socket } from 'node:net'
import { SallyportError } from '../errors.ts'

/** Bytes that a server may send ahead of what was asked during a login. */
const UNREAD_BYTES_MAX = 1_048_576

/**
 * A socket during a login: what the server sends is read chunk by chunk, and an error, the end of the stream or the
 * deadline rejects the read and destroys the socket. Afterwards `release` gives the socket up, paused.
 */
export class Conversation {
  readonly socket: Socket
  readonly #timer: NodeJS.Timeout
  #chunks: Uint8Array[] = []
  #unread = 0
  #failure: SallyportError | undefined
  #waiting: PromiseWithResolvers<Uint8Array> | undefined
  #ended = false

  constructor(socket: Socket, afterMs: number) {
    this.socket = socket
    this.#timer = setTimeout(() => this.#fail('the database did not answer in time'), afterMs)
    socket.on('data', this.#onData).on('error', this.#onError).on('end', this.#onEnd).on('close', this.#onEnd)
    if (socket.destroyed) this.#onEnd()
    socket.resume()
  }

  /** True once the server has closed the connection by itself. */
  get ended(): boolean {
    return this.#ended
  }

  write(bytes: Uint8Array): void {
    if (this.#failure === undefined) this.socket.write(bytes)
  }

  /** The next bytes, at least one. Rejects with `SP-UPSTREAM`, or `SP-PROTOCOL` from a server that floods us. */
  next(): Promise<Uint8Array> {
    const chunk = this.#chunks.shift()
    if (chunk !== undefined) {
      this.#unread -= chunk.length
      return Promise.resolve(chunk)
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    this.#waiting = Promise.withResolvers<Uint8Array>()
    return this.#waiting.promise
  }

  /** Leaves the socket to the caller, paused; the answer is what was received and not read. */
  release(): Uint8Array<ArrayBuffer> {
    this.#detach()
    this.socket.pause()
    const rest = new Uint8Array(this.#unread)
    let at = 0
    for (const chunk of this.#chunks) {
      rest.set(chunk, at)
      at += chunk.length
    }
    return rest
  }

  destroy(): void {
    this.#detach()
    this.socket.destroy()
  }

  readonly #onData = (chunk: Uint8Array): void => {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) return waiting.resolve(chunk)
    this.#chunks.push(chunk)
    this.#unread += chunk.length
    if (this.#unread > UNREAD_BYTES_MAX) this.#end(new SallyportError('SP-PROTOCOL', 'the server sends unasked'))
  }

  readonly #onError = (error: Error): void => {
    this.#ended ||= 'code' in error && error.code === 'ECONNRESET'
    this.#fail('the connection to the database failed', error)
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#fail('the database closed the connection during the login')
  }

  #fail(detail: string, cause?: Error): void {
    this.#end(new SallyportError('SP-UPSTREAM', detail, { cause }))
  }

  #end(failure: SallyportError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.destroy()
    this.#waiting?.reject(failure)
    this.#waiting = undefined
  }

  #detach(): void {
    clearTimeout(this.#timer)
    const { socket } = this
    socket.off('data', this.#onData).off('error', this.#onError).off('end', this.#onEnd).off('close', this.#onEnd)
  }
}

/** Runs `work` on a socket; when it throws the socket is destroyed. */
export async function converse<T>(
  socket: Socket,
  afterMs: number,
  work: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  const conversation = new Conversation(socket, afterMs)
  try {
    return await work(conversation)
  } catch (error) {
    conversation.destroy()
    throw error
  }
}

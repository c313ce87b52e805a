import { ChunkQueue } from '../../bytes/chunk_queue.ts'
import { broken, HEADER_BYTES, readI32 } from './message.ts'

/** MAX_STARTUP_PACKET_LENGTH of the server: bytes after the length field of a packet that has no type byte. */
const MAX_STARTUP_BYTES = 10_000
const LENGTH_BYTES = 4
const EMPTY = new Uint8Array(0)

/** One whole message. `bytes` is all of it, `body` what follows the length; both are views. Startup has type 0. */
export interface Frame {
  readonly type: number
  readonly bytes: Uint8Array
  readonly body: Uint8Array
}

/** `count` whole messages of one type that lie side by side. */
export interface Run {
  readonly bytes: Uint8Array
  readonly count: number
}

/**
 * Cuts a byte stream into messages. A message inside one chunk is a view of that chunk; one that spans chunks is
 * gathered in a buffer of its own, which grows with what has arrived and never with what a length field claims.
 * Once `next` has answered null no pushed chunk is referenced any more except by the frames handed out.
 */
export class Framer {
  #maxBytes: number
  #chunk: Uint8Array = EMPTY
  #at = 0
  /** What came after the current chunk. */
  readonly #waiting = new ChunkQueue()
  #held: Uint8Array = EMPTY
  #heldBytes = 0

  /** `maxBytes` bounds one whole message, type and length included. */
  constructor(limits: { readonly maxBytes: number }) {
    this.#maxBytes = limits.maxBytes
  }

  /** Changes the bound from the next message on: small before the login, large after it. */
  limit(maxBytes: number): void {
    this.#maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#at === this.#chunk.length && this.#waiting.empty) {
      this.#chunk = chunk
      this.#at = 0
    } else {
      this.#waiting.push(chunk)
    }
  }

  /** Bytes received and not yet handed out. Not zero when TLS begins means that someone spoke before it. */
  get buffered(): number {
    return this.#heldBytes + this.#chunk.length - this.#at + this.#waiting.bytes
  }

  /** The next whole typed message, or null when more bytes are needed. A bad length throws `SP-PROTOCOL`. */
  next(): Frame | null {
    return this.#next(1, this.#maxBytes)
  }

  /** As `next`, for the packets before the login that carry no type byte. */
  nextStartup(): Frame | null {
    return this.#next(0, MAX_STARTUP_BYTES + LENGTH_BYTES)
  }

  /**
   * As many whole consecutive messages of `type` as the current chunk holds, at most `maxFrames`, as one view; null
   * when the next message is of another type or not whole. Rows that nobody rewrites pass without a frame each.
   */
  takeRun(type: number, maxFrames: number = Number.MAX_SAFE_INTEGER): Run | null {
    if (maxFrames < 1 || this.#peekType() !== type) return null
    const size = this.#heldBytes > 0 ? 0 : this.#sizeInChunk(1, this.#maxBytes)
    if (size === 0) return this.#single()
    const start = this.#at
    let at = start + size
    let count = 1
    const chunk = this.#chunk
    const last = chunk.length - HEADER_BYTES
    while (count < maxFrames && at <= last && chunk[at] === type) {
      const length = readI32(chunk, at + 1)
      // A bad length ends the run; the next call meets it first and throws.
      if (length < LENGTH_BYTES || length >= this.#maxBytes || at + 1 + length > chunk.length) break
      at += 1 + length
      count++
    }
    this.#at = at
    return { bytes: chunk.subarray(start, at), count }
  }

  #single(): Run | null {
    const frame = this.next()
    return frame === null ? null : { bytes: frame.bytes, count: 1 }
  }

  #peekType(): number | undefined {
    if (this.#heldBytes > 0) return this.#held[0]
    if (this.#at === this.#chunk.length) this.#advance()
    return this.#chunk[this.#at]
  }

  #next(prefix: number, maxBytes: number): Frame | null {
    for (;;) {
      const size = this.#heldBytes > 0 ? 0 : this.#sizeInChunk(prefix, maxBytes)
      if (size > 0) {
        const start = this.#at
        this.#at = start + size
        return frameOf(this.#chunk, start, size, prefix)
      }
      if (this.#gather(prefix, maxBytes)) return this.#release(prefix)
      if (!this.#advance()) return null
    }
  }

  /** Size of the next message when all of it lies in the current chunk, else 0. */
  #sizeInChunk(prefix: number, maxBytes: number): number {
    const available = this.#chunk.length - this.#at
    if (available < prefix + LENGTH_BYTES) return 0
    const size = sizeAt(this.#chunk, this.#at, prefix, maxBytes)
    return size <= available ? size : 0
  }

  /** Moves what the message still lacks out of the chunk; true when it is whole. */
  #gather(prefix: number, maxBytes: number): boolean {
    const header = prefix + LENGTH_BYTES
    this.#absorb(header)
    if (this.#heldBytes < header) return false
    const size = sizeAt(this.#held, 0, prefix, maxBytes)
    this.#absorb(size)
    return this.#heldBytes === size
  }

  #absorb(upTo: number): void {
    const take = Math.min(upTo - this.#heldBytes, this.#chunk.length - this.#at)
    if (take <= 0) return
    const need = this.#heldBytes + take
    if (need > this.#held.length) {
      const larger = new Uint8Array(Math.min(upTo, Math.max(need, this.#held.length * 2)))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(this.#chunk.subarray(this.#at, this.#at + take), this.#heldBytes)
    this.#heldBytes = need
    this.#at += take
  }

  #release(prefix: number): Frame {
    const frame = frameOf(this.#held, 0, this.#heldBytes, prefix)
    this.#held = EMPTY
    this.#heldBytes = 0
    return frame
  }

  /** Steps to the next queued chunk; false, and no reference to the spent one, when there is none. */
  #advance(): boolean {
    const next = this.#waiting.take()
    this.#at = 0
    this.#chunk = next ?? EMPTY
    return next !== undefined
  }
}

function frameOf(bytes: Uint8Array, start: number, size: number, prefix: number): Frame {
  return {
    type: prefix === 0 ? 0 : bytes[start]!,
    bytes: bytes.subarray(start, start + size),
    body: bytes.subarray(start + prefix + LENGTH_BYTES, start + size),
  }
}

/** Whole size of the message whose header stands at `at`: the length field counts itself but not the type byte. */
function sizeAt(bytes: Uint8Array, at: number, prefix: number, maxBytes: number): number {
  const length = readI32(bytes, at + prefix)
  if (length < LENGTH_BYTES) throw broken('a message length is below four')
  if (length + prefix > maxBytes) throw broken(`a message is larger than ${maxBytes} bytes`)
  return length + prefix
}

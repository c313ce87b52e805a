import { ChunkQueue } from '../../bytes/chunk_queue.ts'
import { CHUNK_BYTES, HEADER_BYTES, lengthAt } from './packets.ts'
import { broken } from './text.ts'

const EMPTY = new Uint8Array(0)
/** What a run's predicate is told of a payload that has no bytes. */
const NO_BYTE = -1

/**
 * One payload. `sequence` is the number of its last packet and `firstSequence` of its first; they differ only when it
 * took several. `bytes` is the packet as received, header included, or null when it took several; both are views.
 */
export interface Packet {
  readonly firstSequence: number
  readonly sequence: number
  readonly payload: Uint8Array
  readonly bytes: Uint8Array | null
}

/** `count` whole packets of one payload each that lie side by side and whose sequence numbers count on. */
export interface PacketRun {
  readonly bytes: Uint8Array
  readonly count: number
  readonly firstSequence: number
  readonly sequence: number
}

/**
 * Cuts a byte stream into payloads. One that lies inside a chunk is a view of that chunk; any other is gathered in a
 * buffer that grows with what has arrived and never with what a length field claims. The numbers within one payload
 * are checked here; that the first one is due is for the caller, who knows what was sent.
 */
export class PacketFramer {
  #maxBytes: number
  #chunk: Uint8Array = EMPTY
  #at = 0
  /** What came after the current chunk. */
  readonly #waiting = new ChunkQueue()
  /** Header of the packet being gathered. */
  readonly #header = new Uint8Array(HEADER_BYTES)
  #headerBytes = 0
  /** The first header and all payload bytes so far. */
  #held: Uint8Array = EMPTY
  #heldBytes = 0
  /** Where in `#held` the current packet ends; known once its header is whole. */
  #target = 0
  #packets = 0
  /** Bytes taken out of chunks for the payload being gathered. */
  #gathered = 0

  /** `maxPayloadBytes` bounds one payload, over all of its packets. */
  constructor(limits: { readonly maxPayloadBytes: number }) {
    this.#maxBytes = limits.maxPayloadBytes
  }

  /** Changes the bound from the next payload on: small before the login, large after it. */
  limit(maxPayloadBytes: number): void {
    this.#maxBytes = maxPayloadBytes
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

  /** Bytes received and not yet handed out. Not zero when TLS is about to begin means that they belong to TLS. */
  get buffered(): number {
    return this.#gathered + this.#chunk.length - this.#at + this.#waiting.bytes
  }

  /** The next whole payload, or null when more bytes are needed. A bad length or number throws `SP-PROTOCOL`. */
  next(): Packet | null {
    for (;;) {
      if (!this.#gathering) {
        const size = this.#sizeInChunk(this.#at)
        if (size > 0) return this.#slice(size)
      }
      if (this.#gather()) return this.#release()
      if (this.#at === this.#chunk.length && !this.#advance()) return null
    }
  }

  /**
   * As many whole consecutive packets as the current chunk holds whose payloads `accepts` takes by first byte (-1 when
   * there is none) and length, at most `maxPackets`, as one view; null when the next one is not taken, not whole in
   * this chunk, or of several packets. Rows that nobody rewrites pass without an object each.
   */
  takeRun(
    accepts: (firstByte: number, length: number) => boolean,
    maxPackets: number = Number.MAX_SAFE_INTEGER,
  ): PacketRun | null {
    if (this.#gathering) return null
    if (this.#at === this.#chunk.length) this.#advance()
    const chunk = this.#chunk
    const start = this.#at
    const firstSequence = chunk[start + 3] ?? 0
    let at = start
    let count = 0
    while (count < maxPackets) {
      const size = this.#sizeInChunk(at)
      if (size === 0 || chunk[at + 3] !== ((firstSequence + count) & 0xff)) break
      if (!accepts(size > HEADER_BYTES ? chunk[at + HEADER_BYTES]! : NO_BYTE, size - HEADER_BYTES)) break
      at += size
      count++
    }
    if (count === 0) return null
    this.#at = at
    return { bytes: chunk.subarray(start, at), count, firstSequence, sequence: (firstSequence + count - 1) & 0xff }
  }

  /** A header or a payload has begun outside the current chunk. */
  get #gathering(): boolean {
    return this.#gathered > 0
  }

  #slice(size: number): Packet {
    const start = this.#at
    const bytes = this.#chunk.subarray(start, start + size)
    this.#at = start + size
    const sequence = bytes[3]!
    return { firstSequence: sequence, sequence, payload: bytes.subarray(HEADER_BYTES), bytes }
  }

  /** Size of the packet at `at` with its header if it lies whole in the chunk and is the only one of its payload. */
  #sizeInChunk(at: number): number {
    const chunk = this.#chunk
    if (at + HEADER_BYTES > chunk.length) return 0
    const length = lengthAt(chunk, at)
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    if (length === CHUNK_BYTES || at + HEADER_BYTES + length > chunk.length) return 0
    return HEADER_BYTES + length
  }

  /** Moves out of the chunk what the payload still lacks; true when it is whole. */
  #gather(): boolean {
    for (;;) {
      if (this.#headerBytes < HEADER_BYTES) {
        if (!this.#gatherHeader()) return false
        this.#begin()
      }
      this.#absorb()
      if (this.#heldBytes < this.#target) return false
      if (lengthAt(this.#header, 0) < CHUNK_BYTES) return true
      this.#headerBytes = 0
    }
  }

  #gatherHeader(): boolean {
    while (this.#headerBytes < HEADER_BYTES && this.#at < this.#chunk.length) {
      this.#header[this.#headerBytes++] = this.#chunk[this.#at++]!
      this.#gathered++
    }
    return this.#headerBytes === HEADER_BYTES
  }

  /** Takes up a packet whose header has just become whole. */
  #begin(): void {
    const length = lengthAt(this.#header, 0)
    if (this.#packets === 0) {
      this.#held = Uint8Array.from(this.#header)
      this.#heldBytes = HEADER_BYTES
    } else if (this.#header[3] !== ((this.#held[3]! + this.#packets) & 0xff)) {
      throw broken('the packets of one payload are out of order')
    }
    this.#packets++
    this.#target = this.#heldBytes + length
    if (this.#target - HEADER_BYTES > this.#maxBytes) throw tooLarge(this.#maxBytes)
  }

  #absorb(): void {
    const take = Math.min(this.#target - this.#heldBytes, this.#chunk.length - this.#at)
    if (take <= 0) return
    const need = this.#heldBytes + take
    if (need > this.#held.length) {
      const larger = new Uint8Array(Math.min(this.#target, Math.max(need, this.#held.length * 2)))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(this.#chunk.subarray(this.#at, this.#at + take), this.#heldBytes)
    this.#heldBytes = need
    this.#at += take
    this.#gathered += take
  }

  #release(): Packet {
    const bytes = this.#held.subarray(0, this.#heldBytes)
    const packet = {
      firstSequence: bytes[3]!,
      sequence: this.#header[3]!,
      payload: bytes.subarray(HEADER_BYTES),
      bytes: this.#packets === 1 ? bytes : null,
    }
    this.#held = EMPTY
    this.#heldBytes = 0
    this.#headerBytes = 0
    this.#packets = 0
    this.#target = 0
    this.#gathered = 0
    return packet
  }

  /** Steps to the next queued chunk; false, and no reference to the spent one, when there is none. */
  #advance(): boolean {
    const next = this.#waiting.take()
    this.#at = 0
    this.#chunk = next ?? EMPTY
    return next !== undefined
  }
}

function tooLarge(maxBytes: number): Error {
  return broken(`a payload is larger than ${maxBytes} bytes`)
}

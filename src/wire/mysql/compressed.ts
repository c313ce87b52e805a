import { lengthAt } from './packets.ts'
import { broken } from './text.ts'

/** Length of what follows (3 bytes), sequence number, length before compression (3 bytes; "Compressed Packet"). */
export const FRAME_HEADER_BYTES = 7
const FRAME_MAX_BYTES = 0xffffff
/** Servers leave shorter pieces as they are (MIN_COMPRESS_LENGTH). */
const COMPRESS_FROM_BYTES = 50
const EMPTY = new Uint8Array(0)

/** One algorithm. The work is handed in: this layer only knows the frames around it. */
export interface Compression {
  readonly compress: (bytes: Uint8Array) => Uint8Array
  /** Answers at most `maxBytes`; throws whatever it likes where there would be more, or the bytes are malformed. */
  readonly decompress: (bytes: Uint8Array, maxBytes: number) => Uint8Array
}

/** The content of one frame: a piece of the stream of packets, cut anywhere. */
export interface Frame {
  readonly sequence: number
  readonly content: Uint8Array
}

/** A piece of the stream in as many frames as it needs, numbered from `firstSequence` on modulo 256. */
export function encodeFrames(bytes: Uint8Array, firstSequence: number, { compress }: Compression): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += FRAME_MAX_BYTES) {
    const piece = bytes.subarray(at, at + FRAME_MAX_BYTES)
    frames.push(encodeFrame(piece, firstSequence + frames.length, compress))
  }
  return frames
}

/** What does not become smaller goes as it is, which a length of 0 before compression says. */
function encodeFrame(piece: Uint8Array, sequence: number, compress: Compression['compress']): Uint8Array {
  const small = piece.length < COMPRESS_FROM_BYTES ? piece : compress(piece)
  const isPlain = small.length >= piece.length
  const content = isPlain ? piece : small
  const frame = new Uint8Array(FRAME_HEADER_BYTES + content.length)
  putLength(frame, 0, content.length)
  frame[3] = sequence
  putLength(frame, 4, isPlain ? 0 : piece.length)
  frame.set(content, FRAME_HEADER_BYTES)
  return frame
}

function putLength(target: Uint8Array, at: number, length: number): void {
  target[at] = length
  target[at + 1] = length >>> 8
  target[at + 2] = length >>> 16
}

/**
 * Cuts a byte stream into frames and opens them, one when asked, so that small bytes never become large ones that
 * nobody takes: a frame gives what it says it does, at most 16 MiB, or `SP-PROTOCOL`. What is held grows with what has
 * arrived and never with what a length field claims.
 */
export class FrameReader {
  readonly #decompress: Compression['decompress']
  #held: Uint8Array = EMPTY
  #from = 0
  #to = 0

  constructor({ decompress }: Pick<Compression, 'decompress'>) {
    this.#decompress = decompress
  }

  push(chunk: Uint8Array): void {
    const held = this.#to - this.#from
    if (this.#to + chunk.length > this.#held.length) {
      const room = held + chunk.length
      const target = room > this.#held.length ? new Uint8Array(Math.max(room, held * 2)) : this.#held
      target.set(this.#held.subarray(this.#from, this.#to))
      this.#held = target
      this.#from = 0
      this.#to = held
    }
    this.#held.set(chunk, this.#to)
    this.#to += chunk.length
  }

  /** The next whole frame, or null when more bytes are needed. Its content is the caller's to keep. */
  next(): Frame | null {
    const [at, held] = [this.#from, this.#held]
    if (this.#to - at < FRAME_HEADER_BYTES) return null
    const end = at + FRAME_HEADER_BYTES + lengthAt(held, at)
    if (end > this.#to) return null
    const bytes = held.slice(at + FRAME_HEADER_BYTES, end)
    const frame = { sequence: held[at + 3]!, content: this.#open(bytes, lengthAt(held, at + 4)) }
    this.#from = end
    if (end === this.#to) this.#empty()
    return frame
  }

  #empty(): void {
    this.#held = EMPTY
    this.#from = 0
    this.#to = 0
  }

  #open(bytes: Uint8Array, size: number): Uint8Array {
    if (size === 0) return bytes
    const content = this.#tryOpen(bytes, size)
    if (content?.length !== size) throw broken('a compressed packet does not hold what it says')
    return content
  }

  #tryOpen(bytes: Uint8Array, size: number): Uint8Array | null {
    try {
      return this.#decompress(bytes, size)
    } catch {
      return null
    }
  }
}

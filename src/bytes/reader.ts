import { SallyportError } from '../errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A bounded cursor over one message. Every read checks that the bytes are there first; what runs over the end
 * throws `SP-PROTOCOL`, so that a lying length field can end a session but never read past its message.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at: number
  readonly #end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = start
    this.#end = end
  }

  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  i16be(): number {
    return this.#view.getInt16(this.#advance(2))
  }

  u16be(): number {
    return this.#view.getUint16(this.#advance(2))
  }

  i32be(): number {
    return this.#view.getInt32(this.#advance(4))
  }

  u32be(): number {
    return this.#view.getUint32(this.#advance(4))
  }

  u16le(): number {
    return this.#view.getUint16(this.#advance(2), true)
  }

  u24le(): number {
    const at = this.#advance(3)
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16)
  }

  u32le(): number {
    return this.#view.getUint32(this.#advance(4), true)
  }

  u64le(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true)
  }

  /** A view of the next `length` bytes; no copy. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length)
    return this.#bytes.subarray(at, at + length)
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  peek(): number {
    if (this.remaining < 1) throw malformed('message ends early')
    return this.#view.getUint8(this.#at)
  }

  /** The bytes up to the next NUL, which is consumed and not returned. */
  untilNul(): Uint8Array {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end < 0 || end >= this.#end) throw malformed('a string has no terminating NUL')
    const value = this.#bytes.subarray(this.#at, end)
    this.#at = end + 1
    return value
  }

  /** NUL-terminated UTF-8. Invalid UTF-8 is refused: two readers of the same bytes must not see two texts. */
  cstring(): string {
    return decodeUtf8(this.untilNul())
  }

  /** Throws unless every byte of the message was read: trailing bytes are bytes that nobody judged. */
  expectEnd(): void {
    if (this.remaining !== 0) throw malformed(`${this.remaining} bytes after the end of the message`)
  }

  #advance(length: number): number {
    if (length < 0 || length > this.#end - this.#at) throw malformed('message ends early')
    const at = this.#at
    this.#at += length
    return at
  }
}

/** Strict UTF-8: an invalid sequence throws `SP-PROTOCOL`. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw malformed('text is not valid UTF-8')
  }
}

function malformed(detail: string): SallyportError {
  return new SallyportError('SP-PROTOCOL', detail)
}

const INITIAL_BYTES = 256

const utf8 = new TextEncoder()

/** Builds one message in a growing buffer. `finish` returns a view of what was written; the writer is then done. */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = INITIAL_BYTES) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  i16be(value: number): this {
    const at = this.#grow(2)
    this.#view.setInt16(at, value)
    return this
  }

  i32be(value: number): this {
    const at = this.#grow(4)
    this.#view.setInt32(at, value)
    return this
  }

  u16le(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  u24le(value: number): this {
    const at = this.#grow(3)
    this.#view.setUint16(at, value & 0xffff, true)
    this.#view.setUint8(at + 2, value >>> 16)
    return this
  }

  u32le(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  u64le(value: bigint): this {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value, true)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length)
    this.#bytes.set(value, at)
    return this
  }

  zeros(count: number): this {
    this.#grow(count)
    return this
  }

  text(value: string): this {
    return this.bytes(utf8.encode(value))
  }

  cstring(value: string): this {
    return this.text(value).u8(0)
  }

  /** Overwrites four bytes written earlier: a length that is known only at the end. */
  setI32be(at: number, value: number): void {
    this.#view.setInt32(at, value)
  }

  setU24le(at: number, value: number): void {
    this.#view.setUint16(at, value & 0xffff, true)
    this.#view.setUint8(at + 2, value >>> 16)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(by: number): number {
    const at = this.#length
    const need = at + by
    if (need > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(need, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = need
    return at
  }
}

export function encodeUtf8(text: string): Uint8Array {
  return utf8.encode(text)
}

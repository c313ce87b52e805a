const INITIAL_BYTES = 128

const utf8 = new TextEncoder()

/**
 * Builds one message. Integers are written by shifts: most messages are smaller than a DataView is dear. `finish`
 * returns a view of what was written; the writer is then done.
 */
export class MessageWriter {
  #bytes = new Uint8Array(INITIAL_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#bytes[at] = value
    return this
  }

  i16be(value: number): this {
    const at = this.#grow(2)
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
    return this
  }

  i32be(value: number): this {
    const at = this.#grow(4)
    this.setI32be(at, value)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length)
    this.#bytes.set(value, at)
    return this
  }

  text(value: string): this {
    return this.bytes(utf8.encode(value))
  }

  /** Overwrites four bytes written earlier: a length that is known only at the end. */
  setI32be(at: number, value: number): void {
    this.#bytes[at] = value >>> 24
    this.#bytes[at + 1] = value >>> 16
    this.#bytes[at + 2] = value >>> 8
    this.#bytes[at + 3] = value
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
    }
    this.#length = need
    return at
  }
}

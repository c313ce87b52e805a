const FIRST_BYTES = 256 * 1024

/** Bytes kept until they are on disk: after a failed sync the system may have dropped what was written. */
export class HeldBytes {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #end = 0

  get length(): number {
    return this.#end
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#end)
  }

  add(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + bytes.length))
      this.#bytes.copy(larger, 0, 0, this.#end)
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** The first bytes are on disk now. */
  drop(length: number): void {
    this.#bytes.copyWithin(0, length, this.#end)
    this.#end -= length
  }
}

const EMPTY = new Uint8Array(0)

/** Received chunks that wait for their turn, first in, first out. One that was taken is referenced no more. */
export class ChunkQueue {
  #chunks: Uint8Array[] = []
  #head = 0

  get empty(): boolean {
    return this.#head === this.#chunks.length
  }

  get bytes(): number {
    let bytes = 0
    for (let i = this.#head; i < this.#chunks.length; i++) bytes += this.#chunks[i]!.length
    return bytes
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
  }

  /** The next chunk, or undefined when there is none. */
  take(): Uint8Array | undefined {
    const next = this.#chunks[this.#head]
    if (next === undefined) return undefined
    this.#chunks[this.#head++] = EMPTY
    if (this.empty) {
      this.#chunks = []
      this.#head = 0
    }
    return next
  }
}

import { hash } from 'node:crypto'

/** RFC 6962, section 2.1. */
const HASH_BYTES = 32
const NODE = new Uint8Array(1 + 2 * HASH_BYTES)
NODE[0] = 1

/** The hash of an inner node. */
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  NODE.set(left, 1)
  NODE.set(right, 1 + HASH_BYTES)
  return digest(NODE)
}

/** As text of single bytes: a buffer for each hash costs four times the hash of a node. */
function digest(of: Uint8Array): Uint8Array {
  const text = hash('sha256', of, 'binary')
  const bytes = new Uint8Array(HASH_BYTES)
  for (let at = 0; at < HASH_BYTES; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** The leaf hash of an entry. */
export function entryHash(entry: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + entry.length)
  bytes.set(entry, 1)
  return digest(bytes)
}

/**
 * The roots of the largest complete subtrees over the leaves so far: all that is needed to go on with a tree, and as many
 * as its size has bits that are set.
 */
export class CompactRange {
  readonly #hashes: Uint8Array[]
  #size: number

  private constructor(size: number, hashes: readonly Uint8Array[]) {
    this.#size = size
    this.#hashes = [...hashes]
  }

  static empty(): CompactRange {
    return new CompactRange(0, [])
  }

  /** Throws a `RangeError` where the hashes are not those of a tree of that size. */
  static of(size: number, hashes: readonly Uint8Array[]): CompactRange {
    if (!Number.isSafeInteger(size) || size < 0 || hashes.length !== bitsSet(size)) {
      throw new RangeError(`${hashes.length} hashes are no compact range of ${size} leaves`)
    }
    if (hashes.some((one) => one.length !== HASH_BYTES)) throw new RangeError('a hash that is not SHA-256')
    return new CompactRange(size, hashes)
  }

  get size(): number {
    return this.#size
  }

  /** Largest subtree first. */
  hashes(): Uint8Array[] {
    return [...this.#hashes]
  }

  copy(): CompactRange {
    return new CompactRange(this.#size, this.#hashes)
  }

  /** Takes the next leaf hash. The bytes are kept as they are: the caller must not write over them. */
  append(leaf: Uint8Array): void {
    let top = leaf
    // Sizes over 2^31 do not fit the bit operators.
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      top = nodeHash(this.#hashes.pop() as Uint8Array, top)
    }
    this.#hashes.push(top)
    this.#size += 1
  }

  root(): Uint8Array {
    let top = this.#hashes.at(-1)
    if (top === undefined) return hash('sha256', '', 'buffer')
    for (let at = this.#hashes.length - 2; at >= 0; at -= 1) top = nodeHash(this.#hashes[at] as Uint8Array, top)
    return top
  }
}

function bitsSet(size: number): number {
  let bits = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2
  return bits
}

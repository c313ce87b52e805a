import { CompactRange } from './merkle.ts'

/**
 * The proof that a larger tree continues a smaller one: RFC 6962, section 2.1.2. `before` is the tree over the first
 * lines, `leaves` are the leaf hashes of those that came after it.
 */
export function consistencyProof(before: CompactRange, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  const { size } = before
  if (size === 0 || leaves.length === 0) return []
  const peaks = peaksOf(before)
  const proof: Uint8Array[] = []
  const rootOf = (from: number, to: number): Uint8Array => {
    const peak = to <= size ? peaks.get(from) : undefined
    if (peak !== undefined) return peak
    const range = CompactRange.empty()
    for (const leaf of leaves.slice(from - size, to - size)) range.append(leaf)
    return range.root()
  }
  // SUBPROOF, from the whole tree down to where the smaller one ends.
  let from = 0
  let to = size + leaves.length
  while (to !== size) {
    const middle = from + halfOf(to - from)
    if (size <= middle) {
      proof.push(rootOf(middle, to))
      to = middle
    } else {
      proof.push(rootOf(from, middle))
      from = middle
    }
  }
  if (from > 0) proof.push(rootOf(from, to))
  return proof.reverse()
}

/** Each of the complete subtrees, by where it begins. */
function peaksOf(range: CompactRange): ReadonlyMap<number, Uint8Array> {
  const peaks = new Map<number, Uint8Array>()
  let from = 0
  for (const hash of range.hashes()) {
    peaks.set(from, hash)
    from += largestPower(range.size - from)
  }
  return peaks
}

/** The largest power of two below a number. */
function halfOf(count: number): number {
  const power = largestPower(count)
  return power === count ? power / 2 : power
}

function largestPower(count: number): number {
  let power = 1
  while (power * 2 <= count) power *= 2
  return power
}

interface Tree {
  readonly size: number
  readonly root: Uint8Array
}

/** Whether the larger tree continues the smaller one: RFC 9162, section 2.1.4.2. */
export function isConsistent(before: Tree, after: Tree, proof: readonly Uint8Array[]): boolean {
  if (before.size > after.size) return false
  if (before.size === after.size) return proof.length === 0 && isSame(before.root, after.root)
  if (before.size === 0) return proof.length === 0
  const path = largestPower(before.size) === before.size ? [before.root, ...proof] : [...proof]
  const [first, ...rest] = path
  if (first === undefined) return false
  let at = before.size - 1
  let last = after.size - 1
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  let [old, now] = [first, first]
  for (const hash of rest) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      old = nodeOf(hash, old)
      now = nodeOf(hash, now)
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)]
    } else now = nodeOf(now, hash)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && isSame(old, before.root) && isSame(now, after.root)
}

function nodeOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  const range = CompactRange.of(1, [left])
  range.append(right)
  return range.root()
}

function half(count: number): number {
  return Math.floor(count / 2)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

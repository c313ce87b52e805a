import { describe, expect, it } from 'vitest'
import { CompactRange, entryHash } from '../../src/audit/merkle.ts'
import { consistencyProof, isConsistent } from '../../src/audit/merkle_proof.ts'

const MAX = 40
const LEAVES = Array.from({ length: MAX }, (_, n) => entryHash(Buffer.from(`${n}`)))

function tree(size: number, leaves = LEAVES): CompactRange {
  const range = CompactRange.empty()
  for (const leaf of leaves.slice(0, size)) range.append(leaf)
  return range
}

function treeOf(range: CompactRange) {
  return { size: range.size, root: range.root() }
}

/** PROOF and SUBPROOF of RFC 6962, section 2.1.2, as they stand there. */
function naive(m: number, leaves: readonly Uint8Array[], isWhole: boolean): Uint8Array[] {
  const n = leaves.length
  if (m === n) return isWhole ? [] : [tree(n, [...leaves]).root()]
  let k = 1
  while (k * 2 < n) k *= 2
  if (m <= k) return [...naive(m, leaves.slice(0, k), isWhole), tree(n - k, leaves.slice(k)).root()]
  return [...naive(m - k, leaves.slice(k), false), tree(k, [...leaves]).root()]
}

describe('a proof of consistency', () => {
  it('is the one of RFC 6962, and holds, between all sizes', () => {
    for (let m = 1; m <= MAX; m += 1) {
      for (let n = m; n <= MAX; n += 1) {
        const proof = consistencyProof(tree(m), LEAVES.slice(m, n))
        expect(
          proof.map((one) => Buffer.from(one)),
          `${m} to ${n}`,
        ).toEqual(naive(m, LEAVES.slice(0, n), true).map((one) => Buffer.from(one)))
        expect(isConsistent(treeOf(tree(m)), treeOf(tree(n)), proof), `${m} to ${n}`).toBe(true)
      }
    }
    expect(isConsistent(treeOf(tree(0)), treeOf(tree(5)), [])).toBe(true)
  })

  it('does not hold for another history, another size, or with another hash', () => {
    const other = LEAVES.with(2, LEAVES[0]!)
    for (let m = 1; m < 20; m += 1) {
      for (let n = m; n < 20; n += 1) {
        const proof = consistencyProof(tree(m), LEAVES.slice(m, n))
        const [before, after] = [treeOf(tree(m)), treeOf(tree(n))]
        if (m > 2) {
          expect(isConsistent(treeOf(tree(m, other)), after, proof)).toBe(false)
          expect(isConsistent(before, treeOf(tree(n, other)), proof)).toBe(false)
        }
        expect(isConsistent(before, after, [...proof, LEAVES[0]!])).toBe(false)
        if (n > m) expect(isConsistent(after, before, proof)).toBe(false)
        for (const index of proof.keys()) {
          expect(isConsistent(before, after, proof.with(index, entryHash(Buffer.from('x'))))).toBe(false)
          expect(isConsistent(before, after, proof.toSpliced(index, 1))).toBe(false)
        }
      }
    }
  })
})

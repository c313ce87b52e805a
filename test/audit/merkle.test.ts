import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CompactRange, entryHash } from '../../src/audit/merkle.ts'

/** RFC 6962, section 2.1, as it stands there. */
function treeHash(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0) return sha256()
  if (entries.length === 1) return sha256(Uint8Array.of(0), entries[0]!)
  let half = 1
  while (half * 2 < entries.length) half *= 2
  return sha256(Uint8Array.of(1), treeHash(entries.slice(0, half)), treeHash(entries.slice(half)))
}

function sha256(...parts: Uint8Array[]): Buffer {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest()
}

function rangeOf(entries: readonly Uint8Array[]): CompactRange {
  const range = CompactRange.empty()
  for (const entry of entries) range.append(entryHash(entry))
  return range
}

describe('the tree', () => {
  it('known answers', () => {
    const root = (lines: string[]) =>
      Buffer.from(rangeOf(lines.map((line) => Buffer.from(line))).root()).toString('base64')
    expect(root([])).toBe('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
    expect(root(['{"n":0}', '{"n":1}', '{"n":2}'])).toBe('LP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=')
  })

  it('has the root of RFC 6962 at every size, and goes on from its hashes', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 70 })
    fc.assert(
      fc.property(entries, fc.nat(), (all, from) => {
        const at = all.length === 0 ? 0 : from % all.length
        const first = rangeOf(all.slice(0, at))
        expect(Buffer.from(first.root())).toEqual(treeHash(all.slice(0, at)))
        const next = CompactRange.of(first.size, first.hashes())
        for (const entry of all.slice(at)) next.append(entryHash(entry))
        expect(next.size).toBe(all.length)
        expect(Buffer.from(next.root())).toEqual(treeHash(all))
        expect(first.size).toBe(at)
      }),
    )
  })

  it('a copy goes its own way', () => {
    const range = rangeOf([Buffer.from('a')])
    const copy = range.copy()
    copy.append(entryHash(Buffer.from('b')))
    expect([range.size, copy.size]).toEqual([1, 2])
    expect(Buffer.from(range.root())).toEqual(treeHash([Buffer.from('a')]))
  })

  it('goes on beyond 2^31 leaves', () => {
    const leaf = entryHash(Buffer.from('a'))
    const range = CompactRange.of(2 ** 33 + 1, [leaf, leaf])
    range.append(leaf)
    expect(range.hashes()).toHaveLength(2)
    expect(range.size).toBe(2 ** 33 + 2)
  })

  it.each([
    [1, []],
    [3, [new Uint8Array(32)]],
    [-1, []],
    [0.5, []],
    [1, [new Uint8Array(31)]],
  ])('%s leaves with hashes that do not fit are refused', (size, hashes) => {
    expect(() => CompactRange.of(size, hashes)).toThrow(RangeError)
  })
})

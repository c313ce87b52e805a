import { describe, expect, it } from 'vitest'
import { isCheap, WHOLE_TEXT, WITHIN_TEXT } from '../../src/config/pattern_cost.ts'

const SOON_MS = 2_000
const PRESETS = [
  '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  'INC\\d{7,20}',
  '[A-Z][A-Z0-9_]{1,30}-[1-9]\\d{0,9}',
  '[0-9A-HJKMNP-TV-Z]{26}',
]

describe('a pattern that can not hold a node up', () => {
  it.each([
    ...PRESETS,
    'A|B',
    '[A-Z]+-\\d+',
    '(OPS|SEC|INC)-\\d{1,9}',
    '[A-Z]+-\\d+(\\.\\d+)?',
    '(?:CHG|INC)\\d+|#\\d+',
    '(?<key>[A-Z]{2,10})-(?<number>\\d+)',
    '\\p{Lu}+-\\p{Nd}+',
    '\\u{41}+[\\]\\)+*]?x',
    '(ab)*',
    '(?=X)[^(]*',
    '.*?x',
  ])('is taken: %s', (pattern) => {
    new RegExp(pattern, 'u')
    expect(isCheap(pattern, WHOLE_TEXT)).toBe(true)
  })

  it.each([
    '(a+)+',
    '(a*)*b',
    '([A-Z]+-?)+\\d',
    '(a|a)*b',
    '(a|b|ab)*c',
    '(.*)*x',
    '((ab)+)+',
    '(?:a{0,9}){5,}',
    '(a?){40}a{40}',
    `${'a?'.repeat(40)}b`,
    '.*.*.*.*x',
    '\\d+\\d+\\d+\\d+!',
    '(?=(a+)+$)a',
    '(?<!(x+)*)y',
    '(?i:(a+)+)b',
    '(\\p{L}+)+!',
    '([)]+)+!',
    '(?<name>(a+)+)!',
  ])('is not taken: %s', (pattern) => {
    new RegExp(pattern, 'u')
    expect(isCheap(pattern, WHOLE_TEXT)).toBe(false)
  })

  it('says no in time, as bad as it may be', () => {
    for (const pattern of ['.*.*.*x', '(?:a*a*a*)?b?!', 'a*[ab]*[abc]*(x|y|z|w)', '(a?){10}a*!']) {
      expect(isCheap(pattern, WHOLE_TEXT)).toBe(true)
      const began = performance.now()
      expect(new RegExp(`^(?:${pattern})$`, 'u').test('a'.repeat(WHOLE_TEXT.characters))).toBe(false)
      expect(performance.now() - began).toBeLessThan(SOON_MS)
    }
  })

  it('looks for less within a longer text', () => {
    const [most, more] = ['.*.*x', '.*.*.*x']
    expect([isCheap(most, WITHIN_TEXT), isCheap(more, WITHIN_TEXT)]).toEqual([true, false])
    const began = performance.now()
    expect(new RegExp(most, 'u').test('a'.repeat(WITHIN_TEXT.characters))).toBe(false)
    expect(performance.now() - began).toBeLessThan(SOON_MS)
  })
})

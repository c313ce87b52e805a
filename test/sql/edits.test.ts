import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEdits, clientPosition } from '../../src/sql/edits.ts'

describe('positions of the sent text in the client text', () => {
  const text = "SELECT 'é😀', a FROM users WHERE bad"
  const start = text.indexOf('users')
  const sent = applyEdits(text, [{ start, end: start + 5, text: '(SELECT 😀 FROM "shop"."users") AS "users"' }])!
  const at = (fragment: string) => [...sent.text.slice(0, sent.text.indexOf(fragment))].length + 1
  const was = (fragment: string) => [...text.slice(0, text.indexOf(fragment))].length + 1

  test.each([
    ['before a replacement', at("', a FROM"), was("', a FROM")],
    ['at its start', at('(SELECT'), was('users')],
    ['inside it', at('"shop"'), was('users')],
    ['after it', at('bad'), was('bad')],
    ['at the end of the text', [...sent.text].length + 1, [...text].length + 1],
  ])('%s', (_name, position, expected) => {
    expect(clientPosition(text, sent, position)).toBe(expected)
  })

  test.each([0, -1, 1.5, Number.NaN, 1000])('%s lies outside', (position) => {
    expect(clientPosition(text, sent, position)).toBeNull()
  })

  test('overlapping replacements are none', () => {
    expect(
      applyEdits('abc', [
        { start: 0, end: 2, text: 'x' },
        { start: 1, end: 3, text: 'y' },
      ]),
    ).toBeNull()
  })

  test('characters that were kept map back to themselves', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))), (pairs) => {
        const kept = pairs.map(([keep]) => keep).join('|')
        let unit = 0
        const edits = pairs.map(([keep, insert]) => {
          unit += keep.length + 1
          return { start: Math.min(unit, kept.length), end: Math.min(unit, kept.length), text: insert }
        })
        const rewritten = applyEdits(kept, edits)!
        const characters = [...rewritten.text]
        const inserted = new Set(rewritten.edits.flatMap(({ to }) => range(to.start, to.end)))
        let offset = 0
        for (const [index, character] of characters.entries()) {
          const position = clientPosition(kept, rewritten, index + 1)
          if (!inserted.has(offset)) expect([...kept][position! - 1]).toBe(character)
          offset += character.length
        }
      }),
    )
  })
})

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index)
}

import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BoundParameters } from '../../src/audit/bound_values.ts'
import { chainLine, newChain } from '../../src/audit/chain.ts'
import type { AuditEvent, StatementText } from '../../src/audit/event.ts'
import { recordsApart, recordsOf } from '../../src/audit/project.ts'
import { Opener, publicKeyOf, SEALED_TEXT, SEALER_RANDOM_BYTES, Sealer } from '../../src/audit/seal.ts'
import { StoredTexts } from '../../src/audit/stored_texts.ts'
import { decision, PRODUCT } from './events.ts'

const MAX_LINE_BYTES = 65_535
const SECRET = new Uint8Array(32).fill(7)
const sealer = new Sealer(publicKeyOf(SECRET), randomBytes(SEALER_RANDOM_BYTES))
const opener = new Opener(SECRET)

// biome-ignore lint/suspicious/noExplicitAny: what a line holds is what is tested.
type Line = Record<string, any>

/** The lines that a log would have, each within the bound. */
function linesOf(event: AuditEvent): Line[] {
  let state = newChain('node-1')
  return recordsOf(event, PRODUCT, () => sealer).map((record) => {
    const next = chainLine(state, record)
    state = next.state
    expect(Buffer.byteLength(next.line)).toBeLessThanOrEqual(MAX_LINE_BYTES)
    return JSON.parse(next.line)
  })
}

function captured(text: string, more: Partial<StatementText> = {}): StatementText {
  return { normalized: 'SELECT ?', sha256: 'ab', bytes: 1, full: text, ...more }
}

/** What the records of a decision say that its texts are, put together again from their pieces. */
function textOf(lines: Line[], of: string): string {
  const pieces = lines.flatMap(({ unmapped }) => (unmapped.jit.text?.of === of ? [unmapped.jit.text] : []))
  expect(pieces.map(({ index }) => index)).toEqual(pieces.map((_, index) => index))
  expect(pieces.every(({ count }) => count === pieces.length)).toBe(true)
  return pieces.map((piece) => piece.text ?? opener.openText(piece.sealed)).join('')
}

/** Texts of up to some megabytes, with all that JSON and UTF-8 find hard. */
const texts = fc
  .tuple(
    fc.array(fc.constantFrom('a', '\u0000', '"\\\n', 'é', '€', '𝄞', '\ud800', '\udfff', '\u2028', 'SELECT 1;\t'), {
      minLength: 1,
      maxLength: 12,
    }),
    fc.integer({ min: 1, max: 40_000 }),
    fc.string({ unit: 'binary', maxLength: 50 }),
  )
  .map(([parts, times, end]) => parts.join('').repeat(times) + end)

describe('a text', () => {
  it('of any length is there in full, in lines that a log takes', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const lines = linesOf(decision({ statement: captured(text) }))
        const { query_info, unmapped, metadata } = lines.at(-1) ?? {}
        const { statement } = unmapped.jit
        if (text.length <= 3000) {
          expect([lines.length, query_info.query_string]).toEqual([1, text])
          return
        }
        expect(textOf(lines, 'statement') === text).toBe(true)
        expect(statement.text).toEqual({
          sha256: createHash('sha256').update(text).digest('hex'),
          chars: text.length,
        })
        expect(query_info.query_string).toBe(text.slice(0, 3000))
        expect(metadata.is_truncated).toBe(true)
        expect(new Set(lines.map((line) => line.metadata.uid)).size).toBe(lines.length)
      }),
      { numRuns: 60 },
    )
  }, 30_000)

  it('that is sealed is there in full for who has the key, and for nobody else', () => {
    const secret = 'Jane Roe, 078-05-1120'
    for (const times of [1, 200, 40_000]) {
      const text = `SELECT '${`${secret} €𝄞`.repeat(times)}'`
      const lines = linesOf(decision({ statement: captured(text, { sealed: true }) }))
      const { query_info, unmapped } = lines.at(-1) ?? {}
      const { statement } = unmapped.jit
      expect(JSON.stringify(lines)).not.toContain('078-05')
      expect(query_info.query_string).toBe('SELECT ?')
      expect(statement).toMatchObject({ capture: 'sealed', sha256: 'ab' })
      const opened = statement.sealed ? opener.openText(statement.sealed) : textOf(lines, 'sealed_statement')
      expect(opened === text).toBe(true)
    }
  })

  it('is refused rather than kept in clear where there is no key to seal to', () => {
    const event = decision({ statement: captured('SELECT 1', { sealed: true }) })
    expect(() => recordsOf(event, PRODUCT)).toThrow('no key')
  })

  it('with a password in it is redacted before it is sealed', () => {
    const sealed = JSON.stringify(linesOf(decision({ statement: captured("SET PASSWORD = 'x'", { sealed: true }) })))
    expect(sealed.match(SEALED_TEXT)?.map((text) => opener.openText(text))).toEqual(["SET PASSWORD = '***'"])
    expect(sealed).toContain('"sha256":null')
  })
})

describe('a long text', () => {
  const long = decision({ statement: captured('x'.repeat(100_000)) })
  const [record] = recordsApart(long, PRODUCT)

  it('is written once a segment, before the first record that refers to it', () => {
    const stored = new StoredTexts()
    if (record === undefined) throw new Error('no record')
    const first = stored.withTexts(record).length
    expect(first).toBeGreaterThan(2)
    expect(stored.withTexts(record)).toEqual([record])
    stored.written()
    expect(stored.withTexts(record)).toEqual([record])
    stored.clear()
    expect(stored.withTexts(record)).toHaveLength(first)
  })

  it('is written again after a batch that failed', () => {
    const stored = new StoredTexts()
    if (record === undefined) throw new Error('no record')
    const first = stored.withTexts(record).length
    stored.failed()
    expect(stored.withTexts(record)).toHaveLength(first)
  })

  it('and its sealed form are two', () => {
    const both = decision({
      statement: captured('y'.repeat(5000), { sealed: true, normalized: 'y'.repeat(5000) }),
    })
    const lines = linesOf(both)
    expect(textOf(lines, 'statement')).toBe(textOf(lines, 'sealed_statement'))
  })
})

describe('parameters', () => {
  const given: BoundParameters = { count: 3, types: ['int4', null, 'text'], values: ['5', null, 'Jane'] }
  const shown = (statement: StatementText, parameters = given): Line | undefined =>
    linesOf(decision({ statement, parameters })).at(-1)?.unmapped.jit.parameters

  it('are counted, kept or sealed as the text is', () => {
    const { values, ...count } = given
    expect(shown(captured('x', { full: null }))).toEqual(count)
    expect(shown(captured('x'))).toEqual(given)
    const { sealed, ...rest } = shown(captured('x', { sealed: true })) ?? {}
    expect(rest).toEqual(count)
    expect(JSON.parse(opener.openText(sealed))).toEqual({ values })
  })

  it('are left out, and that is said, where the statement may hold a password', () => {
    const shownFor = shown(captured('ALTER USER x IDENTIFIED BY ?', { sealed: true }))
    expect(shownFor).toEqual({ count: 3, types: given.types, withheld: 'may hold a secret' })
  })

  it('that are long stand in pieces of their own', () => {
    const long: BoundParameters = { count: 1, types: [null], values: ['\u0007'.repeat(60_000), 'end'] }
    for (const sealed of [{}, { sealed: true as const }]) {
      const lines = linesOf(decision({ statement: captured('x', sealed), parameters: long }))
      expect(JSON.parse(textOf(lines, 'parameters'))).toEqual({ values: long.values })
      expect(lines.at(-1)?.unmapped.jit.parameters).toMatchObject({ count: 1, text: { chars: expect.any(Number) } })
    }
  })
})

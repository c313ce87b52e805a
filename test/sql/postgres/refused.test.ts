import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { analyze, one, PARSER_15, PARSER_18 } from './parsers.ts'

const REFUSED: readonly (readonly [string, string])[] = [
  ['SELECT FROM WHERE', 'SP-SYNTAX'],
  ["SELECT 'a", 'SP-SYNTAX'],
  ['SELECT 1\0 FROM users', 'SP-SYNTAX'],
  ["SELECT '\ud800'", 'SP-SYNTAX'],
  ['SELECT * FROM nothing', 'SP-NAME'],
  ['SELECT * FROM other.shop.users', 'SP-NAME'],
  ['SELECT * FROM pg_temp.users', 'SP-NAME'],
  ['SELECT u.email FROM users', 'SP-NAME'],
  ['SELECT shop.users.email FROM users u', 'SP-NAME'],
  ['SELECT nothing FROM users', 'SP-COLUMN'],
  ['SELECT u.lower FROM users u', 'SP-COLUMN'],
  ['SELECT (u).lower FROM users u', 'SP-COLUMN'],
  ['SELECT id FROM users, tenants', 'SP-AMBIGUOUS'],
  ['SELECT 1 FROM users u, tenants u', 'SP-AMBIGUOUS'],
  ['SELECT (SELECT email FROM unnest(ARRAY[t]) AS email) FROM users u, tenants t', 'SP-AMBIGUOUS'],
  ['SELECT * FROM f_users()', 'SP-OPAQUE'],
  ['SELECT * FROM pg_stat_get_activity(NULL)', 'SP-OPAQUE'],
  ['SELECT * FROM unnest(ARRAY[(SELECT u FROM users u LIMIT 1)]) x', 'SP-OPAQUE'],
  ["SET TRANSACTION SNAPSHOT 'x'", 'SP-OPAQUE'],
  ["COPY users TO '/tmp/x'", 'SP-EXPORT'],
  ["COPY users FROM PROGRAM 'id'", 'SP-EXPORT'],
  ['TRUNCATE nothing', 'SP-NAME'],
  ['EXPLAIN LISTEN c', 'SP-SYNTAX'],
  ['EXPLAIN SELECT nothing FROM users', 'SP-COLUMN'],
  ['EXECUTE p((SELECT email FROM users))', 'SP-OPAQUE'],
  [
    `WITH a0 AS (SELECT * FROM users)${Array.from({ length: 40 }, (_, n) => `, a${n + 1} AS (SELECT x.*, x.* FROM a${n} x)`).join('')} SELECT 1`,
    'SP-OPAQUE',
  ],
  [`SELECT ${'1 || '.repeat(1000)} 1`, 'SP-OPAQUE'],
  [`SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`, 'SP-SYNTAX'],
  [`SELECT ${'1+'.repeat(20_000)}1`, 'SP-OPAQUE'],
]

describe('refusals', () => {
  test.each(REFUSED)('%.80s', (sql, code) => {
    for (const parser of [PARSER_15, PARSER_18]) {
      const facts = one(sql, parser)
      expect([facts.kind, facts.opaque?.code]).toEqual(['opaque', code])
    }
  })

  test('one opaque part leaves the others as they are', () => {
    expect(analyze('SELECT 1; SELECT x; SELECT 2').statements.map((facts) => facts.kind)).toEqual([
      'select',
      'opaque',
      'select',
    ])
  })

  test.each([
    ["SELECT 'a piece of a secret", 'unterminated quoted string at character 8'],
    ["SELECT 'ü' FROM 'secret' x", 'syntax error at character 17'],
    ["SELECT 'O'Secret'", 'unterminated quoted string at character 17'],
    ['CREATE ROLE r SECRET', 'unrecognized role option at character 15'],
  ])('what does not parse is named by its place: %s', (sql, reason) => {
    for (const parser of [PARSER_15, PARSER_18]) expect(one(sql, parser).opaque?.reason).toBe(reason)
  })

  test('an empty message has no statement', () => {
    for (const sql of ['', ' ', ';', '-- x']) expect(analyze(sql).statements).toEqual([])
  })
})

const PIECES = [
  'SELECT',
  'email',
  'FROM',
  'users',
  'shop.users',
  'u',
  'AS',
  '(',
  ')',
  ',',
  '*',
  'JOIN',
  'ON',
  'true',
  'WHERE',
  '=',
  "'é'",
  '"Mixed Case"',
  'ORDER BY',
  '1',
  'UNION ALL',
  'LATERAL',
  'ONLY',
  'WITH x AS',
  '/* é */',
  '\u{1f600}',
  'U&"us\\0065rs"',
  'TABLE',
  ';',
]

describe('any text', () => {
  test('never throws, and the spans hold the names', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }), (words) => {
        checkSpans(words.join(' '))
      }),
      { numRuns: 1500 },
    )
  })

  test('mutations of real statements never throw', () => {
    const seeds = ["SELECT é.email, 'ü' FROM ONLY (shop.users) é, orders * o WHERE é.id = o.id", 'TABLE U&"us\\0065rs"']
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.nat(80), fc.string({ maxLength: 3 }), (seed, at, insert) => {
        checkSpans(seed.slice(0, at) + insert + seed.slice(at + 1))
      }),
      { numRuns: 800 },
    )
  })
})

function checkSpans(text: string): void {
  for (const facts of analyze(text).statements) {
    for (const use of facts.uses) {
      const written = text.slice(use.span.start, use.span.end)
      expect(written.toLowerCase().includes(use.relation.name.toLowerCase()) || /u&/i.test(written)).toBe(true)
    }
  }
}

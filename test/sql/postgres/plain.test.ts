import { describe, expect, test } from 'vitest'
import { one, PARSER_15, PARSER_18 } from './parsers.ts'

const PLAIN: readonly string[] = [
  'SELECT * FROM users',
  'SELECT id, full_name AS n, 5, $1, NULL FROM users WHERE id = 5',
  "SELECT id FROM users WHERE id = $1 AND (status = 'x' OR NOT opt_in) AND dob IS NOT NULL",
  "SELECT id FROM users WHERE country IN ('a', $1, NULL) AND id BETWEEN 1 AND 9 ORDER BY created_at, 1 LIMIT 5",
  "SELECT id FROM users WHERE dob >= '2020-01-01'::date AND status = 'a'::text AND id <> ALL ($1)",
  'SELECT u.id FROM users u JOIN orders o ON o.user_id = u.id LEFT JOIN cases USING (user_id) WHERE u.id = ANY ($1)',
  'SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.id > 5)',
  'SELECT id FROM users WHERE id IN (SELECT user_id FROM orders)',
  'WITH q AS (SELECT id AS k FROM users) SELECT k FROM q WHERE k = 9999999999',
  'SELECT status FROM users GROUP BY status',
  'SELECT DISTINCT status FROM (SELECT * FROM users) q WHERE status IS DISTINCT FROM $1',
  'SELECT id FROM users WHERE id = 1 FOR UPDATE',
]

const OTHERS: readonly string[] = [
  'SELECT count(*) FROM users',
  'SELECT id FROM users WHERE id + 1 = 5',
  'SELECT id FROM users WHERE id = 5.5',
  'SELECT id FROM users WHERE id IN (1, 2.5)',
  'SELECT id FROM users WHERE id = $1::int',
  'SELECT id FROM users WHERE id::text = $1',
  "SELECT id FROM users WHERE id = '5'::text::int",
  "SELECT id FROM users WHERE full_name LIKE 'a%'",
  "SELECT id FROM users WHERE full_name ~ 'a'",
  'SELECT id FROM users WHERE full_name = \'a\' COLLATE "C"',
  'SELECT id FROM users WHERE dob = created_at',
  'SELECT id FROM orders WHERE total = 5',
  'SELECT id FROM users WHERE (id, status) = (1, $1)',
  'SELECT id FROM users u WHERE u IS NOT NULL',
  'SELECT id FROM users WHERE created_at < now()',
  'SELECT id FROM users WHERE dob < CURRENT_DATE',
  'SELECT id FROM users WHERE CASE WHEN opt_in THEN true ELSE false END',
  'SELECT id FROM users WHERE coalesce(status, $1) = $2',
  'SELECT id FROM users WHERE id = (SELECT user_id FROM orders)',
  'SELECT id FROM users WHERE id = ANY (SELECT id + 1 FROM orders)',
  'SELECT id FROM users WHERE dob IN (SELECT created_at FROM orders)',
  'SELECT id FROM users WHERE id = ANY (ARRAY[1, 2])',
  'SELECT id FROM users UNION SELECT id FROM orders',
  'SELECT id FROM users u, generate_series(1, 2) g',
  'SELECT rank() OVER (ORDER BY id) FROM users',
  'SELECT u.id FROM users u JOIN LATERAL (SELECT 1 / u.id AS v) q ON true',
  'SELECT id FROM users ORDER BY id USING <',
  'SELECT id FROM users ORDER BY id + 1',
  'SELECT u.id FROM users u JOIN orders o USING (created_at)',
  'SELECT d.id FROM documents d NATURAL JOIN documents e',
  'SELECT u FROM users u',
]

describe('what can tell nothing of a row that it runs on', () => {
  test.each(PLAIN)('%s', (sql) => {
    for (const parser of [PARSER_15, PARSER_18]) expect(one(sql, parser).plain).toBe(true)
  })

  test.each(OTHERS)('what can: %s', (sql) => {
    const facts = one(sql)
    expect(facts.plain ?? false).toBe(false)
  })

  test('a write is judged by what chooses its rows', () => {
    const update = one('UPDATE users SET status = upper(status) WHERE id = 5 RETURNING 1 / id')
    expect([update.plain, update.plainRows]).toEqual([false, true])
    const remove = one('DELETE FROM users WHERE 1 / id > 0')
    expect([remove.plain, remove.plainRows]).toEqual([false, false])
  })
})

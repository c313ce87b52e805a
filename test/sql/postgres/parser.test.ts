import { describe, expect, test } from 'vitest'
import { loadPostgresParser } from '../../../src/proxy/load_postgres_parser.ts'
import { columns, one } from './parsers.ts'

describe('the grammars', () => {
  test.each([
    [15, 15],
    [16, 16],
    [17, 17],
    [18, 18],
    [19, 18],
  ])('server %i is read with grammar %i', async (server, grammar) => {
    const parser = await loadPostgresParser(server)
    expect(parser.major).toBe(grammar)
    const facts = one(
      'WITH a AS (SELECT u.id, email FROM users u JOIN orders o USING (id)) SELECT email, count(*) OVER (ORDER BY id) FROM a ORDER BY id FETCH FIRST 1 ROWS WITH TIES',
      parser,
    )
    expect(columns(facts)).toEqual(['orders.id=computed', 'users.email=passed', 'users.id=computed'])
    expect(() => parser.parse('SELECT 1\0')).toThrow('NUL')
    expect(() => parser.parse('SELECT \ud800')).toThrow('Unicode')
    expect(parser.parse(' ')).toEqual({ stmts: [] })
  })

  test.each([14, 13, 0, 15.5])('%d is refused', async (major) => {
    await expect(loadPostgresParser(major)).rejects.toThrow('not supported')
  })
})

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, HIDDEN, READER } from './club.ts'

/**
 * An extension with a type of its own brings operators and functions under names that built-ins have (PostGIS, pgvector).
 * They stand in the search path for every statement, and only those near a value of that type can mean them.
 */
const OWN_SQL = [
  ...CLUB_SQL,
  `CREATE TYPE club.rank AS ENUM ('mate', 'captain')`,
  `CREATE FUNCTION public.same(club.rank, club.rank) RETURNS boolean LANGUAGE sql AS 'SELECT true'`,
  'CREATE OPERATOR public.= (LEFTARG = club.rank, RIGHTARG = club.rank, FUNCTION = public.same)',
  `CREATE FUNCTION public.length(club.rank) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
  // This one takes what is built in, and could be meant anywhere.
  `CREATE FUNCTION public.shout(int) RETURNS boolean LANGUAGE sql AS 'SELECT true'`,
  'CREATE OPERATOR public.~ (RIGHTARG = int, FUNCTION = public.shout)',
  'CREATE TABLE club.posts (id int PRIMARY KEY, held club.rank)',
  `INSERT INTO club.posts VALUES (1, 'mate')`,
]

let stack: PostgresStack
let client: pg.Client
beforeAll(async () => {
  const grants = () => [grantOf('alice', 'reader')]
  stack = await startPostgresStack({ setupSql: OWN_SQL, roles: [READER], masking: HIDDEN, grants })
  client = await stack.connect('alice')
})
afterAll(() => stack?.stop())

describe('operators and functions on a type that people made', () => {
  it.each([
    'SELECT name FROM club.boats WHERE id = 1',
    'SELECT name FROM club.boats WHERE id IN (1, 2)',
    "SELECT name FROM club.boats WHERE name = 'Alpha' OR 'a' = 'b'",
    'SELECT length(name) FROM club.boats',
    'SELECT b.name FROM club.boats b JOIN club.drafts d USING (id)',
    'SELECT id FROM club.posts',
  ])('are out of the question in %s', async (sql) => {
    await expect(client.query(sql)).resolves.toMatchObject({ command: 'SELECT' })
  })

  it.each([
    'SELECT id FROM club.posts WHERE held = held',
    "SELECT id FROM club.posts WHERE held = 'mate'",
    'SELECT b.id FROM club.boats b, club.posts p WHERE b.id = 1',
    'SELECT length(held) FROM club.posts',
    "SELECT length('mate')",
    'SELECT id OPERATOR(public.=) id FROM club.boats',
    "SELECT 'mate'::club.rank = 'mate'::club.rank",
    'SELECT ~ id FROM club.boats',
  ])('may be meant in %s', async (sql) => {
    await expect(client.query(sql)).rejects.toThrow(/\(SP-FUNCTION\)/)
  })
})

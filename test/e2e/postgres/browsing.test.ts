import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_POSTGRES } from '../../servers/postgres_major.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { type Asked, BROWSED_SQL, PSQL_18, REFUSED } from './browsing.ts'
import { DATAGRIP, DBEAVER } from './browsing_java.ts'
import { PGADMIN } from './browsing_pgadmin.ts'
import { CLUB_SQL, HIDDEN, READER } from './club.ts'

/** Under a narrow grant a client that browses gets what it gets straight from the server. */

let stack: PostgresStack
let through: pg.Client
let straight: pg.Client

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: [...CLUB_SQL, ...BROWSED_SQL],
    roles: [READER],
    masking: HIDDEN,
    grants: () => [grantOf('alice', 'reader')],
  })
  // Each value as the server wrote it.
  const types = { getTypeParser: () => String }
  through = await stack.connect('alice', { types })
  straight = await stack.direct({ types })
})
afterAll(() => stack?.stop())

async function answer(client: pg.Client, { sql, values }: Asked) {
  const results = await client.query({
    text: sql,
    rowMode: 'array',
    ...(values?.length ? { values: [...values] } : {}),
  })
  return [results].flat().map(({ command, fields, rows }) => ({
    command,
    fields: fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`),
    rows,
  }))
}

describe.each([
  ['DBeaver', DBEAVER] as const,
  ['pgAdmin 4', PGADMIN] as const,
  ['DataGrip', DATAGRIP] as const,
  // It asks an older server for what that one has.
  ...(DEFAULT_POSTGRES === 18 ? [['psql 18', PSQL_18] as const] : []),
])('%s', (_client, statements) => {
  it.each(statements)('$what: $sql', async (statement) => {
    expect(await answer(through, statement)).toEqual(await answer(straight, statement))
  })
})

describe('what is no part of browsing', () => {
  it('is left out of foreign servers: their options', async () => {
    const statement = { what: 'DBeaver', sql: 'SELECT l.oid, l.* FROM pg_catalog.pg_foreign_server l' }
    const [shown] = await answer(through, statement)
    const [straightforward] = await answer(straight, statement)
    const row: unknown[] = straightforward?.rows[0] ?? []
    expect(row.at(-1)).toContain('CANARY-SERVER')
    expect(shown).toEqual({ ...straightforward, rows: [[...row.slice(0, -1), null]] })
  })

  it.each(REFUSED)('$what: $sql', async (statement) => {
    await expect(answer(through, statement)).rejects.toMatchObject({
      code: '42501',
      message: expect.stringMatching(/\(SP-[A-Z]+\)$/),
    })
  })
})

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'

const WRITER = {
  name: 'writer',
  scope: [
    { schemas: ['yard'], tables: ['orders'], verbs: ['read'], where: [{ column: 'region', op: '=', values: ['EU'] }] },
    { schemas: ['yard'], tables: ['*'], exceptTables: ['safes'], verbs: ['read'] },
    { schemas: ['yard'], tables: ['lines'], verbs: ['insert', 'update'] },
  ],
}

let stack: PostgresStack
let alice: pg.Client

async function outcome(text: string): Promise<string> {
  return alice.query(text).then(
    () => 'done',
    (error: Error) => /SP-[A-Z]+/.exec(error.message)?.[0] ?? error.message,
  )
}

/** A foreign key answers whether the other table has a row with the value that is given. */
describe('foreign keys of a table that is written to', () => {
  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: [
        'CREATE SCHEMA yard',
        'CREATE TABLE yard.people (id int PRIMARY KEY, email text UNIQUE)',
        'CREATE TABLE yard.orders (id int, region text, PRIMARY KEY (id, region))',
        'CREATE TABLE yard.safes (id int PRIMARY KEY)',
        'CREATE TABLE yard.kinds (id int PRIMARY KEY)',
        `CREATE TABLE yard.lines (id int, email text REFERENCES yard.people (email), order_id int, region text,
           safe int REFERENCES yard.safes, kind int REFERENCES yard.kinds,
           FOREIGN KEY (order_id, region) REFERENCES yard.orders) PARTITION BY LIST (id)`,
        'CREATE TABLE yard.lines_rest PARTITION OF yard.lines DEFAULT',
        `INSERT INTO yard.people VALUES (1, 'a@b.example')`,
        `INSERT INTO yard.orders VALUES (1, 'EU'), (1, 'US')`,
        'INSERT INTO yard.safes VALUES (1)',
        'INSERT INTO yard.kinds VALUES (1)',
      ],
      roles: [WRITER],
      masking: { masks: [{ schemas: ['yard'], tables: ['people'], columns: ['email'], strategy: 'null' }] },
      grants: () => [grantOf('alice', 'writer')],
    })
    alice = await stack.connect('alice')
  })
  afterAll(() => stack?.stop())

  it.each([
    [`INSERT INTO yard.lines (id, email) VALUES (1, 'a@b.example')`, 'SP-MASKED'],
    [`INSERT INTO yard.lines (id, email) VALUES (1, 'no@b.example')`, 'SP-MASKED'],
    [`UPDATE yard.lines SET email = 'a@b.example' WHERE id = 1`, 'SP-MASKED'],
    [`INSERT INTO yard.lines (id, order_id, region) VALUES (1, 1, 'US')`, 'SP-SCOPE'],
    ['UPDATE yard.lines SET order_id = 1 WHERE id = 1', 'SP-SCOPE'],
    ['INSERT INTO yard.lines (id, safe) VALUES (1, 1)', 'SP-SCOPE'],
  ])('%s would be told whether a hidden row exists', async (text, code) => {
    expect(await outcome(text)).toBe(code)
  })

  it.each([
    `INSERT INTO yard.lines (id, order_id, region) VALUES (1, 1, 'EU')`,
    'INSERT INTO yard.lines (id, kind) VALUES (1, 1)',
    'INSERT INTO yard.lines (id, email, safe) VALUES (1, NULL, NULL)',
    'UPDATE yard.lines SET kind = 1 WHERE id = 1',
  ])('%s tells of nothing that is hidden', async (text) => {
    expect(await outcome(text)).toBe('done')
  })
})

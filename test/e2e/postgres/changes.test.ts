import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { OWNER } from './club.ts'

/**
 * Definitions that change under a person who reads on. The catalog is polled too seldom to help, so what is seen is what
 * the session of the one who changes them tells.
 */

const READER: Section = {
  name: 'reader',
  scope: [
    { schemas: ['yard'], tables: ['some_*'], verbs: ['read'], where: [{ column: 'id', op: '=', values: [1] }] },
    { schemas: ['yard', 'attic'], tables: ['*'], exceptTables: ['safe_*'], exceptColumns: ['pin'], verbs: ['read'] },
  ],
}

const MASKS: Section = {
  masks: [{ schemas: ['yard'], tables: ['hush_*'], columns: ['mail'], strategy: 'redact', text: '[hidden]' }],
}

const table = (name: string) => [
  `CREATE TABLE yard.${name} (id int, mail text, pin text, label text)`,
  `INSERT INTO yard.${name} VALUES (1, 'CANARY-MAIL', 'CANARY-PIN', 'one'), (2, 'CANARY-MAIL', 'CANARY-PIN', 'CANARY-TWO')`,
]
const TABLES = [
  'hush_1',
  'hush_2',
  'hush_3',
  'hush_4',
  'plain_4',
  'hush_5',
  'hush_6',
  'hush_8',
  'safe_1',
  'some_1',
  'plain_1',
]

let stack: PostgresStack
let alice: pg.Client
let carol: pg.Client

/** What Alice gets: rows as one text, or the error. */
async function seen(text: string): Promise<string> {
  return alice.query({ text, rowMode: 'array' }).then(
    ({ rows }) => JSON.stringify(rows),
    (error: Error) => error.message,
  )
}

describe('definitions that change', () => {
  beforeAll(async () => {
    stack = await startPostgresStack({
      setupSql: [
        'CREATE SCHEMA yard',
        'CREATE SCHEMA attic',
        ...TABLES.flatMap(table),
        'CREATE TABLE yard.hush_parts (id int, mail text) PARTITION BY LIST (id)',
        'CREATE TABLE yard.part_1 PARTITION OF yard.hush_parts FOR VALUES IN (1)',
        'CREATE TABLE yard.child_1 (extra int) INHERITS (yard.hush_8)',
        `INSERT INTO yard.hush_parts VALUES (1, 'CANARY-PART')`,
        `INSERT INTO yard.child_1 VALUES (1, 'CANARY-MAIL', '', '', 1)`,
      ],
      roles: [READER, OWNER],
      masking: MASKS,
      grants: () => [grantOf('alice', 'reader'), grantOf('carol', 'owner')],
      target: { catalogPoll: '20s' },
    })
    alice = await stack.connect('alice')
    carol = await stack.connect('carol')
  })
  afterAll(() => stack?.stop())

  it.each([
    ['a column', ['ALTER TABLE yard.hush_1 RENAME mail TO contact'], 'SELECT contact FROM yard.hush_1', 'hidden'],
    ['a table', ['ALTER TABLE yard.hush_2 RENAME TO people'], 'SELECT mail FROM yard.people', 'hidden'],
    ['a table twice', ['ALTER TABLE yard.people RENAME TO folk'], 'SELECT * FROM yard.folk', 'CANARY-PIN|SP-SCOPE'],
    [
      'a column for another',
      [
        'BEGIN',
        'ALTER TABLE yard.hush_3 RENAME mail TO x',
        'ALTER TABLE yard.hush_3 RENAME label TO mail',
        'ALTER TABLE yard.hush_3 RENAME x TO label',
        'COMMIT',
      ],
      'SELECT label FROM yard.hush_3',
      'hidden',
    ],
    [
      'a table for another, in one message',
      [
        `ALTER TABLE yard.hush_4 RENAME TO x; ALTER TABLE yard.plain_4 RENAME TO hush_4;
         ALTER TABLE yard.x RENAME TO plain_4`,
      ],
      'SELECT mail FROM yard.plain_4',
      'hidden',
    ],
    ['the schema of a table', ['ALTER TABLE yard.hush_5 SET SCHEMA attic'], 'SELECT mail FROM attic.hush_5', 'hidden'],
    [
      'a schema',
      ['ALTER SCHEMA attic RENAME TO loft', 'ALTER SCHEMA loft RENAME TO attic'],
      'SELECT mail FROM attic.hush_5',
      'hidden',
    ],
    [
      'a partition that is detached',
      ['ALTER TABLE yard.hush_parts DETACH PARTITION yard.part_1'],
      'SELECT mail FROM yard.part_1',
      'hidden',
    ],
    ['and whose table is dropped', ['DROP TABLE yard.hush_parts'], 'SELECT mail FROM yard.part_1', 'hidden'],
    [
      'a child that is one no more',
      ['ALTER TABLE yard.child_1 NO INHERIT yard.hush_8'],
      'SELECT mail FROM yard.child_1',
      'hidden',
    ],
    ['an excluded table', ['ALTER TABLE yard.safe_1 RENAME TO open_1'], 'SELECT mail FROM yard.open_1', 'SP-SCOPE'],
    ['an excluded column', ['ALTER TABLE yard.plain_1 RENAME pin TO tip'], 'SELECT tip FROM yard.plain_1', 'SP-SCOPE'],
    [
      'a table of which some rows are seen',
      ['ALTER TABLE yard.some_1 RENAME TO all_1'],
      'SELECT label FROM yard.all_1',
      'one',
    ],
  ] as const)('%s keeps its protection', async (_what, changes, read, expected) => {
    for (const change of changes) await carol.query(change)
    const result = await seen(read)
    expect(result).toMatch(new RegExp(expected))
    if (expected !== 'CANARY-PIN|SP-SCOPE') expect(result).not.toContain('CANARY')
    expect(result).not.toContain('CANARY-MAIL')
  })

  it('a change that is taken back changes nothing', async () => {
    for (const text of ['BEGIN', 'ALTER TABLE yard.hush_6 RENAME mail TO contact', 'ROLLBACK']) await carol.query(text)
    expect(await seen('SELECT mail FROM yard.hush_6 WHERE id = 1')).toBe('[["[hidden]"]]')
    expect(await seen('SELECT contact FROM yard.hush_6')).not.toContain('CANARY')
  })

  it('what is made anew is seen at once', async () => {
    await carol.query(`CREATE TABLE yard.fresh AS SELECT 7 AS n`)
    expect(await seen('SELECT n FROM yard.fresh')).toBe('[[7]]')
    await carol.query('DO $$ BEGIN ALTER TABLE yard.fresh RENAME n TO m; END $$')
    expect(await seen('SELECT m FROM yard.fresh')).toBe('[[7]]')
  })

  it('one who changes much holds nobody up for long', async () => {
    let failed = ''
    const readers = Promise.all(
      Array.from({ length: 20 }, async () => {
        const got = await seen('SELECT m FROM yard.fresh')
        if (got !== '[[7]]') failed = got
      }),
    )
    for (let i = 0; i < 50; i++) await carol.query(`CREATE TABLE yard.storm_${i} (n int)`)
    await readers
    expect(failed).toBe('')
  })
})

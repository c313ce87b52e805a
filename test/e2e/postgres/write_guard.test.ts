import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Outcome, psql } from '../../clients/programs.ts'
import type { Section } from '../../servers/sallyport.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import {
  bind,
  cellsOf,
  describePortal,
  errorOf,
  execute,
  kindsOf,
  parse,
  query,
  statusOf,
  sync,
  wireOf,
} from './wire.ts'

/** `maxRowsChanged` against the real server: what changes more rows than that leaves nothing behind, by any protocol. */

const ROWS = 10
const LIMIT = 3
const CAREFUL: Section = {
  name: 'careful',
  scope: [{ schemas: ['club'], tables: ['drafts', 'boats'], verbs: ['read', 'insert', 'update', 'delete', 'explain'] }],
  maxRowsChanged: LIMIT,
}
const FEW = 'UPDATE club.drafts SET amount = 5 WHERE id <= 3'
const MANY = 'UPDATE club.drafts SET amount = 7 WHERE id <= 4'
const OVER = expect.stringMatching(
  /^the statement changed \d+ rows, and the role allows 3: it is rolled back \(SP-LIMIT-WRITE\)$/,
)

let stack: PostgresStack
let watch: pg.Client

beforeAll(async () => {
  const grants = () => [grantOf('alice', 'careful')]
  stack = await startPostgresStack({ setupSql: CLUB_SQL, roles: [CAREFUL], masking: SHOWN_IN_PART, grants })
  watch = await stack.direct()
})
afterAll(() => stack?.stop())

beforeEach(async () => {
  await watch.query('TRUNCATE club.drafts')
  await watch.query(`INSERT INTO club.drafts SELECT n, 'd' || n, 1 FROM generate_series(1, ${ROWS}) n`)
})

const asAlice = async (...statements: readonly string[]): Promise<Outcome> =>
  psql(await stack.login('alice'), ...statements)
const wire = () => wireOf(stack, 'alice')
/** Rows there are, and how many of them were changed. */
async function drafts(): Promise<readonly [number, number]> {
  const { rows } = await watch.query(
    'SELECT count(*)::int AS all, count(*) FILTER (WHERE amount <> 1)::int AS new FROM club.drafts',
  )
  return [rows[0].all, rows[0].new]
}

const WRITES: readonly [string, string, string, readonly [number, number]][] = [
  ['UPDATE', FEW, MANY, [ROWS, 3]],
  ['DELETE', 'DELETE FROM club.drafts WHERE id > 7', 'DELETE FROM club.drafts', [ROWS - 3, 0]],
  [
    'INSERT',
    `INSERT INTO club.drafts VALUES (20, 'x', 9), (21, 'y', 9)`,
    `INSERT INTO club.drafts SELECT id + 100, label, 9 FROM club.drafts`,
    [ROWS + 2, 2],
  ],
  [
    'ON CONFLICT',
    `INSERT INTO club.drafts VALUES (1, 'x', 9) ON CONFLICT (id) DO UPDATE SET amount = 9`,
    `INSERT INTO club.drafts SELECT id, label, 9 FROM club.drafts ON CONFLICT (id) DO UPDATE SET amount = 9`,
    [ROWS, 1],
  ],
  [
    'MERGE',
    'MERGE INTO club.drafts d USING club.boats b ON d.id = b.id WHEN MATCHED THEN UPDATE SET amount = 2',
    'MERGE INTO club.drafts d USING club.boats b ON d.id > b.id + 5 AND b.id = 1 WHEN MATCHED THEN DELETE',
    [ROWS, 3],
  ],
]

describe('in autocommit', () => {
  it.each(WRITES)('%s stays up to the limit and leaves nothing over it, by psql', async (verb, few, many, after) => {
    const over = await asAlice(many)
    expect(over.stderr).toContain('SP-LIMIT-WRITE')
    expect(await drafts()).toEqual([ROWS, 0])
    const within = await asAlice(few, 'SELECT 1')
    expect(within.stdout).toMatch(verb === 'ON CONFLICT' ? /^INSERT 0 1\n1\n$/ : new RegExp(`^${verb} .*\n1\n$`))
    expect(await drafts()).toEqual(after)
  })

  it.each(WRITES)('%s too by a driver, with and without a name', async (_verb, few, many, after) => {
    const client = await stack.connect('alice')
    await expect(client.query({ text: many, values: [] })).rejects.toMatchObject({ code: '54000', message: OVER })
    await expect(client.query({ name: 'many', text: many })).rejects.toMatchObject({ code: '54000', message: OVER })
    expect(await drafts()).toEqual([ROWS, 0])
    await client.query({ name: 'few', text: few })
    expect(await drafts()).toEqual(after)
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await client.end()
  })

  it('gives the rows of RETURNING, of which those of an undone write say nothing that stays', async () => {
    const session = await wire()
    const within = await session.ask(query(`${FEW} RETURNING id, amount`))
    expect(cellsOf(within)).toHaveLength(3)
    expect(kindsOf(within).slice(-2)).toEqual(['commandComplete', 'readyForQuery'])
    const over = await session.ask(query(`${MANY} RETURNING id`))
    expect([errorOf(over), statusOf(over)]).toMatchObject([{ M: OVER, C: '54000' }, 'I'])
    const parts = await session.ask(parse(`${MANY} RETURNING id`), bind(), describePortal, execute(1), sync)
    expect([errorOf(parts), statusOf(parts)]).toMatchObject([{ M: OVER }, 'I'])
    expect(await drafts()).toEqual([ROWS, 3])
    session.end()
  })

  it('tells the server’s own errors as they are, and goes on', async () => {
    const session = await wire()
    const simple = await session.ask(query(`INSERT INTO club.drafts VALUES (1, 'x', 1)`))
    expect([errorOf(simple).C, statusOf(simple)]).toEqual(['23505', 'I'])
    const failing = await session.ask(parse('UPDATE club.drafts SET amount = 1 / 0'), bind(), execute(), sync)
    expect([errorOf(failing).C, statusOf(failing)]).toEqual(['22012', 'I'])
    expect(statusOf(await session.ask(query(FEW)))).toBe('I')
    expect(await drafts()).toEqual([ROWS, 3])
    session.end()
  })

  it('a pipeline stays or falls as one, up to its Sync', async () => {
    const session = await wire()
    const one = (text: string) => [parse(text), bind(), execute()]
    const within = await session.ask(...one(FEW), ...one('DELETE FROM club.drafts WHERE id = 9'), sync)
    expect([errorOf(within), statusOf(within)]).toEqual([{}, 'I'])
    expect(await drafts()).toEqual([ROWS - 1, 3])
    const over = await session.ask(...one('DELETE FROM club.drafts WHERE id = 8'), ...one(MANY), ...one(FEW), sync)
    expect([errorOf(over), statusOf(over)]).toMatchObject([{ M: OVER }, 'I'])
    expect(kindsOf(over).filter((kind) => kind === 'errorResponse')).toHaveLength(1)
    expect(await drafts()).toEqual([ROWS - 1, 3])
    session.send(...one(MANY), sync, ...one('DELETE FROM club.drafts WHERE id = 10'), sync)
    const [first, second] = [await session.read('readyForQuery'), await session.read('readyForQuery')]
    expect([errorOf(first), errorOf(second)]).toMatchObject([{ M: OVER }, {}])
    expect(await drafts()).toEqual([ROWS - 2, 3])
    session.end()
  })
})

describe('in a transaction of the client', () => {
  it('fails it, as an error of the server does', async () => {
    const { stdout, stderr } = await asAlice('BEGIN', FEW, MANY, 'SELECT 1', 'COMMIT')
    expect(stdout).toBe('BEGIN\nUPDATE 3\nROLLBACK\n')
    expect(stderr).toContain('SP-LIMIT-WRITE')
    expect(stderr).toContain('current transaction is aborted')
    expect(await drafts()).toEqual([ROWS, 0])
  })

  it('goes back to a savepoint', async () => {
    const { stdout } = await asAlice('BEGIN', FEW, 'SAVEPOINT s', MANY, 'ROLLBACK TO s', 'COMMIT')
    expect(stdout).toBe('BEGIN\nUPDATE 3\nSAVEPOINT\nROLLBACK\nCOMMIT\n')
    expect(await drafts()).toEqual([ROWS, 3])
  })

  it.each([
    ['COMMIT by Execute', [parse('COMMIT'), bind(), execute(), sync]],
    ['COMMIT as a simple query', [query('COMMIT'), sync]],
    [
      'COMMIT and another write in the pipeline',
      [parse('COMMIT'), bind(), execute(), parse(FEW), bind(), execute(), sync],
    ],
  ])('is not made to stay by what is sent right behind it: %s', async (_what, behind) => {
    const session = await wire()
    await session.ask(query('BEGIN'))
    session.send(parse(MANY), bind(), execute(), ...behind)
    const told = await session.read('readyForQuery')
    expect(errorOf(told)).toMatchObject({ M: OVER })
    expect(await drafts()).toEqual([ROWS, 0])
    session.end()
  })
})

describe('PREPARE and EXECUTE of SQL', () => {
  it('are counted when they run', async () => {
    const text = 'UPDATE club.drafts SET amount = 8 WHERE id <= $1'
    const { stdout, stderr } = await asAlice(
      `PREPARE p(int) AS ${text}`,
      'EXECUTE p(3)',
      'EXECUTE p(4)',
      'EXECUTE p(1)',
    )
    expect(stdout).toBe('PREPARE\nUPDATE 3\nUPDATE 1\n')
    expect(stderr).toContain('SP-LIMIT-WRITE')
    expect(await drafts()).toEqual([ROWS, 3])
  })
})

describe('what the server does not count is refused beforehand', () => {
  it.each([
    ['a write in WITH', 'WITH d AS (DELETE FROM club.drafts RETURNING id) SELECT count(*) FROM d', 'SP-VERB'],
    ['two writes', `WITH d AS (DELETE FROM club.drafts RETURNING *) ${FEW}`, 'SP-VERB'],
    ['COPY FROM', 'COPY club.drafts FROM STDIN', 'SP-VERB'],
    ['EXPLAIN ANALYZE', `EXPLAIN ANALYZE ${MANY}`, 'SP-'],
    ['one of several statements', `${FEW}; SELECT 1`, 'SP-MULTI'],
    ['EXECUTE among several', 'EXECUTE p(3); SELECT 1', 'SP-MULTI'],
  ])('%s', async (_what, statement, code) => {
    const session = await wire()
    const told = await session.ask(query(statement))
    expect([errorOf(told), statusOf(told)]).toMatchObject([{ M: expect.stringContaining(code) }, 'I'])
    expect(await drafts()).toEqual([ROWS, 0])
    session.end()
  })
})

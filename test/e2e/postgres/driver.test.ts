import pg, { type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'

/** node-postgres, as applications use it. */

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: usualGrants,
  })
})
afterAll(() => stack?.stop())

function refusal(code: string): unknown {
  return expect.objectContaining({ message: expect.stringContaining(`(${code})`) })
}

describe('results', () => {
  it.each([false, true])('masks in both formats (binary: %s)', async (binary) => {
    const client = await stack.connect('alice', { binary } as pg.ClientConfig)
    const text = 'SELECT id, name, email, phone, born, dues FROM club.members WHERE id = $1'
    const { rows } = await client.query(text, [2])
    expect(rows).toEqual([
      { id: 2, name: 'Buoy Two', email: 'C***@***.invalid', phone: '***********222', born: null, dues: null },
    ])
    const clear = await (await stack.connect('carol', { binary } as pg.ClientConfig)).query(text, [2])
    expect(clear.rows[0]).toMatchObject({ email: 'CANARY-MAIL-2@club.invalid', phone: 'CANARY-TEL-222' })
  })

  it('names and types the fields as the database does', async () => {
    const text = 'SELECT id, email AS address, born, dues FROM club.members'
    const shape = async (client: pg.Client) =>
      (await client.query(text)).fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }))
    expect(await shape(await stack.connect('alice'))).toEqual(await shape(await stack.direct()))
  })

  it('gives many rows whole', async () => {
    const client = await stack.connect('alice')
    const { rows } = await client.query(
      `SELECT g, m.phone FROM generate_series(1, 5000) g JOIN club.members m ON m.id = 1`,
    )
    expect(rows).toHaveLength(5000)
    expect(new Set(rows.map(({ phone }) => phone))).toEqual(new Set(['***********111']))
  })
})

describe('a portal that is fetched in parts', () => {
  // Each part is an Execute with a limit, as pg-cursor and pg-query-stream send it.
  it.each([1, 7, 50, 51])('of %i rows gives every row once, masked', async (rows) => {
    const text = 'SELECT g, m.phone FROM generate_series(1, $1::int) g JOIN club.members m ON m.id = 2'
    const config = { text, values: [50], rows } as pg.QueryConfig
    const client = await stack.connect('alice')
    const given = await client.query(config)
    expect(given.rows.map(({ g }) => g)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    expect(new Set(given.rows.map(({ phone }) => phone))).toEqual(new Set(['***********222']))
    const direct = await (await stack.direct()).query(config)
    expect([given.command, given.rowCount]).toEqual([direct.command, direct.rowCount])
  })
})

describe('notifications', () => {
  it('are known as the own ones by the number of the login', async () => {
    const [listener, other] = [await stack.connect('carol'), await stack.connect('carol')]
    const heard: (readonly [string | undefined, boolean])[] = []
    const own = (listener as unknown as { processID: number }).processID
    listener.on('notification', ({ payload, processId }) => heard.push([payload, processId === own]))
    await listener.query('LISTEN news')
    await other.query("NOTIFY news, 'other'")
    await listener.query("NOTIFY news, 'own'")
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    expect(heard).toEqual([
      ['other', false],
      ['own', true],
    ])
  })
})

describe('prepared statements', () => {
  it('run again and again under their name, with parameters', async () => {
    const client = await stack.connect('alice')
    const run = async (id: number) => {
      const { rows } = await client.query({
        name: 'by-id',
        text: 'SELECT name, phone FROM club.members WHERE id = $1',
        values: [id],
      })
      return rows
    }
    expect(await run(1)).toEqual([{ name: 'Anchor One', phone: '***********111' }])
    expect(await run(3)).toEqual([{ name: 'Capstan Three', phone: '***********333' }])
    expect(await run(99)).toEqual([])
  })

  it('take parameters of every usual type', async () => {
    const client = await stack.connect('alice')
    const values = [7, 'text', true, '2031-02-03', [1, 2], { a: 1 }, null]
    const { rows } = await client.query({
      text: 'SELECT $1::int a, $2::text b, $3::bool c, $4::date::text d, $5::int[] e, $6::jsonb f, $7::text g',
      values,
    })
    expect(rows).toEqual([{ a: 7, b: 'text', c: true, d: '2031-02-03', e: [1, 2], f: { a: 1 }, g: null }])
  })

  it('is refused by name, and the name is free afterwards', async () => {
    const client = await stack.connect('alice')
    await expect(client.query({ name: 'x', text: 'SELECT code FROM club.safes' })).rejects.toEqual(refusal('SP-SCOPE'))
    expect((await client.query({ name: 'y', text: 'SELECT 1 AS one' })).rows).toEqual([{ one: 1 }])
  })
})

describe('errors', () => {
  it('carry the SQLSTATE and the session goes on', async () => {
    const client = await stack.connect('alice')
    await expect(client.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012', message: 'division by zero' })
    await expect(client.query('SELECT $1::int / 0', [1])).rejects.toMatchObject({ code: '22012' })
    await expect(client.query('SELECT code FROM club.safes')).rejects.toMatchObject({ code: '42501' })
    await expect(client.query('SELECT code FROM club.safes WHERE id = $1', [1])).rejects.toMatchObject({
      code: '42501',
    })
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('say nothing of a masked value', async () => {
    const client = await stack.connect('alice')
    const error = await client
      .query('SELECT phone, 1 / (id - 1) FROM club.members')
      .catch((cause: DatabaseError) => cause)
    expect(error).toMatchObject({ code: '22012', message: expect.stringContaining('withheld') })
    expect(JSON.stringify(error)).not.toMatch(/CANARY/)
  })
})

describe('transactions', () => {
  const count = `SELECT count(*)::int AS n FROM club.drafts WHERE label = 'kept or not'`

  it('commit and roll back', async () => {
    const client = await stack.connect('bob')
    await client.query('BEGIN')
    await client.query(`INSERT INTO club.drafts VALUES (10, 'kept or not', 1)`)
    await client.query('ROLLBACK')
    expect((await client.query(count)).rows).toEqual([{ n: 0 }])
    await client.query('BEGIN')
    await client.query(`INSERT INTO club.drafts VALUES (10, 'kept or not', 1)`)
    await client.query('SAVEPOINT s')
    await client.query(`UPDATE club.drafts SET label = 'other' WHERE id = 10`)
    await client.query('ROLLBACK TO s')
    expect((await client.query('COMMIT')).command).toBe('COMMIT')
    expect((await client.query(count)).rows).toEqual([{ n: 1 }])
    await client.query('DELETE FROM club.drafts WHERE id = 10')
  })

  it.each([
    ['simple', undefined],
    ['extended', [1]],
  ])('really fail by a refusal (%s): nothing of them is stored', async (_protocol, values) => {
    const client = await stack.connect('bob')
    await client.query('BEGIN')
    await client.query(`INSERT INTO club.drafts VALUES (11, 'kept or not', 1)`)
    const refused = values
      ? client.query('SELECT code FROM club.safes WHERE id = $1', values)
      : client.query('SELECT code FROM club.safes')
    await expect(refused).rejects.toEqual(refusal('SP-SCOPE'))
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
    expect((await client.query('COMMIT')).command).toBe('ROLLBACK')
    expect((await client.query(count)).rows).toEqual([{ n: 0 }])
  })

  it('go on after a refusal by ROLLBACK TO a savepoint', async () => {
    const client = await stack.connect('bob')
    await client.query('BEGIN')
    await client.query('SAVEPOINT s')
    await expect(client.query('SELECT code FROM club.safes')).rejects.toEqual(refusal('SP-SCOPE'))
    await client.query('ROLLBACK TO s')
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect((await client.query('COMMIT')).command).toBe('COMMIT')
  })

  it('a message of several statements is judged whole: nothing of it runs', async () => {
    const client = await stack.connect('bob')
    const text = `INSERT INTO club.drafts VALUES (12, 'kept or not', 1); SELECT code FROM club.safes`
    await expect(client.query(text)).rejects.toEqual(refusal('SP-SCOPE'))
    expect((await client.query(count)).rows).toEqual([{ n: 0 }])
  })
})

describe('writes', () => {
  it('tell how many rows and give back what was asked', async () => {
    const client = await stack.connect('bob')
    const made = await client.query(`INSERT INTO club.drafts VALUES ($1, $2, $3) RETURNING id, label`, [
      20,
      'new',
      '2.50',
    ])
    expect(made.rows).toEqual([{ id: 20, label: 'new' }])
    expect((await client.query(`UPDATE club.drafts SET amount = amount + 1 WHERE id = $1`, [20])).rowCount).toBe(1)
    expect((await client.query('DELETE FROM club.drafts WHERE id = 20')).rowCount).toBe(1)
  })

  it('need a WHERE where the role demands one', async () => {
    const client = await stack.connect('bob')
    await expect(client.query('UPDATE club.drafts SET amount = 0')).rejects.toEqual(refusal('SP-VERB'))
    await expect(client.query('DELETE FROM club.drafts')).rejects.toEqual(refusal('SP-VERB'))
  })
})

describe('pools', () => {
  it('serve several queries at once, each session its own', async () => {
    const config = await stack.driver('alice')
    const pool = new pg.Pool({ ...config, max: 5 })
    const answers = await Promise.all(
      Array.from({ length: 25 }, (_, n) =>
        pool.query('SELECT $1::int AS n, phone FROM club.members WHERE id = 1', [n]),
      ),
    )
    expect(answers.map(({ rows }) => rows[0])).toEqual(
      Array.from({ length: 25 }, (_, n) => ({ n, phone: '***********111' })),
    )
    await pool.end()
  })
})

import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emailOf, grantOf, type Person, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, HIDDEN } from './club.ts'
import { EXPECTED_READ, EXPECTED_WRITE } from './matrix_expected.ts'

/**
 * Person x table x verb x column on the real thing: each cell is worked out by running the statement, and compared with
 * what has to come out.
 */

const PEOPLE = [
  ['alice', 'reader'],
  ['alice', 'narrow'],
  ['bob', 'clerk'],
  ['carol', 'owner'],
] as const satisfies readonly (readonly [Person, string])[]

/** Columns of members and drafts that some rules name, and rows that some rules leave out. */
const NARROW = {
  name: 'narrow',
  parameters: { city: 'string' },
  scope: [
    {
      databases: ['postgres'],
      schemas: ['club'],
      tables: ['members'],
      columns: ['id', 'name', 'city', 'phone'],
      verbs: ['read'],
      where: [{ column: 'city', op: '=', parameter: 'city' }],
    },
    {
      databases: ['postgres'],
      schemas: ['club'],
      tables: ['drafts'],
      exceptColumns: ['amount'],
      verbs: ['read', 'update'],
    },
  ],
}

const TABLES = {
  'club.members': ['id', 'name', 'city', 'email', 'phone', 'born', 'dues', 'email_upper'],
  'club.captains': ['id', 'email', 'phone', 'rank'],
  'club.boats': ['id', 'name', 'price'],
  'club.cards': ['id', 'number'],
  'club.cards_old': ['id', 'number'],
  'club.letters': ['id', 'title', 'body'],
  'club.drafts': ['id', 'label', 'amount'],
  'club.safes': ['id', 'code'],
  'club.contacts': ['id', 'contact', 'size'],
  'club.contacts_kept': ['id', 'reach'],
  'club.safe_names': ['name', 'code'],
  'vault.log': ['id', 'detail'],
} as const

type Table = keyof typeof TABLES
const ALL = Object.keys(TABLES) as Table[]

let stack: PostgresStack
let bare: pg.Client
const sessions = new Map<string, pg.Client>()

beforeAll(async () => {
  const grants = () =>
    PEOPLE.map(([person, role]) => grantOf(person, role, role === 'narrow' ? { parameters: { city: 'Port A' } } : {}))
  stack = await startPostgresStack({ setupSql: CLUB_SQL, roles: [...CLUB_ROLES, NARROW], masking: HIDDEN, grants })
  bare = await stack.direct()
  for (const [person, role] of PEOPLE)
    sessions.set(role, await stack.connect(person, { user: `${emailOf(person)}/${role}` }))
})
afterAll(() => stack?.stop())

const AS_TEXT = { getTypeParser: () => (value: string) => value }

async function cells(client: pg.Client, text: string): Promise<readonly (string | null)[]> {
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array', types: AS_TEXT as never })
  return rows.map(([cell]) => cell ?? null)
}

/** clear or masked, with the number of rows where it is not all of them; or the code of the refusal. */
async function read(client: pg.Client, table: Table, expression: string, column: string): Promise<string> {
  const clear = await cells(bare, `SELECT ${column} FROM ${table} ORDER BY ${TABLES[table][0]}`)
  try {
    const seen = await cells(client, `SELECT ${expression} FROM ${table}`)
    const values = new Set(clear)
    const known = seen.every((cell) => values.has(cell))
    // In jsonb the constant is a string of JSON.
    const hidden = seen.every((cell) => cell === null || cell === '[hidden]' || cell === '"[hidden]"')
    if (!known && !hidden) return `unexpected ${seen.join()}`
    const what = known && !hidden ? 'clear' : 'masked'
    return seen.length === clear.length ? what : `${what} (${seen.length} of ${clear.length})`
  } catch (error) {
    return codeOf(error)
  }
}

/** ok, or the code of the refusal; nothing is kept. */
async function write(client: pg.Client, text: string): Promise<string> {
  await client.query('BEGIN')
  try {
    await client.query(text)
    return 'ok'
  } catch (error) {
    return codeOf(error)
  } finally {
    await client.query('ROLLBACK')
  }
}

function codeOf(error: unknown): string {
  const { message, code } = error as { readonly message: string; readonly code?: string }
  return /\((SP-[A-Z-]+)\)/.exec(message)?.[1] ?? `server ${code}`
}

async function everyCell(
  role: string,
  cell: (client: pg.Client, table: Table, column: string) => Promise<string>,
): Promise<readonly string[]> {
  const client = sessions.get(role) as pg.Client
  const lines: string[] = []
  for (const table of ALL) {
    const outcomes: string[] = []
    for (const column of TABLES[table]) outcomes.push(await cell(client, table, column))
    const [first] = outcomes
    const same = outcomes.every((outcome) => outcome === first)
    const each = TABLES[table].map((column, at) => `${column} ${outcomes[at]}`)
    lines.push(`${table}: ${same ? `all ${first}` : each.join(', ')}`)
  }
  return lines
}

describe.each(PEOPLE.map(([, role]) => role))('%s', (role) => {
  it('reads each column', async () => {
    expect(await everyCell(role, (client, table, column) => read(client, table, column, column))).toEqual(
      EXPECTED_READ[role],
    )
  })

  it('computes on each column', async () => {
    const computed = (client: pg.Client, table: Table, column: string) =>
      read(client, table, `coalesce(${column}, NULL)`, column)
    expect(await everyCell(role, computed)).toEqual(EXPECTED_READ[role])
  })

  it('inserts into, updates and deletes by each column', async () => {
    const verbs = async (client: pg.Client, table: Table, column: string) => {
      const insert = await write(client, `INSERT INTO ${table} (${column}) SELECT NULL WHERE false`)
      const update = await write(client, `UPDATE ${table} SET ${column} = DEFAULT WHERE false`)
      const by = await write(client, `DELETE FROM ${table} WHERE ${column} IS NULL`)
      return [insert, update, by].join('/')
    }
    expect(await everyCell(role, verbs)).toEqual(EXPECTED_WRITE[role])
  })
})

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeUnless } from '../../servers/availability.ts'
import { emailOf, type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { pgjdbc, python } from './foreign_drivers.ts'

const PROGRAM_TIMEOUT_MS = 60_000
const HERE = new URL('.', import.meta.url).pathname

let stack: PostgresStack

beforeAll(async () => {
  if (python === null && pgjdbc === null) return
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: usualGrants,
  })
})
afterAll(() => stack?.stop())

async function tellAs(program: string, args: readonly string[]): Promise<readonly string[]> {
  const env = {
    ...process.env,
    PORT: String(stack.proxy.postgresPort),
    TOKEN: await stack.token('alice'),
    CA: stack.proxy.tls.ca,
  }
  const { stdout } = await promisify(execFile)(program, [...args, emailOf('alice')], {
    env,
    timeout: PROGRAM_TIMEOUT_MS,
  })
  return stdout.trimEnd().split('\n')
}

const noPython = python === null ? 'psycopg2 is not installed (apt-get install python3-psycopg2)' : null
describeUnless(noPython, 'the story of psycopg2', () => {
  it('tells its story', async () => {
    const story = (await tellAs(String(python), [`${HERE}story.py`])).map((line) => JSON.parse(line) as unknown)
    expect(story).toEqual([
      { step: 'masked', rows: [['Anchor One', '***********111', null]] },
      { step: 'out of scope', code: '42501', text: expect.stringContaining('SP-SCOPE') },
      { step: 'failed transaction', code: '25P02', text: expect.anything() },
      { step: 'export', code: '42501', text: expect.stringContaining('SP-EXPORT') },
      { step: 'computed', rows: [['***********111']], notice: expect.stringContaining('SP-COMPUTED') },
      {
        step: 'values',
        rows: [
          [1, 'a'],
          [2, 'b'],
        ],
      },
    ])
  })
})

const noJdbc =
  pgjdbc === null ? 'pgjdbc is not installed (apt-get install default-jdk-headless libpostgresql-jdbc-java)' : null
describeUnless(noJdbc, 'the story of pgjdbc', () => {
  it('tells its story', async () => {
    expect(await tellAs('java', ['-cp', String(pgjdbc), `${HERE}Story.java`])).toEqual([
      'masked 1 ***********111 null null',
      'masked 2 ***********222 null null',
      'masked 3 ***********333 null null',
      'portal 95',
      'refused 42501',
      'refused 25P02',
      'table boats',
      'column id int4',
      'column name text',
      'column owner_id int4',
      'column price numeric',
      'key id',
    ])
  })
})

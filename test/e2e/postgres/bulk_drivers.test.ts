import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeUnless } from '../../servers/availability.ts'
import { emailOf, grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, SHOWN_IN_PART } from './club.ts'

const PROGRAM_TIMEOUT_MS = 60_000
const STORY = new URL('bulk_story.py', import.meta.url).pathname
const python = ['python3', '/usr/bin/python3'].find(
  (program) => spawnSync(program, ['-c', 'import psycopg, asyncpg']).status === 0,
)
const missing = python
  ? null
  : 'psycopg 3 or asyncpg is not installed (apt-get install python3-psycopg python3-asyncpg)'

describeUnless(missing, 'what psycopg 3 and asyncpg do in bulk', () => {
  let stack: PostgresStack
  beforeAll(async () => {
    const scope = {
      databases: ['postgres'],
      schemas: ['club'],
      tables: ['members', 'drafts'],
      verbs: ['read', 'export', 'insert'],
    }
    stack = await startPostgresStack({
      setupSql: CLUB_SQL,
      roles: [{ name: 'exporter', scope: [scope] }],
      masking: SHOWN_IN_PART,
      grants: () => [grantOf('alice', 'exporter')],
    })
  })
  afterAll(() => stack?.stop())

  it('is masked and stays in step', async () => {
    const env = {
      ...process.env,
      PORT: String(stack.proxy.postgresPort),
      TOKEN: await stack.token('alice'),
      CA: stack.proxy.tls.ca,
    }
    const options = { env, timeout: PROGRAM_TIMEOUT_MS }
    const { stdout } = await promisify(execFile)(String(python), [STORY, emailOf('alice')], options)
    const masked = 'C***@***.invalid'
    const members = [1, 2, 3].map((id) => [id, masked])
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(
      Object.entries({
        pipeline: [[[masked]], [[2]]],
        'pipeline that fails': [[5]],
        cursor: members,
        'copy out': members.map(([id, email]) => [String(id), email]),
        'binary copy out': members,
        'copy in': [[1000]],
        'asyncpg cursor': members,
        'asyncpg copy out': ['COPY 3', `id,email\n1,${masked}\n2,${masked}\n3,${masked}\n`],
        'asyncpg copy in': ['COPY 500', 1],
      }).map(([step, result]) => ({ step, result })),
    )
  })
})

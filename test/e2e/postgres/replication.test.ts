import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, psql } from '../../clients/programs.ts'
import { grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, HIDDEN, OWNER, READER } from './club.ts'

/**
 * The stream of changes holds every row of every table: nobody gets it through the proxy, not even the owner, by the
 * startup parameter (PostgreSQL documentation, 55.4) or by its commands.
 */

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: [READER, OWNER],
    masking: HIDDEN,
    grants: () => [grantOf('alice', 'reader'), grantOf('carol', 'owner')],
  })
})
afterAll(() => stack?.stop())

async function ask(person: 'alice' | 'carol', statement: string, startup = ''): Promise<Outcome> {
  return psql(await stack.login(person, { more: startup }), statement)
}

const COMMANDS = [
  'IDENTIFY_SYSTEM',
  'CREATE_REPLICATION_SLOT changes LOGICAL pgoutput',
  'CREATE_REPLICATION_SLOT bytes PHYSICAL',
  'START_REPLICATION SLOT changes LOGICAL 0/0',
  'START_REPLICATION 0/0',
  'BASE_BACKUP',
  'TIMELINE_HISTORY 1',
]

describe.each(['alice', 'carol'] as const)('%s', (person) => {
  it.each(['true', 'database', 'on', '1', 'TRUE', 'off,database'])(
    'gets no session with replication=%s',
    async (mode) => {
      const { code, stdout, stderr } = await ask(person, 'IDENTIFY_SYSTEM', `replication=${mode}`)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/FATAL: .*replication is not offered \(SP-STARTUP\)/)
    },
  )

  it('may say that it wants none', async () => {
    expect(await ask(person, 'SELECT 1', 'replication=false')).toMatchObject({ code: 0, stdout: '1\n' })
  })

  it.each(COMMANDS)('%s is no statement of an ordinary session', async (command) => {
    expect(await ask(person, command)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^ERROR:/m) })
  })
})

describe('the functions and statements of replication under a narrow grant', () => {
  it.each([
    "SELECT * FROM pg_create_logical_replication_slot('changes', 'test_decoding')",
    "SELECT * FROM pg_logical_slot_peek_changes('changes', NULL, NULL)",
    "SELECT * FROM pg_logical_slot_get_changes('changes', NULL, NULL)",
    "SELECT pg_create_physical_replication_slot('bytes')",
    'SELECT * FROM pg_replication_slots',
    'CREATE PUBLICATION everything FOR ALL TABLES',
    "CREATE SUBSCRIPTION copy CONNECTION 'host=localhost' PUBLICATION everything",
    'ALTER TABLE club.members REPLICA IDENTITY FULL',
  ])('%s is refused', async (statement) => {
    expect(await ask('alice', statement)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/\(SP-[A-Z]+\)/),
    })
  })
})

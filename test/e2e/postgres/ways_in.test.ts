import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { psql } from '../../clients/programs.ts'
import type { Section } from '../../servers/sallyport.ts'
import { emailOf, grantOf, type PostgresStack, startPostgresStack } from '../stack.ts'
import { CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { auditOf } from './records.ts'

/** What a login has to bring beside its token, and how a person who may not get in learns what to do. */

const BOATS = [{ schemas: ['club'], tables: ['boats'], verbs: ['read'] }]
const ROLES: readonly Section[] = [
  { name: 'reader', scope: BOATS },
  { name: 'told', scope: BOATS, sessionReason: 'reason' },
  { name: 'ticketed', scope: BOATS, sessionReason: 'ticket', ticketPattern: 'OPS-\\d+' },
  { name: 'strong', scope: BOATS, amr: ['mfa'], maxAuthAge: '15m' },
  {
    name: 'tenant',
    scope: [{ ...BOATS[0], where: [{ column: 'id', parameter: 'boat' }] }],
    parameters: { boat: 'integer' },
  },
]
const COUNT = 'SELECT count(*) FROM club.boats'

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: ROLES,
    masking: SHOWN_IN_PART,
    grants: () => [
      ...['told', 'ticketed', 'strong'].map((role) => grantOf('alice', role)),
      grantOf('bob', 'tenant', { id: 'boat-1', parameters: { boat: 1 } }),
      grantOf('bob', 'tenant', { id: 'boat-2', parameters: { boat: 2 } }),
    ],
  })
})
afterAll(() => stack?.stop())

async function connect(user: string, options = '', password?: string) {
  const person = user.startsWith('bob') ? 'bob' : user.startsWith('carol') ? 'carol' : 'alice'
  const more = options === '' ? '' : `options='${options}'`
  return psql(await stack.login(person, { user, more, ...(password ? { password } : {}) }), COUNT)
}

describe('a reason for the session', () => {
  it('is demanded, and stands in every record of it', async () => {
    const refused = await connect('alice@example.test/told')
    expect(refused.stderr).toMatch(/demands a reason for each session/)
    expect(await connect('alice@example.test/told', '-c sallyport.reason=on\\\\ call')).toMatchObject({ code: 0 })
    await vi.waitFor(() => {
      const records = auditOf(stack).filter(({ unmapped }) => unmapped.jit.grant_id === 'grant-alice-told')
      const reasons = records.map(({ unmapped }) => (unmapped.jit as { reason?: unknown }).reason)
      expect(reasons.length).toBeGreaterThanOrEqual(3)
      expect(new Set(reasons)).toEqual(new Set(['on call']))
    })
  })

  it('may have to be a ticket of a form', async () => {
    expect((await connect('alice@example.test/ticketed', '-c sallyport.ticket=other')).stderr).toMatch(/form/)
    expect(await connect('alice@example.test/ticketed', '-c sallyport.ticket=OPS-12')).toMatchObject({ code: 0 })
    await vi.waitFor(() => {
      const records = auditOf(stack).filter(({ unmapped }) => unmapped.jit.grant_id === 'grant-alice-ticketed')
      const tickets = records.map(({ unmapped }) => (unmapped.jit as { ticket?: unknown }).ticket)
      expect(tickets.length).toBeGreaterThanOrEqual(3)
      expect(new Set(tickets)).toEqual(new Set(['OPS-12']))
    })
  })
})

it('a role demands how and when the person logged in', async () => {
  const weak = await connect('alice@example.test/strong')
  expect(weak.stderr).toMatch(/run sallyport login again/)
  const now = Math.floor(Date.now() / 1000)
  const token = (age: number) => stack.token('alice', { claims: { amr: ['pwd', 'mfa'], auth_time: now - age } })
  expect((await connect('alice@example.test/strong', '', await token(1000))).stderr).toMatch(/not older than 15 min/)
  expect(await connect('alice@example.test/strong', '', await token(60))).toMatchObject({ code: 0 })
})

describe('a person who may not get in', () => {
  it('is told the command that asks for access', async () => {
    const refused = await connect(emailOf('carol'))
    expect(refused.stderr).toMatch(/no active grant on club-pg: run sallyport request club-pg --role ROLE/)
    const other = await connect('carol@example.test/reader')
    expect(other.stderr).toMatch(/run sallyport request club-pg --role reader/)
  })

  it('chooses by id among grants of one role that differ', async () => {
    expect((await connect('bob@example.test')).stderr).toMatch(/name one by its id, boat-[12], boat-[12]/)
    expect(await connect('bob@example.test/boat-2')).toMatchObject({ code: 0, stdout: '1\n' })
  })
})

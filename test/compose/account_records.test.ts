import { expect, it } from 'vitest'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { recordsOf, toOcsf } from '../../src/audit/project.ts'
import { recordAccounts } from '../../src/compose/account_records.ts'
import { SallyportError } from '../../src/errors.ts'
import type { Grant } from '../../src/policy/grant.ts'
import type { AccountLedger, AccountSession } from '../../src/session/ports.ts'
import { PRODUCT } from '../audit/events.ts'
import { faultsOf } from '../audit/ocsf/validate.ts'

const HOLDER = { issuer: 'https://id.example.test', subject: 'u-alice', email: 'alice@example.test', name: 'Alice' }
const SESSION = { id: 's1', person: 'alice', holder: HOLDER, database: 'app' } as AccountSession
const ACCOUNT = { target: 'orders', name: 'sp_alice_x', sessionId: 's1', grantId: 'g1', expiresAt: 9_000 }
const PRINCIPAL = { subject: 'u-alice', issuer: HOLDER.issuer }
const GRANT = { id: 'g1', role: 'reader', requestId: 'r1', principal: PRINCIPAL } as unknown as Grant

function setUp(append: (events: readonly AuditEvent[]) => Promise<void> = async () => undefined) {
  const done: string[] = []
  const events: AccessEvent[] = []
  const failures: unknown[] = []
  const step = (what: string) => async (first: unknown, second?: unknown) => {
    done.push(`${what} ${typeof second === 'string' ? second : (first as { name: string }).name}`)
  }
  const ledger = {
    note: step('note'),
    made: step('made'),
    closing: step('closing'),
    dropped: step('dropped'),
    failed: step('failed'),
    left: async () => [],
  } as unknown as AccountLedger
  const audit = {
    append: async (all: readonly AuditEvent[]) => {
      await append(all)
      for (const event of all as readonly AccessEvent[]) {
        events.push(event)
        done.push(`${event.activity} ${event.entity.id}`)
      }
    },
  }
  let ids = 0
  const recorded = recordAccounts({
    ledger,
    audit,
    grants: { snapshot: () => ({ grants: [GRANT] }) },
    clock: { now: () => 1_000, monotonic: () => 0 },
    newId: () => `e-${++ids}`,
    failed: (error) => void failures.push(error),
  })
  return { recorded, done, events, failures }
}

it('an account is on record before it is noted and made, with its person, and its end once it is over', async () => {
  const { recorded, done, events } = setUp()
  await recorded.during(SESSION, () => recorded.ledger.note(ACCOUNT))
  await recorded.ledger.note(ACCOUNT)
  await recorded.ledger.dropped('orders', 'sp_alice_x')
  await recorded.ledger.dropped('orders', 'sp_alice_x')
  expect(done).toEqual([
    'account.created sp_alice_x',
    'note sp_alice_x',
    'note sp_alice_x',
    'dropped sp_alice_x',
    'account.dropped sp_alice_x',
    'dropped sp_alice_x',
  ])
  const about = { person: HOLDER, target: 'orders', grantId: 'g1', role: 'reader', requestId: 'r1' }
  expect(events).toMatchObject([
    { ...about, detail: { account: 'sp_alice_x', session: 's1', expiresAt: 9_000 } },
    { ...about, detail: { account: 'sp_alice_x', session: 's1' } },
  ])
  const records = events.flatMap((event) => recordsOf(event, PRODUCT)).map(toOcsf)
  expect(records.flatMap(faultsOf)).toEqual([])
  expect(records).toMatchObject([
    { class_uid: 3001, activity_id: 1, user: { name: 'sp_alice_x', domain: 'orders' } },
    { class_uid: 3001, activity_id: 6 },
  ])
})

it('an account that was made ahead is recorded as of whom the grant is', async () => {
  const { recorded, events } = setUp()
  await recorded.ledger.note({ ...ACCOUNT, sessionId: '' })
  expect(events).toMatchObject([{ person: { ...PRINCIPAL, email: null }, detail: { session: null } }])
  await recorded.ledger.note({ ...ACCOUNT, name: 'sp_other', grantId: 'unknown', sessionId: '' })
  expect(events[1]).toMatchObject({ person: null, role: null })
})

it('where it can not be recorded nothing is noted, so that nothing is made', async () => {
  const { recorded, done } = setUp(() => Promise.reject(new SallyportError('SP-AUDIT', 'the disk is full')))
  await expect(recorded.ledger.note(ACCOUNT)).rejects.toMatchObject({ code: 'SP-AUDIT' })
  expect(done).toEqual([])
})

it('an end that can not be recorded ends the account all the same, and is told', async () => {
  let broken = false
  const refuse = async () => {
    if (broken) throw new SallyportError('SP-AUDIT', 'the disk is full')
  }
  const { recorded, done, failures } = setUp(refuse)
  await recorded.ledger.note(ACCOUNT)
  broken = true
  await recorded.ledger.dropped('orders', 'sp_alice_x')
  expect(done.at(-1)).toBe('dropped sp_alice_x')
  await expect.poll(() => failures).toHaveLength(1)
})

it('of one that could not be dropped the janitor says what became of it', async () => {
  const { recorded, events } = setUp()
  await recorded.ledger.note(ACCOUNT)
  await recorded.ledger.failed('orders', 'sp_alice_x', 'it is in use')
  await recorded.ledger.dropped('orders', 'sp_alice_x')
  expect(events.map(({ activity }) => activity)).toEqual(['account.created'])
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import { HOUR, MINUTE, NOW, policyOf, role, rule, stage } from '../access/fixture.ts'
import { postgresBackend } from '../store/backends.ts'
import { ASKED, alice, bob, carol, plane, YES } from './fixture.ts'

const backend = postgresBackend()
beforeAll(backend.start, 60_000)
afterAll(backend.stop)

const policy = policyOf({
  roles: [role('reader', { idleAfterMs: 20 * MINUTE })],
  rules: [rule('r', [stage(['dba'], { nudgeAfterMs: MINUTE })])],
})

/** Two processes over one store: each has clocks, timers and memory of its own. */
async function twoNodes() {
  const { open } = await backend.place()
  const one = await plane(policy, { store: await open() })
  const other = await plane(policy, { store: await open() })
  const at = (now: number) => {
    one.state.now = now
    other.state.now = now
    return Promise.all([one.control.tick(), other.control.tick()])
  }
  const events = (): AccessEvent[] => [...one.state.events, ...other.state.events]
  return { one, other, at, events }
}

it('two nodes grant a request once, and do what time demands once', async () => {
  const { one, other, at, events } = await twoNodes()
  const { request } = await one.control.createRequest(alice, ASKED)
  await at(NOW + MINUTE)
  const votes = await Promise.allSettled([
    one.control.vote(bob, request.id, YES),
    other.control.vote(carol, request.id, YES),
  ])
  expect(votes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  const lost = votes.find((vote) => vote.status === 'rejected')
  expect(String(lost?.reason)).toMatch(/SP-(STATE|CONFLICT)/)
  for (const minutes of [15, 16, 17, 22, 23]) await at(NOW + minutes * MINUTE)
  await at(NOW + 2 * HOUR)
  const happened = events()
    .map(({ activity }) => activity)
    .filter((activity) => activity !== 'api.refused')
  expect(happened).toEqual(expect.arrayContaining(['grant.revoked']))
  expect([...happened].sort()).toEqual(
    [
      'request.created',
      'request.nudged',
      'request.vote',
      'request.approved',
      'grant.activated',
      'grant.idle_warned',
      'grant.revoked',
    ].sort(),
  )
  expect([...one.state.failures, ...other.state.failures]).toEqual([])
}, 60_000)

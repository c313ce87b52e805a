import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { leafHash } from '../../src/audit/chain.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import { plainPath } from '../../src/auditlog/segments.ts'
import { readPeriod } from '../../src/reports/audit_period.ts'
import { logLines, logText } from '../auditlog/log.ts'
import { happening, logOf, sessionOf, statement } from './log.ts'

const alice = sessionOf('alice')

function logout(time: number, grantId = 'g1'): AuditEvent {
  return { kind: 'logout', id: `l-${time}`, time, session: { ...alice, grantId }, cause: 'grant ended' }
}

const EVENTS: AuditEvent[] = [
  ...statement(1, alice, 'SELECT 1'),
  ...statement(2, alice, 'SELECT 2'),
  logout(2_500),
  logout(3_300),
  // From the outbox: after the end of the session that it ended.
  happening('grant.revoked', 3_000, { grantId: 'g1' }),
  logout(3_700, 'g2'),
  logout(4_100),
  ...statement(5, alice, 'SELECT 5'),
]

it('says which lines prove a period, and how long sessions outlived a revocation', async () => {
  const path = await logOf(EVENTS)
  const lines = logLines(path)
  const within = lines.slice(2, 8)
  const { file, range, counts, revocationMs } = readPeriod(path, { from: 2_000, to: 4_000 })
  expect(file).toBe('audit')
  expect(range).toEqual({
    writer: 'node-1',
    first: { sequence: 2, time: 2_000, leafSha256: leafHash(lines[2]!) },
    last: { sequence: 7, time: 3_700, leafSha256: leafHash(lines[7]!) },
    lines: 6,
    bytes: within.join('\n').length + 1,
    sha256: createHash('sha256')
      .update(`${within.join('\n')}\n`)
      .digest('hex'),
    broken: null,
  })
  expect(counts.map(({ code, count }) => [code, count])).toEqual([
    ['session.logout', 3],
    ['db.completion', 1],
    ['db.decision', 1],
    ['grant.revoked', 1],
  ])
  expect(revocationMs).toEqual([300, 1_100])
})

it('tells of a line that does not follow', async () => {
  const path = await logOf(EVENTS)
  const lines = logText(path).split('\n')
  writeFileSync(plainPath(path, 0), lines.toSpliced(3, 1).join('\n'))
  const { range } = readPeriod(path, { from: 0, to: 4_000 })
  expect(range?.broken).toBe('line 4 of the range: sequence 4 instead of 3')
  expect(range?.lines).toBe(7)
})

it('counts a line that is no record as such, and does not stop at it', async () => {
  const path = await logOf(EVENTS)
  const lines = logText(path).split('\n')
  writeFileSync(plainPath(path, 0), lines.toSpliced(3, 0, '{"time":2600,"class_name":').join('\n'))
  const { range, counts } = readPeriod(path, { from: 2_000, to: 4_000 })
  expect(counts[0]).toEqual({ className: '(none)', code: '(no record)', count: 1 })
  expect(range?.broken).toBe('line 2 of the range: not a record with a chain')
})

it('has nothing of a period without records, or without a log', async () => {
  const nothing = { file: 'audit', range: null, counts: [], revocationMs: [] }
  expect(readPeriod(await logOf(EVENTS), { from: 90_000, to: 91_000 })).toEqual(nothing)
  expect(readPeriod('/nowhere/audit', { from: 0, to: 91_000 })).toEqual(nothing)
})

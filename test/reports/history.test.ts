import { appendFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainPath } from '../../src/auditlog/segments.ts'
import { createHistory } from '../../src/reports/history.ts'
import { searchHistory } from '../../src/reports/history_search.ts'
import { createReportThreads } from '../../src/reports/report_thread.ts'
import { decision } from '../audit/events.ts'
import { happening, logOf, sessionOf, statement } from './log.ts'

const ISSUER = 'https://idp.example.test'
const ALICE = { issuer: ISSUER, subject: 'alice', email: null, name: null }
const BOB = { ...ALICE, subject: 'bob' }
const OWN = { ...ALICE, from: null, to: null, target: null, contains: null, before: null, limit: 50 }
const alice = sessionOf('alice')
const bob = sessionOf('bob')

const EVENTS = [
  ...statement(1, alice, 'SELECT id FROM app.users'),
  ...statement(2, bob, "SELECT 'alice' FROM app.users"),
  happening('grant.revoked', 3_000, { actor: BOB, person: ALICE, target: 'orders', role: 'reader', grantId: 'g1' }),
  happening('lock.set', 4_000, { actor: BOB, target: 'orders' }),
  decision({ id: 'd-5', time: 5_000, session: alice, effect: 'deny', code: 'SP-SCOPE', objects: [] }),
  decision({ id: 'd-6', time: 6_000, session: sessionOf('alice', { target: 'billing' }) }),
]

describe('the history of a person', () => {
  it('has their own records, newest first, with how each statement ended', async () => {
    const found = searchHistory(await logOf(EVENTS), OWN)
    expect(found.before).toBeNull()
    expect(found.items.map(({ id }) => id)).toEqual(['d-6', 'd-5', 'a-3000', 'd-1'])
    expect(found.items[1]).toMatchObject({ outcome: 'denied', code: 'SP-SCOPE', rows: null })
    expect(found.items[3]).toEqual({
      ...{ id: 'd-1', time: 1_000, kind: 'db.decision', target: 'orders', role: 'reader', grantId: 'g1' },
      ...{ sessionId: 's-alice', outcome: 'ok', code: null, statement: 'SELECT id FROM app.users', rows: 1 },
    })
  })

  it.each([
    ['a target', { target: 'billing' }, ['d-6']],
    ['a text, whatever its case', { contains: 'select ID from' }, ['d-6', 'd-5', 'd-1']],
    ['a text of nobody', { contains: 'nothing like it' }, []],
    ['a time', { from: 3_000, to: 6_000 }, ['d-5', 'a-3000']],
  ])('is narrowed by %s', async (_what, by, ids) => {
    const { items } = searchHistory(await logOf(EVENTS), { ...OWN, ...by })
    expect(items.map(({ id }) => id)).toEqual(ids)
  })

  it('is nobody else’s: not of the same subject of another issuer, nor by a name that a client claims', async () => {
    const other = sessionOf('alice')
    const foreign = {
      ...other,
      identity: other.identity && { ...other.identity, issuer: 'https://other.example.test' },
    }
    const path = await logOf([
      ...statement(1, foreign, 'SELECT 1'),
      happening('api.login', 2_000, { actor: { ...ALICE, issuer: 'https://other.example.test' } }),
      {
        ...{ kind: 'login_failed', id: 'e', time: 3_000, code: 'SP-AUTH', detail: 'expired' },
        session: { ...SESSIONLESS, claimedUser: 'alice' },
      },
    ])
    expect(searchHistory(path, OWN).items).toEqual([])
  })

  it('passes over a torn line and lines that are none', async () => {
    const path = await logOf(EVENTS.slice(0, 2))
    appendFileSync(
      plainPath(path, 0),
      '"alice" was here\n{"metadata":null,"who":"alice"}\n{"time":9,"actor":{"user":{"uid":"alice"',
    )
    expect(searchHistory(path, OWN).items).toHaveLength(1)
  })

  it('is the same in pages of any size, with the rows of a statement whose end is on the page before', async () => {
    const path = await logOf(
      Array.from({ length: 12 }, (_, at) => statement(at + 1, at % 3 ? alice : bob, 'SELECT 1')).flat(),
    )
    const whole = searchHistory(path, OWN).items
    expect(whole).toHaveLength(8)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (limit) => {
        const items = []
        for (let before: number | null = null; ; ) {
          const page = searchHistory(path, { ...OWN, before, limit })
          items.push(...page.items)
          before = page.before
          if (before === null) break
        }
        expect(items).toEqual(whole)
      }),
      { numRuns: 20 },
    )
  })

  it('is searched in a thread, and a place that somebody made up gives no more', async () => {
    const threads = createReportThreads(await logOf(EVENTS))
    const history = createHistory(threads)
    const first = await history.search(ALICE, { limit: 1 })
    expect(first.items.map(({ id }) => id)).toEqual(['d-6'])
    const second = await history.search(ALICE, { limit: 1, after: first.next ?? '' })
    expect(second.items.map(({ id }) => id)).toEqual(['d-5'])
    expect((await history.search(ALICE, { limit: 9, after: '777' })).items.map(({ id }) => id)).toContain('d-6')
    expect((await history.search(ALICE, { limit: 9, after: 'x' })).items).toEqual([])
    await threads.close()
  })

  it('is empty before there is a log', () => {
    expect(searchHistory('/nowhere/audit', OWN)).toEqual({ items: [], before: null })
  })
})

const SESSIONLESS = { ...alice, identity: null, grantId: null, role: null, target: null }

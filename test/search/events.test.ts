import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventQuery } from '../../src/search/event_query.ts'
import type { SearchProcess } from '../../src/search/search_process.ts'
import { filled, LONG } from './filled.ts'
import type { SearchLog } from './search_log.ts'
import { compacted, found, page } from './searched.ts'
import { MONDAY, TUESDAY } from './world.ts'

const CASES: readonly (readonly [string, EventQuery, readonly string[]])[] = [
  ['all', {}, ['revoked', 'copy', 'long', 'gone', 'open', 'denied', 'masked', 'clear', 'login', 'start']],
  ['from', { from: TUESDAY + 1000 }, ['revoked', 'copy', 'long', 'gone']],
  ['to', { to: MONDAY + 1000 }, ['start']],
  ['subject', { person: 'u-bob' }, ['denied', 'masked']],
  ['email in another case', { person: 'bob@EXAMPLE.test' }, ['denied', 'masked']],
  ['whom it concerns', { person: 'u-alice', event: 'grant.*' }, ['revoked']],
  ['target', { target: 'billing' }, ['denied', 'masked']],
  ['database', { database: 'ledger' }, ['denied', 'masked']],
  ['role', { role: 'writer' }, ['denied', 'masked']],
  ['table', { table: 'app.orders' }, ['gone']],
  ['table by its name', { table: 'orders' }, ['gone']],
  ['no part of a name', { table: 'rders' }, []],
  ['column', { column: 'ssn' }, ['masked', 'clear']],
  ['column of a table', { column: 'app.users.ssn' }, ['masked', 'clear']],
  ['column in clear', { column: 'users.ssn', seen: 'clear' }, ['clear']],
  ['column masked', { column: 'users.ssn', seen: 'masked' }, ['masked']],
  ['any masked', { seen: 'masked' }, ['masked']],
  ['none written', { seen: 'written' }, []],
  ['column beyond the first of a long list', { column: 'wide.c49' }, ['long']],
  ['kind', { kind: 'delete' }, ['gone']],
  ['verb', { verb: 'export' }, ['copy']],
  ['decision', { decision: 'deny' }, ['denied']],
  ['code', { code: 'SP-MASKED' }, ['denied']],
  ['rule', { rule: 'masked' }, ['denied']],
  ['incident', { incident: 'pagerduty:P1' }, ['denied', 'masked']],
  ['grant', { grant: 'g2' }, ['denied', 'masked']],
  ['request', { request: 'r1' }, ['revoked']],
  ['session', { session: 's-2' }, ['denied', 'masked']],
  ['statement', { statement: 'q-gone' }, ['gone']],
  ['event', { event: 'session.login' }, ['login']],
  ['severity', { severity: 3 }, ['revoked']],
  ['rows', { rowsOver: 76 }, ['open', 'clear']],
  ['not that many rows', { rowsOver: 500 }, []],
  ['outcome, of an end in another segment', { outcome: 'error' }, ['open']],
  ['application', { application: 'DBeaver' }, ['denied', 'masked']],
  ['client', { client: '10.0.0.9' }, ['denied', 'masked']],
  ['text of a statement', { contains: 'delete from' }, ['gone']],
  ['text beyond what a record holds', { contains: 'NEEDLE' }, ['long']],
  ['text of a reason', { contains: 'no longer' }, ['revoked']],
  ['several at once', { person: 'u-alice', from: TUESDAY, verb: 'read' }, ['copy', 'long']],
  ['a quote in a value', { person: "x' OR '1'='1" }, []],
  ['a statement in a value', { contains: "'; DROP TABLE live; --" }, []],
  ['a pattern in a value', { contains: '%' }, []],
  ['a star elsewhere', { target: '*' }, []],
]

let log: SearchLog
let search: SearchProcess
let keeper: SearchProcess
beforeAll(() => {
  log = filled()
  search = log.process()
  keeper = log.process(true, 'keeper')
})
afterAll(() => Promise.all([search.close(), keeper.close()]))

describe('each filter, over segments', () => {
  test.for(CASES)('%s', async ([, query, expected]) => {
    expect(await found(search, query)).toEqual(expected)
  })

  test('an entry has what its decision, its end and its pieces say', async () => {
    const [long] = (await page(search, { statement: 'q-long' })).items
    expect(long).toMatchObject({
      statement: LONG,
      rows: 1,
      bytes: 10,
      outcome: 'ok',
      kind: 'select',
      email: 'alice@example.test',
      target: 'orders',
      time: TUESDAY + 2000,
      sha256: 'ef',
    })
    expect(long?.clear).toHaveLength(50)
    const [open] = (await page(search, { statement: 'q-open' })).items
    expect(open).toMatchObject({ rows: 77, outcome: 'error', error: '23505', decision: 'allow' })
    const [denied] = (await page(search, { code: 'SP-MASKED' })).items
    expect(denied).toMatchObject({
      rows: null,
      outcome: null,
      message: 'it compares',
      incident: 'pagerduty:P1',
      client_ip: '10.0.0.9',
    })
  })
})

describe('the same, after compaction', () => {
  test('closed days stand in one file each', async () => {
    const before = await page(search, {})
    // Three segments, of which two days are made.
    expect(await compacted(keeper)).toBe(5)
    expect(await page(keeper, {})).toEqual(before)
    expect(await compacted(keeper)).toBe(0)
  })

  test.for(CASES)('%s', async ([, query, expected]) => {
    expect(await found(keeper, query)).toEqual(expected)
  })

  test('lines that are not durable yet are not shown', async () => {
    const { items } = await page(keeper, {}, { before: log.next - 1 })
    expect(items.map(({ uid }) => uid)).not.toContain('revoked')
  })
})

import { afterAll, describe, expect, test } from 'vitest'
import { SearchLog } from './search_log.ts'
import { asked } from './searched.ts'
import { ALICE, act, BOB, column, MONDAY, statement, TUESDAY, WEDNESDAY } from './world.ts'

const DIGEST = 'ab'.repeat(32)
const STEP = (step: number, of = 2, digest = DIGEST) =>
  `statement ${step} of ${of} of the approved script ${digest.slice(0, 16)}`
const PERIOD = { from: MONDAY, to: WEDNESDAY, targets: null }
const EVERYWHERE = { targets: ['*'], databases: ['*'], schemas: ['*'] }

const log = new SearchLog()
const lifted = { ...column('users', 'ssn', 'clear'), lifted: true } as const
log.add(...statement('s1', MONDAY, { columns: [lifted, column('users', 'id', 'clear')] }, { rows: 10 }))
log.rotate()
log.add(...statement('s2', MONDAY + 1, { columns: [lifted] }, { rows: 5 }))
log.add(...statement('s3', MONDAY + 2, { columns: [column('users', 'phone', 'clear')], session: BOB }, { rows: 7 }))
log.add(
  ...statement('s4', MONDAY + 3, {
    columns: [column('users', 'phone', 'masked')],
    session: { ...BOB, role: 'reader' },
  }),
)
log.add(...statement('s5', MONDAY + 4, { effect: 'deny', code: 'SP-MASKED', columns: [lifted] }, null))
log.add(
  ...statement('out', TUESDAY, { verbs: ['read', 'export'], statementKind: 'copy', columns: [lifted] }, { rows: 99 }),
)
log.add(...statement('no', TUESDAY + 1, { verbs: ['read', 'export'], effect: 'deny', code: 'SP-EXPORT' }, null))
const orders = { objects: [{ schema: 'app', name: 'orders', access: 'target' }], columns: [] } as const
log.add(...statement('del', TUESDAY + 2, { ...orders, verbs: ['delete'], statementKind: 'delete' }, { rows: 42 }))
log.add(
  ...statement(
    'fail',
    TUESDAY + 3,
    { ...orders, verbs: ['delete'], statementKind: 'delete' },
    { rows: 0, outcome: 'error' },
  ),
)
log.add(
  ...statement(
    'cut',
    TUESDAY + 4,
    { ...orders, verbs: ['delete'], statementKind: 'truncate', session: BOB },
    { rows: 0 },
  ),
)

function migrated(
  id: string,
  more: { second?: string; done?: number; outcome?: string; refused?: boolean } = {},
): void {
  const session = { ...ALICE, grantId: `g-${id}` }
  const grant = { type: 'grant', id: `g-${id}` }
  const ids = { grantId: `g-${id}`, requestId: `r-${id}` }
  log.add(
    act(
      `${id}-asked`,
      TUESDAY,
      'request.created',
      { type: 'request', id: `r-${id}` },
      { requestId: `r-${id}`, detail: { planDigest: DIGEST } },
    ),
  )
  log.add(act(`${id}-active`, TUESDAY, 'grant.activated', grant, ids))
  log.add(...statement(`${id}-1`, TUESDAY, { session, reason: STEP(1) }))
  if (more.refused)
    log.add(...statement(`${id}-x`, TUESDAY, { session, effect: 'deny', code: 'SP-PLAN', reason: 'another' }, null))
  if (more.done !== 1) log.add(...statement(`${id}-2`, TUESDAY, { session, reason: more.second ?? STEP(2) }))
  const detail = {
    done: more.done ?? 2,
    of: 2,
    outcome: more.outcome ?? 'ran_as_approved',
    deviations: more.refused ? 1 : 0,
  }
  log.add(act(`${id}-end`, TUESDAY, 'grant.progress', grant, { ...ids, detail }))
}
migrated('good')
migrated('tried', { refused: true, outcome: 'deviated' })
migrated('half', { done: 1, outcome: 'incomplete' })
migrated('other', { second: STEP(2, 2, 'cd'.repeat(32)) })

const search = log.process()
afterAll(() => search.close())

describe('who read PII', () => {
  test('by what the records say is lifted, and what others saw masked', async () => {
    const { verdict, rows, columns } = await asked(search, {
      name: 'pii-readers',
      ...PERIOD,
      sensitive: [],
      columns: null,
    })
    expect(verdict).toBe('2 people read sensitive columns in clear.')
    expect(columns).toEqual(['person', 'email', 'target', 'database', 'column', 'statements', 'rows', 'first', 'last'])
    expect(rows).toEqual([
      ['u-alice', 'alice@example.test', 'orders', 'app', 'app.users.ssn', 3, 114, MONDAY, TUESDAY],
      ['u-bob', 'Bob@example.test', 'billing', 'ledger', 'app.users.phone', 1, 7, MONDAY + 2, MONDAY + 2],
    ])
  })

  test('by what the policy names', async () => {
    const sensitive = [{ ...EVERYWHERE, tables: ['users'], columns: ['ID'] }]
    const { rows } = await asked(search, { name: 'pii-readers', ...PERIOD, sensitive, columns: null })
    expect(rows.map((row) => row[4])).toContain('app.users.id')
  })

  test('by columns that were given, of some targets', async () => {
    const question = { name: 'pii-readers', ...PERIOD, sensitive: [], columns: ['users.phone'] } as const
    expect((await asked(search, question)).rows).toHaveLength(1)
    expect(await asked(search, { ...question, targets: ['orders'] })).toMatchObject({
      rows: [],
      verdict: 'Nobody read a sensitive column in clear.',
    })
  })
})

test('what was exported', async () => {
  const { verdict, rows, columns } = await asked(search, { name: 'exports', ...PERIOD })
  expect(verdict).toBe('1 exports ran, and 1 were refused or failed.')
  const at = (name: string) => columns.indexOf(name)
  expect(rows.map((row) => [row[at('decision')], row[at('rows')], row[at('clear')]])).toEqual([
    ['deny', null, ['app.users.id']],
    ['allow', 99, ['app.users.ssn']],
  ])
  expect((await asked(search, { name: 'exports', ...PERIOD, to: TUESDAY })).rows).toEqual([])
})

test('who deleted', async () => {
  const { verdict, rows } = await asked(search, { name: 'deletions', ...PERIOD })
  expect(verdict).toBe('2 people deleted.')
  expect(rows).toEqual([
    ['u-alice', 'alice@example.test', 'orders', 'app.orders', 'delete', 2, 42, 1, TUESDAY + 2, TUESDAY + 3],
    ['u-bob', 'Bob@example.test', 'billing', 'app.orders', 'truncate', 1, 0, 0, TUESDAY + 4, TUESDAY + 4],
  ])
  expect(await asked(search, { name: 'deletions', ...PERIOD, targets: [] })).toMatchObject({
    rows: [],
    verdict: 'Nobody deleted anything.',
  })
})

test.for([
  ['g-good', /^Yes: the script ran as approved\. 2 of 2 statements ran, 0 others/],
  ['r-good', /^Yes: the script ran as approved\./],
  [
    'g-tried',
    /^Yes, but something else was tried: 2 of 2 statements ran, 1 others were tried and refused; .* deviated/,
  ],
  ['g-half', /^Not whole: 1 of 2 statements ran, .* incomplete/],
  ['g-other', /^No: it ran another script than the one that was approved\./],
  ['g1', /^No statement of an approved script ran under it\./],
  ["x' OR '1'='1", /^The log has nothing of this id\./],
] as const)('whether the migration of %s ran as approved', async ([id, expected]) => {
  const { verdict } = await asked(search, { name: 'migration', id })
  expect(verdict).toMatch(expected)
})

import { SearchLog } from './search_log.ts'
import { ALICE, act, BOB, CAROL, column, MONDAY, statement, TUESDAY, WEDNESDAY } from './world.ts'

export const LONG = `SELECT ${'x'.repeat(60_000)} needle`
const MANY = Array.from({ length: 50 }, (_, index) => column('wide', `c${index}`, 'clear'))

/** Three segments of two days, and the open one. */
export function filled(): SearchLog {
  const log = new SearchLog()
  log.add({ kind: 'process', id: 'start', time: MONDAY, what: 'start' })
  log.add({ kind: 'login', id: 'login', time: MONDAY + 1000, session: ALICE, grantEnd: 9 })
  log.add(
    ...statement(
      'clear',
      MONDAY + 2000,
      { columns: [column('users', 'ssn', 'clear'), column('users', 'id', 'clear')] },
      { rows: 500 },
    ),
  )
  log.rotate()
  log.add(...statement('masked', MONDAY + 3000, { session: BOB, columns: [column('users', 'ssn', 'masked')] }))
  log.add(
    ...statement(
      'denied',
      MONDAY + 4000,
      { session: BOB, effect: 'deny', code: 'SP-MASKED', rule: 'masked', reason: 'it compares' },
      null,
    ),
  )
  log.add(...statement('open', MONDAY + 5000, { statementKind: 'update', verbs: ['update'] }, null))
  log.rotate()
  const gone = {
    objects: [{ schema: 'app', name: 'orders', access: 'target' }],
    statementKind: 'delete',
    verbs: ['delete'],
  } as const
  // It ends what a segment before has begun.
  log.add(...statement('open', TUESDAY, {}, { rows: 77, outcome: 'error' }).slice(1))
  log.add(
    ...statement('gone', TUESDAY + 1000, {
      ...gone,
      statement: { normalized: 'DELETE FROM app.orders', sha256: 'cd', bytes: 22, full: null },
    }),
  )
  log.add(
    ...statement('long', TUESDAY + 2000, {
      columns: MANY,
      statement: { normalized: LONG, sha256: 'ef', bytes: LONG.length, full: null },
    }),
  )
  log.rotate()
  log.add(...statement('copy', WEDNESDAY, { verbs: ['read', 'export'], statementKind: 'copy' }))
  log.add(
    act(
      'revoked',
      WEDNESDAY + 1000,
      'grant.revoked',
      { type: 'grant', id: 'g1' },
      {
        actor: CAROL,
        person: ALICE.identity,
        severity: 'medium',
        grantId: 'g1',
        requestId: 'r1',
        reason: 'no longer needed',
        target: 'orders',
      },
    ),
  )
  return log
}

import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.ts'
import { SessionStory } from '../../src/proxy/session_story.ts'
import type { LiveSessionFacts, TableUse } from '../../src/session/ports.ts'
import { completion, decision } from '../audit/events.ts'

type Decision = Extract<AuditEvent, { kind: 'decision' }>
type Completion = Extract<AuditEvent, { kind: 'completion' }>

const SESSION = decision().session

function story(isMasked: ConstructorParameters<typeof SessionStory>[2] = null) {
  const told: unknown[] = []
  const uses: TableUse[] = []
  let now = 0
  const made = new SessionStory(
    {
      sessions: {
        opened: (session: LiveSessionFacts) => told.push(['opened', session.grantId]),
        seen: (_id, _at, statement) => told.push(['seen', statement]),
        closed: () => told.push(['closed']),
      },
      uses: { note: (use) => uses.push(use) },
      clock: { now: () => now, monotonic: () => now },
    },
    SESSION,
    isMasked,
  )
  return { made, told, uses, at: (ms: number) => (now = ms) }
}

const read = (statementId: string, more: Partial<Decision> = {}): Decision => ({
  ...(decision() as Decision),
  statementId,
  effect: 'allow',
  verbs: ['read'],
  objects: [{ schema: 'app', name: 'users', access: 'read' }],
  columns: [{ schema: 'app', table: 'users', column: 'email', seen: 'clear' }],
  ...more,
})
const done = (statementId: string, rows: number, outcome: Completion['outcome'] = 'ok'): Completion => ({
  ...(completion() as Completion),
  statementId,
  rows,
  outcome,
})

describe('the use of a grant', () => {
  it('is counted by table and verb, with the rows of the completion', () => {
    const { made, uses } = story()
    made.decided(read('a'))
    expect(uses).toEqual([])
    made.completed(done('a', 7))
    made.completed(done('a', 7))
    const objects = [...read('b').objects, { schema: 'app', name: 'log', access: 'target' as const }]
    made.decided(read('b', { objects, verbs: ['read', 'insert'] }))
    made.completed(done('b', 2))
    expect(uses.map(({ table, verb, rows }) => [table, verb, rows])).toEqual([
      ['users', 'read', 7],
      ['users', 'read', 2],
      ['log', 'insert', 2],
    ])
  })

  it('counts a statement that failed or never ended without rows, and one that was refused not at all', () => {
    const { made, uses } = story()
    made.decided(read('a', { effect: 'deny' }))
    made.completed(done('a', 1))
    made.decided(read('b'))
    made.completed(done('b', 5, 'error'))
    made.decided(read('c'))
    made.end()
    expect(uses.map(({ rows }) => rows)).toEqual([0, 0])
  })

  it('is clear where a column is read in clear that others see masked', () => {
    const seen = (isMasked: ConstructorParameters<typeof SessionStory>[2]) => {
      const { made, uses } = story(isMasked)
      made.decided(read('a'))
      made.completed(done('a', 1))
      return uses[0]?.clear
    }
    expect([seen(null), seen(() => false), seen((_schema, _table, column) => column === 'email')]).toEqual([
      false,
      false,
      true,
    ])
  })

  it('holds a bounded number of open statements', () => {
    const { made, uses } = story()
    for (let i = 0; i < 1000; i++) made.decided(read(`s${i}`))
    expect(uses.length).toBe(1000 - 256)
  })
})

describe('a live session', () => {
  it('is told with its last statement, at most once a second', () => {
    const { made, told, at } = story()
    made.begin(0)
    made.decided(read('a', { statement: { normalized: 'SELECT $1', sha256: '', bytes: 0, full: null } }))
    at(2000)
    made.tick(SESSION)
    made.decided(read('b', { statement: { normalized: 'SELECT $2', sha256: '', bytes: 0, full: null } }))
    at(2500)
    made.tick(SESSION)
    made.tick(SESSION)
    made.end()
    expect(told).toEqual([['opened', SESSION.grantId], ['seen', 'SELECT $1'], ['seen', 'SELECT $2'], ['closed']])
  })

  it('is told again where it goes on under another grant', () => {
    const { made, told, at, uses } = story()
    made.begin(0)
    made.decided(read('a', { statement: { normalized: 'SELECT $1', sha256: '', bytes: 0, full: null } }))
    at(2000)
    made.tick({ ...SESSION, grantId: 'next' })
    expect(told).toEqual([
      ['opened', SESSION.grantId],
      ['opened', 'next'],
      ['seen', 'SELECT $1'],
    ])
    made.completed(done('a', 1))
    expect(uses[0]?.grantId).toBe(SESSION.grantId)
  })
})

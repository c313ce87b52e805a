import { describe, expect, it } from 'vitest'
import { roleOf, type Step, type World, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  described,
  done,
  execute,
  failed,
  PARSED,
  parse,
  query,
  ready,
  row,
  SYNC,
  SYNTAX_ERROR,
  server,
  story,
} from './postgres_story.ts'

const MADE = 'DECLARE c CURSOR FOR SELECT id, email FROM users'
const HELD = 'DECLARE c CURSOR WITH HOLD FOR SELECT id, email FROM users'
const USERS = described(['users.id', 'users.email'])
const ONE_ROW = [row('1', 'bob@example.test'), done('FETCH 1')]
const MASKED = '< row 1 b***@***.test'
const BEGIN: readonly Step[] = [client(query('BEGIN')), server(done('BEGIN'), ready('T'))]
const DECLARE: readonly Step[] = [...BEGIN, client(query(MADE)), server(done('DECLARE CURSOR'), ready('T'))]
const UNKNOWN = '< error 34000 cursor "c" does not exist'
const refused = server(SYNTAX_ERROR, ready('E'))

describe('a cursor of SQL', () => {
  it('gives its rows under the plan of its query', () => {
    const lines = story([...DECLARE, client(query('FETCH 1 FROM c')), server(USERS, ...ONE_ROW, ready('T'))])
    expect(lines.slice(5)).toEqual([
      'record allow declare_cursor',
      '> query DECLARE c CURSOR FOR SELECT id, email FROM "shop"."users"',
      'note ok declare_cursor rows 0',
      '< done DECLARE CURSOR',
      '< ready T',
      'record allow fetch',
      '> query FETCH 1 FROM c',
      '< rowDescription',
      MASKED,
      'note ok fetch rows 1',
      '< done FETCH 1',
      '< ready T',
    ])
  })

  it('gives no row that is described otherwise', () => {
    const other = described(['users.email', 'users.id'])
    const lines = story([...DECLARE, client(query('FETCH 1 FROM c')), server(other, ...ONE_ROW, ready('T'))])
    expect(lines.join('\n')).not.toContain('bob@')
  })

  it('is moved without a row', () => {
    expect(story([...DECLARE, client(query('MOVE 1 IN c')), server(done('MOVE 1'), ready('T'))]).at(-2)).toBe(
      '< done MOVE 1',
    )
  })

  it.each([
    ['CLOSE', [client(query('CLOSE c')), server(done('CLOSE CURSOR'), ready('T'))]],
    ['CLOSE ALL', [client(query('CLOSE ALL')), server(done('CLOSE CURSOR ALL'), ready('T'))]],
    [
      'the message Close',
      [client({ kind: 'close', target: 'portal', name: 'c' }, SYNC), server({ kind: 'closeComplete' }, ready('T'))],
    ],
    ['the end of its transaction', [client(query('COMMIT')), server(done('COMMIT'), ready()), ...BEGIN]],
  ])('is gone after %s', (_how, steps) => {
    expect(story([...DECLARE, ...steps, client(query('FETCH c')), refused]).at(-2)).toBe(UNKNOWN)
  })

  it('WITH HOLD outlives its transaction', () => {
    const steps = [
      client(query(HELD)),
      server(done('DECLARE CURSOR'), ready()),
      client(query('FETCH c')),
      server(USERS, ...ONE_ROW, ready()),
    ]
    expect(story(steps)).toContain(MASKED)
    const gone = [
      ...steps.slice(0, 2),
      client(query('DISCARD ALL')),
      server(done('DISCARD ALL'), ready()),
      client(query('FETCH c')),
    ]
    expect(story(gone).at(-2)).toBe(UNKNOWN)
  })

  it('that could not be declared is unknown', () => {
    const steps = [
      ...BEGIN,
      client(query(MADE)),
      server(failed('42P03', 'exists'), ready('E')),
      client(query('FETCH c')),
    ]
    expect(story(steps).at(-2)).toBe(UNKNOWN)
  })

  it('is read by Execute, after the proxy has asked what its rows are', () => {
    const steps = [
      ...DECLARE,
      client(execute('c', 1), SYNC),
      server(USERS, ...ONE_ROW.slice(0, 1), { kind: 'portalSuspended' }, ready('T')),
    ]
    expect(story(steps).slice(10)).toEqual([
      '> describe portal c',
      'record allow select',
      '> execute c 1',
      '> sync',
      MASKED,
      '< portalSuspended',
      '< ready T',
    ])
  })

  it('may be a portal of Bind', () => {
    const steps = [
      ...BEGIN,
      client(parse('SELECT id, email FROM users'), bind('', 'c'), SYNC),
      server(PARSED, BOUND, USERS, ready('T')),
      client(query('FETCH c')),
      server(USERS, ...ONE_ROW, ready('T')),
    ]
    expect(story(steps)).toContain(MASKED)
  })

  it('is fetched from by the extended protocol', () => {
    const steps = [
      ...DECLARE,
      client(parse('FETCH c'), bind(), execute(), SYNC),
      server(PARSED, BOUND, USERS, ...ONE_ROW, ready('T')),
    ]
    expect(story(steps)).toContain(MASKED)
  })

  it('has one limit for all that is read from it', () => {
    const limited = (): World => worldOf('postgres', roleOf({ limits: { maxRowsPerResult: 2 } }))
    const fetch = [client(query('FETCH c')), server(USERS, ...ONE_ROW, ready('T'))]
    const lines = story([...DECLARE, ...fetch, ...fetch, ...fetch], limited)
    expect(lines.filter((line) => line === MASKED).length).toBe(2)
    expect(lines).toContain('< error 54000 SP-LIMIT-ROWS')
  })

  it('is judged anew at each FETCH', () => {
    const act = (world: World): void => {
      world.role = { ...world.role, digest: 'role-2', scope: [] }
    }
    const steps: Step[] = [...DECLARE, { from: 'world', act }, client(query('FETCH c')), refused]
    expect(story(steps).slice(-4)).toEqual([
      'record deny declare_cursor SP-SCOPE',
      '> query SALLYPORT REFUSED THIS STATEMENT',
      '< error 42501 SP-SCOPE',
      '< ready E',
    ])
  })

  it('made anew after a ROLLBACK TO is the new one', () => {
    const say = (text: string, tag: string): Step[] => [client(query(text)), server(done(tag), ready('T'))]
    const steps = [
      ...BEGIN,
      ...say('SAVEPOINT s', 'SAVEPOINT'),
      ...say('DECLARE c CURSOR FOR SELECT id, total FROM orders', 'DECLARE CURSOR'),
      ...say('ROLLBACK TO s', 'ROLLBACK'),
      ...say(MADE, 'DECLARE CURSOR'),
      client(query('FETCH c')),
      server(USERS, ...ONE_ROW, ready('T')),
    ]
    expect(story(steps)).toContain(MASKED)
  })

  it('behind DECLARE in one message is refused', () => {
    expect(story([client(query(`BEGIN; ${MADE}; FETCH c`))])).toContain('record deny fetch SP-MULTI')
  })
})

import { describe, expect, it } from 'vitest'
import { roleOf, type Step, worldOf } from './fixture.ts'
import {
  client,
  described,
  done,
  failed,
  NO_DATA,
  query,
  ready,
  row,
  SYNTAX_ERROR,
  server,
  story,
} from './postgres_story.ts'

const USERS = ['users.id', 'users.email', 'users.ssn']
const MASKED = 'SELECT id, email, ssn FROM users'
const COMPUTED = 'SELECT length(email) FROM users'
const BEGIN: readonly Step[] = [client(query('BEGIN')), server(done('BEGIN'), ready('T'))]
const BEGAN = ['record allow begin', '> query BEGIN', 'note ok begin rows 0', '< done BEGIN', '< ready T']

describe('a simple query', () => {
  it('is recorded, sent, masked and noted, in this order', () => {
    const rows = [row('1', 'bob@example.test', '078-05-1120'), row('2', null, '')]
    expect(story([client(query(MASKED)), server(described(USERS), ...rows, done('SELECT 2'), ready())])).toEqual([
      'record allow select',
      '> query SELECT id, email, ssn FROM "shop"."users"',
      '< rowDescription',
      '< row 1 b***@***.test *******1120',
      '< row 2 NULL ',
      'note ok select rows 2',
      '< done SELECT 2',
      '< ready I',
    ])
  })

  it('passes rows without masks as they are', () => {
    const steps = [
      client(query('SELECT id, total FROM orders')),
      server(described(['orders.id', 'orders.total']), row('1', '9'), done('SELECT 1'), ready()),
    ]
    expect(story(steps)).toContain('< row 1 9')
  })

  it('that is refused when idle is answered here', () => {
    expect(story([client(query('SELECT * FROM secrets'))])).toEqual([
      'record deny select SP-SCOPE',
      '< error 42501 SP-SCOPE',
      '< ready I',
    ])
  })

  it('that is refused in a transaction really fails it', () => {
    const steps = [...BEGIN, client(query('SELECT * FROM secrets')), server(SYNTAX_ERROR, ready('E'))]
    expect(story(steps)).toEqual([
      ...BEGAN,
      'record deny select SP-SCOPE',
      '> query SALLYPORT REFUSED THIS STATEMENT',
      '< error 42501 SP-SCOPE',
      '< ready E',
    ])
  })

  it('that is refused behind another one keeps its place', () => {
    const steps = [
      client(query('SELECT 1'), query('SELECT * FROM secrets'), query('SELECT 2')),
      server(described(['?']), row('1'), done('SELECT 1'), ready(), SYNTAX_ERROR, ready()),
      server(described(['?']), row('2'), done('SELECT 1'), ready()),
    ]
    const answers = story(steps).filter((line) => line.startsWith('<'))
    expect(answers.filter((line) => !line.includes('rowDescription'))).toEqual([
      '< row 1',
      '< done SELECT 1',
      '< ready I',
      '< error 42501 SP-SCOPE',
      '< ready I',
      '< row 2',
      '< done SELECT 1',
      '< ready I',
    ])
  })

  it('with several statements has a decision and a completion for each', () => {
    const steps = [
      client(query('SELECT 1; SELECT 2')),
      server(described(['?']), row('1'), done('SELECT 1'), described(['?']), row('2'), done('SELECT 1'), ready()),
    ]
    const lines = story(steps)
    expect(lines.slice(0, 3)).toEqual(['record allow select', 'record allow select', '> query SELECT 1; SELECT 2'])
    expect(lines.filter((line) => line.startsWith('note'))).toEqual(['note ok select rows 1', 'note ok select rows 1'])
  })

  it('whose first statement fails completes the others as cancelled', () => {
    const steps = [client(query('SELECT 1; SELECT 2')), server(failed('22012', 'division by zero'), ready())]
    expect(story(steps).filter((line) => line.startsWith('note'))).toEqual([
      'note error 22012 select rows 0',
      'note cancelled 22012 select rows 0',
    ])
  })

  it('that is empty gets its empty answer and no record', () => {
    expect(story([client(query(' ; ')), server({ kind: 'emptyQueryResponse' }, ready())])).toEqual([
      '> query  ; ',
      '< emptyQueryResponse',
      '< ready I',
    ])
  })
})

describe('a computed result', () => {
  it('is announced before its end, and its errors are scrubbed', () => {
    const ok = story([client(query(COMPUTED)), server(described(['?']), row(null), done('SELECT 1'), ready())])
    expect(ok.slice(-5)).toEqual([
      '< row NULL',
      'note ok select rows 1',
      '< notice 01000 SP-COMPUTED',
      '< done SELECT 1',
      '< ready I',
    ])
    const scrubbed = story([
      client(query(COMPUTED)),
      server(failed('22P02', 'invalid input: "bob@example.test"', 'bob@example.test'), ready()),
    ])
    expect(scrubbed.join('\n')).not.toContain('bob@')
    expect(scrubbed.at(-2)).toMatch(/^< error 22P02 the database reported 22P02/)
  })

  it('has its notices scrubbed too', () => {
    const notice = { ...failed('01000', 'saw bob@example.test'), kind: 'noticeResponse' } as never
    const lines = story([
      client(query(COMPUTED)),
      server(notice, described(['?']), row(null), done('SELECT 1'), ready()),
      server(notice),
    ])
    expect(lines[2]).toMatch(/^< notice 01000 the database reported/)
    expect(lines.at(-1)).toBe('< notice 01000 saw bob@example.test')
  })
})

describe('a deferred error', () => {
  it('at COMMIT is scrubbed when the transaction saw protected values', () => {
    const lines = story([
      ...BEGIN,
      client(query("UPDATE users SET name = 'x' WHERE id = 1")),
      server(done('UPDATE 1'), ready('T')),
      client(query('COMMIT')),
      server(failed('23503', 'Key (email)=(bob@example.test) is not present'), ready()),
    ])
    expect(lines.join('\n')).not.toContain('bob@')
    expect(lines.slice(-3)).toEqual([
      'note error 23503 commit rows 0',
      expect.stringMatching(/^< error 23503 the database reported/),
      '< ready I',
    ])
  })
})

describe('what the server says', () => {
  it('is held against the analysis: an unexpected origin withholds the result', () => {
    const steps = [
      client(query('SELECT total FROM orders')),
      server(described(['users.email']), row('bob@example.test'), done('SELECT 1'), ready()),
    ]
    expect(story(steps)).toEqual([
      'record allow select',
      '> query SELECT total FROM "shop"."orders"',
      'catalog stale',
      'cancel session-1 statement',
      'note withheld XX000 select rows 0 withheld 1',
      '< error XX000 SP-ORIGIN',
      '< ready I',
    ])
  })

  it('has to confirm the origin that a mask was planned for', () => {
    const steps = [
      client(query('SELECT email FROM users')),
      server(described(['users.name']), row('bob@example.test'), failed('57014', 'canceling'), ready()),
    ]
    const lines = story(steps)
    expect(lines.slice(-3)).toEqual([
      'note withheld 57014 select rows 0 withheld 1',
      '< error XX000 SP-ORIGIN',
      '< ready I',
    ])
  })

  it('stops at the row limit', () => {
    const world = () => worldOf('postgres', roleOf({ limits: { maxRowsPerResult: 2 } }))
    const description = described(['orders.id'])
    const steps = [
      client(query('SELECT id FROM orders')),
      server(description, row('1'), row('2')),
      server(row('3')),
      server(row('4'), failed('57014', 'canceling'), ready()),
    ]
    expect(story(steps, world)).toEqual([
      'record allow select',
      '> query SELECT id FROM "shop"."orders"',
      '< rowDescription',
      '< row 1',
      '< row 2',
      'cancel session-1 statement',
      'note withheld 57014 select rows 2 withheld 2',
      '< error 54000 SP-LIMIT-ROWS',
      '< ready I',
    ])
  })

  it('stops at the row limit of an unrestricted role too', () => {
    const world = () => worldOf('postgres', roleOf({ unrestricted: true, scope: [], limits: { maxRowsPerResult: 1 } }))
    const steps = [
      client(query('SELECT 1')),
      server(described(['?']), row('1')),
      server(row('2'), done('SELECT 2'), ready()),
    ]
    expect(story(steps, world).filter((line) => line.startsWith('<'))).toEqual([
      '< rowDescription',
      '< row 1',
      '< error 54000 SP-LIMIT-ROWS',
      '< ready I',
    ])
  })

  it.each([
    ['a COPY that nobody allowed', [{ kind: 'copyInResponse', format: 0, columnFormats: [] }]],
    ['another client_encoding', [{ kind: 'parameterStatus', name: 'client_encoding', value: 'LATIN1' }]],
    ['rows that were not described', [row('1')]],
    ['NoData out of turn', [NO_DATA]],
    ['a second end of the command', [described(['?']), done('SELECT 0'), done('SELECT 0')]],
  ] as const)('ends the session: %s', (_what, messages) => {
    const lines = story([client(query('SELECT 1')), server(...(messages as unknown as readonly never[]), row('x'))])
    expect(lines.at(-1)).toMatch(/^end SP-(PROTOCOL|SETTING)$/)
    expect(lines.at(-2)).toMatch(/^< error (08P01|42501) SP-/)
    expect(lines).toContain('cancel session-1 statement')
  })

  it('passes parameter status and drops notifications', () => {
    const lines = story([
      server({ kind: 'parameterStatus', name: 'TimeZone', value: 'UTC' }),
      server({ kind: 'notificationResponse', pid: 1, channel: 'c', payload: 'p' }),
    ])
    expect(lines).toEqual(['< parameterStatus'])
  })

  it('ends with FATAL', () => {
    const fatal = {
      kind: 'errorResponse',
      fields: [
        ['S', 'FATAL'],
        ['V', 'FATAL'],
        ['C', '57P01'],
        ['M', 'shutdown'],
      ],
    } as const
    expect(story([client(query('SELECT 1')), server(fatal)]).slice(-3)).toEqual([
      'note error 57P01 select rows 0',
      '< error 57P01 shutdown',
      'end normal',
    ])
  })
})

describe('the path', () => {
  const PATH: readonly Step[] = [client(query('SET search_path = archive')), server(done('SET'), ready())]

  it('decides what later names mean', () => {
    const lines = story([...PATH, client(query('SELECT id FROM orders'))])
    expect(lines.at(-1)).toBe('> query SELECT id FROM "archive"."orders"')
  })

  it('holds a pipelined query back until SET was answered', () => {
    const steps = [
      client(query('SET search_path = archive'), query('SELECT id FROM orders')),
      server(done('SET')),
      server(ready()),
    ]
    expect(story(steps)).toEqual([
      'record allow set',
      '> query SET search_path = archive',
      'note ok set rows 0',
      '< done SET',
      '< ready I',
      'record allow select',
      '> query SELECT id FROM "archive"."orders"',
    ])
  })

  it('comes back after ROLLBACK, and after an implicit transaction that failed', () => {
    const rolledBack = story([
      ...BEGIN,
      client(query('SET search_path = archive')),
      server(done('SET'), ready('T')),
      client(query('ROLLBACK')),
      server(done('ROLLBACK'), ready()),
      client(query('SELECT id FROM orders')),
    ])
    expect(rolledBack.at(-1)).toBe('> query SELECT id FROM "shop"."orders"')
  })

  it('is as it was when SET failed', () => {
    const lines = story([
      client(query('SET search_path = archive')),
      server(failed('42704', 'no'), ready()),
      client(query('SELECT id FROM orders')),
    ])
    expect(lines.at(-1)).toBe('> query SELECT id FROM "shop"."orders"')
  })
})

describe('the client', () => {
  it('closes the session with Terminate, and nothing is read after it', () => {
    expect(story([client({ kind: 'terminate' }, query('SELECT 1')), client(query('SELECT 1'))])).toEqual([
      '> terminate',
      'end normal',
    ])
  })

  it('gets an error for a FunctionCall, and none for stray COPY messages', () => {
    const call = { kind: 'functionCall', oid: 1, argumentFormats: [], values: [], resultFormat: 0 } as never
    expect(story([client({ kind: 'copyDone' }, call)])).toEqual([
      'record deny opaque SP-UNSUPPORTED',
      '< error 0A000 SP-UNSUPPORTED',
      '< ready I',
    ])
  })

  it.each([
    ['an unknown message', Uint8Array.of(0x7a, 0, 0, 0, 4)],
    ['a length below four', Uint8Array.of(0x51, 0, 0, 0, 3)],
    ['text that is not UTF-8', Uint8Array.of(0x51, 0, 0, 0, 6, 0xff, 0)],
    ['a password after the login', Uint8Array.of(0x70, 0, 0, 0, 5, 0)],
  ])('ends its session with %s', (_what, bytes) => {
    expect(story([client(bytes, query('SELECT 1'))])).toEqual(['< error 08P01 SP-PROTOCOL', 'end SP-PROTOCOL'])
  })
})

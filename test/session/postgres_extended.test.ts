import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { catalogOf, MINUTE, play, roleOf, type Step, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  described,
  done,
  execute,
  FLUSH,
  failed,
  machineOf,
  NO_DATA,
  PARSED,
  parse,
  query,
  ready,
  row,
  SUSPENDED,
  SYNC,
  SYNTAX_ERROR,
  server,
  story,
  told,
} from './postgres_story.ts'

const USERS = described(['users.id', 'users.email'])
const MASKED = 'SELECT id, email FROM users'
const SENT = 'SELECT id, email FROM "shop"."users"'
const BEGIN: readonly Step[] = [client(query('BEGIN')), server(done('BEGIN'), ready('T'))]
const PREPARED: readonly Step[] = [client(parse(MASKED, 's'), SYNC), server(PARSED, ready())]
const ONE_ROW = [row('1', 'bob@example.test'), done('SELECT 1')] as const

const toClient = (lines: readonly string[]) => lines.filter((line) => line.startsWith('<'))
const toServer = (lines: readonly string[]) => lines.filter((line) => line.startsWith('>'))

describe('the extended protocol', () => {
  const ALL = [parse(MASKED), bind(), execute(), SYNC] as const

  it('records each execution before its Execute, and swallows the answer to its own Describe', () => {
    const steps = [client(...ALL), server(PARSED, BOUND, USERS, ...ONE_ROW, ready())]
    expect(story(steps)).toEqual([
      `> parse : ${SENT}`,
      '> bind  as ',
      '> describe portal ',
      'record allow select',
      '> execute  0',
      '> sync',
      '< parseComplete',
      '< bindComplete',
      '< row 1 b***@***.test',
      'note ok select rows 1',
      '< done SELECT 1',
      '< ready I',
    ])
  })

  it('masks where the description came before the Execute', () => {
    const steps = [
      client(parse(MASKED), bind(), FLUSH),
      server(PARSED, BOUND, USERS),
      client(execute(), SYNC),
      server(...ONE_ROW, ready()),
    ]
    expect(toClient(story(steps))).toEqual([
      '< parseComplete',
      '< bindComplete',
      '< row 1 b***@***.test',
      '< done SELECT 1',
      '< ready I',
    ])
  })

  it('withholds where the description that came before the Execute was another', () => {
    const steps = [
      client(parse(MASKED), bind(), FLUSH),
      server(PARSED, BOUND, described(['users.id', 'users.name'])),
      client(execute(), SYNC),
      server(...ONE_ROW, ready()),
    ]
    expect(toClient(story(steps))).toEqual([
      '< parseComplete',
      '< bindComplete',
      '< error XX000 SP-ORIGIN',
      '< ready I',
    ])
  })

  it('gives the client the answers to its own Describe', () => {
    const steps = [
      client(parse(MASKED, 's'), { kind: 'describe', target: 'statement', name: 's' }),
      client(bind('s'), { kind: 'describe', target: 'portal', name: '' }, execute(), SYNC),
      server(
        PARSED,
        { kind: 'parameterDescription', parameterTypes: [] },
        USERS,
        BOUND,
        USERS,
        USERS,
        ...ONE_ROW,
        ready(),
      ),
    ]
    expect(toClient(story(steps)).slice(0, 5)).toEqual([
      '< parseComplete',
      '< parameterDescription',
      '< rowDescription',
      '< bindComplete',
      '< rowDescription',
    ])
  })

  it('masks binary values in their own format', () => {
    const description = described(['users.id', 'users.email'], 1)
    const steps = [
      client(parse(MASKED), bind('', '', [1]), execute(), SYNC),
      server(PARSED, BOUND, description, row('\0\0\0\u0001', 'bob@example.test'), done('SELECT 1'), ready()),
    ]
    expect(story(steps)).toContain('< row \0\0\0\u0001 b***@***.test')
  })

  it('takes a statement without rows', () => {
    const steps = [
      client(parse("UPDATE orders SET note = 'x' WHERE id = 1"), bind(), execute(), SYNC),
      server(PARSED, BOUND, NO_DATA, done('UPDATE 3'), ready()),
    ]
    expect(story(steps).slice(-5)).toEqual([
      '< parseComplete',
      '< bindComplete',
      'note ok update rows 3',
      '< done UPDATE 3',
      '< ready I',
    ])
  })

  it('takes an empty statement', () => {
    const steps = [
      client(parse(''), bind(), execute(), SYNC),
      server(PARSED, BOUND, { kind: 'emptyQueryResponse' }, ready()),
    ]
    expect(story(steps)).toEqual([
      '> parse : ',
      '> bind  as ',
      '> execute  0',
      '> sync',
      '< parseComplete',
      '< bindComplete',
      '< emptyQueryResponse',
      '< ready I',
    ])
  })

  it('skips to Sync after a refused Parse in the middle of a pipeline', () => {
    const steps = [
      client(...ALL.slice(0, 3), parse('SELECT * FROM secrets'), bind(), execute(), SYNC, ...ALL),
      server(PARSED, BOUND, USERS, ...ONE_ROW, SYNTAX_ERROR, ready()),
      server(PARSED, BOUND, USERS, ...ONE_ROW, ready()),
    ]
    const lines = story(steps)
    expect(toServer(lines)).toEqual([
      `> parse : ${SENT}`,
      '> bind  as ',
      '> describe portal ',
      '> execute  0',
      '> parse : SALLYPORT REFUSED THIS STATEMENT',
      '> sync',
      `> parse : ${SENT}`,
      '> bind  as ',
      '> describe portal ',
      '> execute  0',
      '> sync',
    ])
    expect(toClient(lines)).toEqual([
      '< parseComplete',
      '< bindComplete',
      '< row 1 b***@***.test',
      '< done SELECT 1',
      '< error 42501 SP-SCOPE',
      '< ready I',
      '< parseComplete',
      '< bindComplete',
      '< row 1 b***@***.test',
      '< done SELECT 1',
      '< ready I',
    ])
  })

  it('answers a refused Parse by itself when nothing is under way, and skips to Sync', () => {
    const steps = [client(parse('SELECT * FROM secrets'), bind(), execute(), SYNC), server(ready())]
    expect(story(steps)).toEqual(['record deny select SP-SCOPE', '< error 42501 SP-SCOPE', '> sync', '< ready I'])
  })

  it('completes what the server skipped after an error as cancelled', () => {
    const steps = [
      client(...ALL.slice(0, 3), parse(MASKED), bind(), execute(), SYNC),
      server(PARSED, BOUND, USERS, failed('22012', 'division by zero'), ready()),
    ]
    expect(story(steps).filter((line) => line.startsWith('note'))).toEqual([
      'note error 22012 select rows 0',
      'note cancelled 22012 select rows 0',
    ])
  })

  it('completes a simple query that the server skipped', () => {
    const steps = [
      client(parse(MASKED), query('SELECT 1'), SYNC),
      server(failed('42P05', 'no'), ready()),
      client(query('SELECT 2')),
      server(described(['?']), row('2'), done('SELECT 1'), ready()),
    ]
    expect(story(steps).filter((line) => line.startsWith('note'))).toEqual([
      'note cancelled 42P05 select rows 0',
      'note ok select rows 1',
    ])
  })

  it('ignores everything after an error until Sync when the server said it first', () => {
    const steps = [
      client(parse(MASKED), FLUSH),
      server(failed('42P05', 'no')),
      client(bind(), execute(), query('SELECT 1'), { kind: 'close', target: 'portal', name: '' }, SYNC),
      server(ready()),
    ]
    expect(toServer(story(steps))).toEqual([`> parse : ${SENT}`, '> flush', '> sync'])
  })

  it.each([
    ['portal', [execute('nobody'), SYNC], '< error 34000 portal "nobody" does not exist'],
    ['statement', [bind('nobody'), SYNC], '< error 26000 prepared statement "nobody" does not exist'],
  ] as const)('knows that a %s is not there', (_what, messages, error) => {
    expect(story([client(...messages), server(ready())])).toEqual([error, '> sync', '< ready I'])
  })

  it('forgets a statement whose Parse failed, and keeps one that stood there before', () => {
    const steps = [
      ...PREPARED,
      client(parse('SELECT 1', 's'), SYNC),
      server(failed('42P05', 'already exists'), ready()),
      client(bind('s'), execute(), SYNC),
      server(BOUND, USERS, ...ONE_ROW, ready()),
      client(parse('SELECT 1', 't'), SYNC),
      server(failed('42601', 'no'), ready()),
      client(bind('t'), SYNC),
    ]
    const lines = story(steps)
    expect(lines).toContain('< row 1 b***@***.test')
    expect(lines.at(-2)).toBe('< error 26000 prepared statement "t" does not exist')
  })

  it('refuses several commands in one Parse, and a parameter of a type that a user made', () => {
    const typed = { kind: 'parse', name: '', text: 'SELECT $1', parameterTypes: [16_384] } as const
    expect(story([client(parse('SELECT 1; SELECT 2'), SYNC)])[0]).toBe('record deny opaque SP-MULTI')
    expect(story([client(typed, SYNC)])[0]).toBe('record deny opaque SP-FUNCTION')
  })
})

describe('a name that an unanswered message changes', () => {
  const CHANGE = [{ kind: 'close', target: 'statement', name: 's' }, parse('SELECT 2', 's')] as const

  it('waits for the answer behind a Sync: what runs is what was recorded', () => {
    const steps = [
      client(parse('SELECT 1', 's'), SYNC),
      server(PARSED, ready()),
      client(parse('SELECT 3', 's'), ...CHANGE, SYNC, bind('s'), execute(), SYNC),
      server(failed('42P05', 'exists')),
      server(ready()),
      server(BOUND, described(['?']), row('1'), done('SELECT 1'), ready()),
    ]
    const world = worldOf('postgres')
    const effects = play(world, machineOf(world), steps)
    const recorded = effects.flatMap((effect) =>
      effect.kind === 'record' && effect.event.kind === 'decision' ? [effect.event.statement.sha256] : [],
    )
    expect(recorded).toEqual([createHash('sha256').update('SELECT 1').digest('hex')])
    expect(told(effects).slice(-4, -1)).toEqual(['< row 1', 'note ok select rows 1', '< done SELECT 1'])
    story(steps)
  })

  it('does not wait within one batch', () => {
    const lines = story([client(...CHANGE, bind('s'), execute(), SYNC)])
    expect(lines.at(-1)).toBe('> sync')
  })
})

describe('portals', () => {
  const FETCH: readonly Step[] = [
    ...BEGIN,
    client(parse(MASKED), bind('', 'p'), execute('p', 1), SYNC),
    server(PARSED, BOUND, USERS, row('1', 'bob@example.test'), SUSPENDED, ready('T')),
  ]

  it('go on under one decision after a suspension', () => {
    const steps = [
      ...FETCH,
      client(execute('p', 1), SYNC),
      server(row('2', 'eve@example.test'), SUSPENDED, ready('T')),
      client(execute('p', 1), SYNC),
      server(done('SELECT 0'), ready('T')),
    ]
    const lines = story(steps).slice(5)
    expect(lines.filter((line) => line.startsWith('record'))).toEqual(['record allow select'])
    expect(lines.filter((line) => line.startsWith('note'))).toEqual(['note ok select rows 2'])
    expect(lines).toContain('< row 2 e***@***.test')
  })

  it('that were left suspended are completed when their transaction ends', () => {
    const steps = [...FETCH, client(query('COMMIT')), server(done('COMMIT'), ready())]
    expect(story(steps).filter((line) => line.startsWith('note'))).toEqual([
      'note ok begin rows 0',
      'note ok commit rows 0',
      'note ok select rows 1',
    ])
  })

  it('that were left suspended are completed when they are closed', () => {
    const steps = [
      ...FETCH,
      client({ kind: 'close', target: 'portal', name: 'p' }, SYNC),
      server({ kind: 'closeComplete' }, ready('T')),
    ]
    expect(
      story(steps)
        .filter((line) => line.startsWith('note'))
        .at(-1),
    ).toBe('note ok select rows 1')
  })

  it('stop at the row limit of the whole result, over all of its parts', () => {
    const world = () => worldOf('postgres', roleOf({ limits: { maxRowsPerResult: 1 } }))
    const steps = [...FETCH, client(execute('p', 1), SYNC), server(row('2', 'eve@example.test'), SUSPENDED, ready('T'))]
    expect(toClient(story(steps, world)).slice(-2)).toEqual(['< error 54000 SP-LIMIT-ROWS', '< ready T'])
  })

  it('end with their transaction', () => {
    const steps = [
      client(parse(MASKED), bind('', 'p'), SYNC),
      server(PARSED, BOUND, USERS, ready()),
      client(execute('p'), SYNC),
    ]
    expect(story(steps).at(-2)).toBe('< error 34000 portal "p" does not exist')
  })

  it('of the next batch outlive the end of the one before', () => {
    const steps = [
      client(parse(MASKED), bind(), execute(), SYNC, parse(MASKED), bind('', 'q')),
      server(PARSED, BOUND, USERS, ...ONE_ROW, ready()),
      client(execute('q'), SYNC),
      server(PARSED, BOUND, USERS, ...ONE_ROW, ready()),
    ]
    const lines = toClient(story(steps))
    expect(lines.slice(5)).toEqual(lines.slice(0, 5))
  })
})

describe('a statement is judged when it runs', () => {
  it('and does not after its grant has ended', () => {
    const steps = [...PREPARED, client(bind('s'), FLUSH), server(BOUND, USERS)]
    const ended = story([...steps, { from: 'clock', at: 60 * MINUTE - 1 }, client(execute(), SYNC)])
    expect(ended).toContain('> execute  0')
    const world = () => worldOf('postgres', roleOf(), { end: 1_800_000_000_000 + 1000 })
    expect(story([...steps, { from: 'clock', at: 2000 }, client(execute(), SYNC)], world).slice(-2)).toEqual([
      '< error 57P01 SP-GRANT-ENDED',
      'end SP-GRANT-ENDED',
    ])
  })

  it('and not when the catalog has changed its meaning', () => {
    const changed: Step = {
      from: 'world',
      act: (world) => {
        const catalog = catalogOf('postgres', 'catalog-2')
        world.catalog = { ...catalog, searchPath: ['archive'] }
      },
    }
    const lines = story([
      client(parse('SELECT id FROM orders', 's'), SYNC),
      server(PARSED, ready()),
      changed,
      client(bind('s'), execute(), SYNC),
      server(ready()),
    ])
    expect(lines.slice(-4)).toEqual(['record deny opaque SP-STALE', '< error 26000 SP-STALE', '> sync', '< ready I'])
  })

  it('but does when the new catalog means the same', () => {
    const reread: Step = {
      from: 'world',
      act: (world) => Object.assign(world, { catalog: catalogOf('postgres', 'again') }),
    }
    const lines = story([
      ...PREPARED,
      reread,
      client(bind('s'), execute(), SYNC),
      server(BOUND, USERS, ...ONE_ROW, ready()),
    ])
    expect(lines).toContain('< row 1 b***@***.test')
  })

  it('and not while no catalog is known, nor when the role is gone', () => {
    const lost: Step = { from: 'world', act: (world) => Object.assign(world, { catalog: undefined }) }
    const gone: Step = {
      from: 'world',
      act: (world) => Object.assign(world, { role: { ...world.role, name: 'other' } }),
    }
    expect(story([lost, client(query('SELECT 1'))])[0]).toBe('record deny opaque SP-CATALOG')
    expect(story([...PREPARED, gone, client(bind('s'), SYNC)]).slice(-3)[0]).toBe('record deny opaque SP-NO-GRANT')
  })

  it('under the masks of that moment', () => {
    const lifted: Step = {
      from: 'world',
      act: (world) => Object.assign(world, { masking: { digest: 'none', masks: [] } }),
    }
    const imposed: Step = {
      from: 'world',
      act: (world) => {
        const [email] = world.masking.masks
        world.masking = { digest: 'more', masks: email ? [{ ...email, columns: ['name'] }] : [] }
      },
    }
    const prepared = [client(parse('SELECT name FROM users', 's'), SYNC), server(PARSED, ready())]
    const run = [
      client(bind('s'), execute(), SYNC),
      server(BOUND, described(['users.name']), row('Bob'), done('SELECT 1'), ready()),
    ]
    expect(story([...prepared, lifted, ...run])).toContain('< row Bob')
    expect(story([...prepared, imposed, ...run])).not.toContain('< row Bob')
  })
})

describe('names that change within a pipeline', () => {
  const SET = [parse('SET search_path = archive'), bind(), execute()] as const
  const SELECT = [parse('SELECT id FROM orders'), bind(), execute(), SYNC] as const

  it('hold back what follows until the answer came', () => {
    const steps = [
      client(...SET, ...SELECT),
      server(PARSED, BOUND, NO_DATA, done('SET')),
      server(PARSED, BOUND, described(['?']), done('SELECT 0'), ready()),
    ]
    const lines = story(steps)
    expect(toServer(lines)).toEqual([
      '> parse : SET search_path = archive',
      '> bind  as ',
      '> describe portal ',
      '> execute  0',
      '> flush',
      '> parse : SELECT id FROM "archive"."orders"',
      '> bind  as ',
      '> describe portal ',
      '> execute  0',
      '> sync',
    ])
    expect(lines.indexOf('< done SET')).toBeLessThan(lines.indexOf('> parse : SELECT id FROM "archive"."orders"'))
  })

  it('hold nothing back for good when the SET fails', () => {
    const steps = [
      client(...SET, ...SELECT, ...SELECT),
      server(PARSED, BOUND, NO_DATA, failed('42704', 'no')),
      server(ready()),
      server(PARSED, BOUND, described(['?']), done('SELECT 0'), ready()),
    ]
    expect(toServer(story(steps)).slice(4)).toEqual([
      '> flush',
      '> sync',
      '> parse : SELECT id FROM "shop"."orders"',
      '> bind  as ',
      '> describe portal ',
      '> execute  0',
      '> sync',
    ])
  })
})

describe('the clock', () => {
  const tick = (at: number): Step => ({ from: 'clock', at })

  it('warns once five minutes before the end of the grant, and ends the session at it', () => {
    expect(
      story([tick(54 * MINUTE), tick(55 * MINUTE), tick(56 * MINUTE), tick(60 * MINUTE), tick(61 * MINUTE)]),
    ).toEqual(['< notice 01000 your grant ends in 5 min', '< error 57P01 SP-GRANT-ENDED', 'end SP-GRANT-ENDED'])
  })

  it('cancels what is running when the grant ends', () => {
    expect(story([client(query('SELECT 1')), tick(60 * MINUTE)]).slice(-3)).toEqual([
      'cancel session-1 statement',
      '< error 57P01 SP-GRANT-ENDED',
      'end SP-GRANT-ENDED',
    ])
  })

  it('cancels a statement that runs too long, once, and says why', () => {
    const world = () => worldOf('postgres', roleOf({ limits: { statementTimeoutMs: 1000 } }))
    const cancelled = failed('57014', 'canceling statement due to user request')
    const steps = [client(query('SELECT 1')), tick(1000), tick(1001), tick(2000), server(cancelled, ready())]
    expect(story(steps, world).slice(2)).toEqual([
      'cancel session-1 statement',
      'note cancelled 57014 select rows 0',
      '< error 57014 SP-LIMIT-STATEMENT',
      '< ready I',
    ])
  })

  it('ends an idle session, and one that is idle in a transaction sooner', () => {
    const limits = { idleTimeoutMs: 2000, idleInTransactionTimeoutMs: 1000 }
    const world = () => worldOf('postgres', roleOf({ limits }))
    expect(story([tick(2000), tick(2001)], world)).toEqual(['< error 57P05 SP-LIMIT-TIME', 'end SP-LIMIT-TIME'])
    expect(story([...BEGIN, tick(1001)], world).at(-1)).toBe('end SP-LIMIT-TIME')
    expect(story([client(query('SELECT 1')), tick(5000)], world).at(-1)).toMatch(/^> query/)
  })
})

import { describe, expect, it } from 'vitest'
import type { Step, World } from './fixture.ts'
import { MINUTE, play, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  described,
  done,
  execute,
  failed,
  machineOf,
  PARSED,
  parse,
  query,
  ready,
  row,
  SYNC,
  server,
  story,
} from './postgres_story.ts'

const MADE = 'PREPARE p AS SELECT id, email FROM users'
const USERS = described(['users.id', 'users.email'])
const PREPARE: readonly Step[] = [client(query(MADE)), server(done('PREPARE'), ready())]
const ONE_ROW = [row('1', 'bob@example.test'), done('SELECT 1')]
const toClient = (lines: readonly string[]) => lines.filter((line) => line.startsWith('<'))

describe('EXECUTE', () => {
  it('runs under the plan of what was prepared', () => {
    const lines = story([...PREPARE, client(query('EXECUTE p')), server(USERS, ...ONE_ROW, ready())])
    expect(lines).toEqual([
      'record allow prepare',
      '> query PREPARE p AS SELECT id, email FROM "shop"."users"',
      'note ok prepare rows 0',
      '< done PREPARE',
      '< ready I',
      'record allow execute',
      '> query EXECUTE p',
      '< rowDescription',
      '< row 1 b***@***.test',
      'note ok execute rows 1',
      '< done SELECT 1',
      '< ready I',
    ])
  })

  it('gives no row that is described otherwise than what was prepared', () => {
    const steps = [
      ...PREPARE,
      client(query('EXECUTE p')),
      server(described(['users.email', 'users.id']), ...ONE_ROW, ready()),
    ]
    expect(story(steps).join('\n')).not.toContain('bob@')
  })

  it('records what it runs: its text, its columns, its relations', () => {
    const world = worldOf('postgres')
    const effects = play(world, machineOf(world), [...PREPARE, client(query('EXECUTE p'))])
    const events = effects.flatMap((effect) => (effect.kind === 'record' ? [effect.event] : []))
    expect(events.at(-1)).toMatchObject({
      statementKind: 'execute',
      statement: { normalized: 'EXECUTE p /* PREPARE p AS SELECT id, email FROM users */' },
      objects: [{ schema: 'shop', name: 'users', access: 'read' }],
      columns: [
        { column: 'id', seen: 'clear' },
        { column: 'email', seen: 'masked' },
      ],
    })
  })

  it('of a statement prepared by the protocol runs under its plan', () => {
    const steps = [
      client(parse('SELECT id, email FROM users', 'p'), SYNC),
      server(PARSED, ready()),
      client(query('EXECUTE p')),
      server(USERS, ...ONE_ROW, ready()),
    ]
    expect(story(steps)).toContain('< row 1 b***@***.test')
  })

  it('and Bind know the same names', () => {
    const steps = [...PREPARE, client(bind('p'), execute(), SYNC), server(BOUND, USERS, ...ONE_ROW, ready())]
    expect(toClient(story(steps)).slice(2)).toEqual([
      '< bindComplete',
      '< row 1 b***@***.test',
      '< done SELECT 1',
      '< ready I',
    ])
  })

  it('by the extended protocol', () => {
    const steps = [
      ...PREPARE,
      client(parse('EXECUTE p'), bind(), execute(), SYNC),
      server(PARSED, BOUND, USERS, ...ONE_ROW, ready()),
    ]
    expect(toClient(story(steps)).slice(-3)).toEqual(['< row 1 b***@***.test', '< done SELECT 1', '< ready I'])
  })

  it('of an unknown name is answered as the server would', () => {
    const lines = story([client(query('EXECUTE q'))])
    expect(lines).toEqual([
      'record deny execute SP-UNSUPPORTED',
      '< error 26000 prepared statement "q" does not exist',
      '< ready I',
    ])
  })

  it('finds nothing that was deallocated, and all that a ROLLBACK left', () => {
    const gone = story([
      ...PREPARE,
      client(query('DEALLOCATE p')),
      server(done('DEALLOCATE'), ready()),
      client(query('EXECUTE p')),
    ])
    expect(gone.at(-2)).toBe('< error 26000 prepared statement "p" does not exist')
    const steps = [
      client(query('BEGIN'), query(MADE), query('ROLLBACK')),
      server(done('BEGIN'), ready('T')),
      server(done('PREPARE'), ready('T')),
      server(done('ROLLBACK'), ready()),
      client(query('EXECUTE p')),
      server(USERS, ...ONE_ROW, ready()),
    ]
    expect(story(steps)).toContain('< row 1 b***@***.test')
  })

  it('of a failed PREPARE is unknown', () => {
    const steps = [client(query(MADE)), server(failed('42P05', 'exists'), ready()), client(query('EXECUTE p'))]
    expect(story(steps).at(-2)).toMatch(/^< error 26000/)
  })

  it('waits for the answer of PREPARE', () => {
    const steps = [
      client(query(MADE), query('EXECUTE p')),
      server(done('PREPARE'), ready()),
      server(USERS, ...ONE_ROW, ready()),
    ]
    expect(story(steps)).toContain('< row 1 b***@***.test')
  })

  it('is judged anew: a new mask, an ended grant, another catalog', () => {
    const later = (act: (world: World) => void): string[] =>
      story([...PREPARE, { from: 'world', act }, client(query('EXECUTE p'))])
    const masked = later((world) => {
      world.masking = {
        ...world.masking,
        digest: 'masking-2',
        masks: world.masking.masks.map((one) => ({ ...one, rule: { strategy: 'null' } as const })),
      }
    })
    expect(masked).toContain('< error 26000 SP-STALE')
    const ended = story([...PREPARE, { from: 'clock', at: 61 * MINUTE }, client(query('EXECUTE p'))])
    expect(ended.at(-1)).toBe('end SP-GRANT-ENDED')
    const unscoped = later((world) => {
      world.role = { ...world.role, digest: 'role-2', scope: [] }
    })
    expect(unscoped.filter((line) => line.includes('SP-'))).toEqual([
      'record deny prepare SP-SCOPE',
      '< error 42501 SP-SCOPE',
    ])
  })

  it('does not run what was prepared by protocol for the session itself', () => {
    const steps = [
      client(parse('SET search_path = archive', 's'), SYNC),
      server(PARSED, ready()),
      client(query('EXECUTE s')),
    ]
    expect(story(steps).at(-2)).toBe('< error 0A000 SP-UNSUPPORTED')
  })

  it('scrubs the errors of what it runs', () => {
    const lines = story([
      ...PREPARE,
      client(query('EXECUTE p')),
      server(failed('22P02', 'invalid input: "bob@example.test"'), ready()),
    ])
    expect(lines.join('\n')).not.toContain('bob@')
  })

  it('behind PREPARE in one message is refused', () => {
    expect(story([client(query(`${MADE}; EXECUTE p`))])).toContain('record deny execute SP-MULTI')
  })
})

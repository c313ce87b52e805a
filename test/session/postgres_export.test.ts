import { describe, expect, it } from 'vitest'
import type { CopyFacts, Facts } from '../../src/sql/facts.ts'
import { decodeServer } from '../../src/wire/postgres/server.ts'
import { play, roleOf, type Step, type World, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  described,
  done,
  execute,
  failed,
  framesOf,
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

const STYLE: CopyFacts = {
  direction: 'to',
  format: 'text',
  header: false,
  delimiter: '\t',
  quote: '"',
  escape: '"',
  nullText: '\\N',
  forceQuote: [],
  query: null,
}
const COPY = 'COPY (SELECT id, email FROM users) TO STDOUT'
const CLOSED = { kind: 'closeComplete' } as const
const ANSWER = [PARSED, BOUND, described(['users.id', 'users.email'])]
const ROWS = [row('1', 'bob@example.test'), row('2', null)]
const SENT = [
  '> parse : SELECT id, email FROM "shop"."users"',
  '> bind  as ',
  '> describe portal ',
  '> execute  0',
  '> close portal ',
  '> sync',
]

function exporter(style: Partial<CopyFacts> = {}, more: Parameters<typeof roleOf>[0] = {}): () => World {
  const role = roleOf()
  const scope = role.scope.map((rule) => ({ ...rule, verbs: [...rule.verbs, 'export' as const] }))
  return () => withCopyFacts(worldOf('postgres', roleOf({ scope, ...more })), style)
}

/** COPY (query) TO as the analysis gives it. */
function withCopyFacts(world: World, style: Partial<CopyFacts>): World {
  const { engine } = world.subject
  const analyze: typeof engine.analyze = (text, context) => {
    const facts: Facts = engine.analyze(text, context)
    const inner = /^COPY \((.*)\) TO STDOUT/.exec(text)?.[1]
    const [only] = facts.statements
    if (inner === undefined || !only || facts.statements.length !== 1) return facts
    const copy = { ...STYLE, ...style, query: inner }
    return { ...facts, statements: [{ ...only, kind: 'copy', verbs: ['read', 'export'], opaque: null, copy }] }
  }
  return Object.assign(world, { subject: { ...world.subject, engine: { ...engine, analyze } } })
}

/** The COPY data that the client gets, as text. */
function dataOf(steps: readonly Step[], world: () => World): string {
  const made = world()
  const effects = play(made, machineOf(made), steps)
  const messages = effects
    .flatMap((effect) => (effect.kind === 'client' ? framesOf(effect.bytes) : []))
    .map(decodeServer)
  const data = messages.flatMap((message) => (message.kind === 'copyData' ? [Buffer.from(message.data)] : []))
  return Buffer.concat(data).toString('latin1')
}

describe('COPY TO under the verb export', () => {
  it('is run as a SELECT whose rows are masked and given as COPY data', () => {
    const steps = [client(query(COPY)), server(...ANSWER, ...ROWS, done('SELECT 2'), CLOSED, ready())]
    expect(story(steps, exporter())).toEqual([
      'record allow copy',
      ...SENT,
      '< copyOutResponse',
      '< copyData',
      '< copyData',
      '< copyDone',
      'note ok copy rows 2',
      '< done COPY 2',
      '< ready I',
    ])
    expect(dataOf(steps, exporter())).toBe('1\tb***@***.test\n2\t\\N\n')
  })

  it('gives CSV with a header', () => {
    const steps = [client(query(COPY)), server(...ANSWER, ...ROWS, done('SELECT 2'), CLOSED, ready())]
    const csv = { format: 'csv', header: true, delimiter: ',', nullText: '', forceQuote: ['email'] } as const
    expect(dataOf(steps, exporter(csv))).toBe('id,email\n1,"b***@***.test"\n2,\n')
  })

  it('gives binary from binary rows', () => {
    const description = described(['users.id', 'users.email'], 1)
    const steps = [client(query(COPY)), server(PARSED, BOUND, description, ...ROWS, done('SELECT 2'), CLOSED, ready())]
    const data = dataOf(steps, exporter({ format: 'binary' }))
    expect(data.slice(0, 19)).toBe(`PGCOPY\n\xff\r\n\0${'\0'.repeat(8)}`)
    expect(data.slice(19)).toBe('\0\x02\0\0\0\x011\0\0\0\rb***@***.test\0\x02\0\0\0\x012\xff\xff\xff\xff\xff\xff')
  })

  it('works by the extended protocol, where its description is that there is none', () => {
    const steps = [
      client(parse(COPY), { kind: 'describe', target: 'statement', name: '' }, bind(), execute('', 5), SYNC),
      server(PARSED, { kind: 'parameterDescription', parameterTypes: [] }, described(['users.id', 'users.email'])),
      server(BOUND, described(['users.id', 'users.email']), ...ROWS, done('SELECT 2'), ready()),
    ]
    expect(story(steps, exporter())).toEqual([
      '> parse : SELECT id, email FROM "shop"."users"',
      '> describe statement ',
      '> bind  as ',
      '> describe portal ',
      'record allow copy',
      '> execute  0',
      '> sync',
      '< parseComplete',
      '< parameterDescription',
      '< noData',
      '< bindComplete',
      '< copyOutResponse',
      '< copyData',
      '< copyData',
      '< copyDone',
      'note ok copy rows 2',
      '< done COPY 2',
      '< ready I',
    ])
  })

  it('without rows is a COPY without data', () => {
    const steps = [client(query(COPY)), server(...ANSWER, done('SELECT 0'), CLOSED, ready())]
    expect(story(steps, exporter()).slice(-5)).toEqual([
      '< copyOutResponse',
      '< copyDone',
      'note ok copy rows 0',
      '< done COPY 0',
      '< ready I',
    ])
  })

  it('that fails is an error, in step', () => {
    const steps = [client(query(COPY), query('SELECT 1')), server(PARSED, BOUND, failed('42501', 'no'), ready())]
    expect(story(steps, exporter()).slice(-4)).toEqual([
      '> query SELECT 1',
      'note error 42501 copy rows 0',
      '< error 42501 the database reported 42501; its message is withheld, since it could quote a protected value',
      '< ready I',
    ])
  })

  it('gives no data that is described otherwise', () => {
    const steps = [
      client(query(COPY)),
      server(
        PARSED,
        BOUND,
        described(['users.email', 'users.ssn']),
        row('bob@example.test', '1'),
        done('SELECT 1'),
        CLOSED,
        ready(),
      ),
    ]
    const lines = story(steps, exporter())
    expect(lines.filter((line) => line.startsWith('<'))).toEqual(['< error XX000 SP-ORIGIN', '< ready I'])
  })

  it('stops at the limit of the role', () => {
    const steps = [
      client(query(COPY)),
      server(...ANSWER, ROWS[0]!),
      server(ROWS[1]!, failed('57014', 'cancelled'), ready()),
    ]
    const lines = story(steps, exporter({}, { limits: { maxRowsPerResult: 1 } }))
    expect(lines.filter((line) => line.startsWith('<'))).toEqual([
      '< copyOutResponse',
      '< copyData',
      '< error 54000 SP-LIMIT-ROWS',
      '< ready I',
    ])
  })

  it.each([
    ['without the verb', COPY, () => withCopyFacts(worldOf('postgres'), {}), 'record deny copy SP-EXPORT'],
    ['beside another statement', `SELECT 1; ${COPY}`, exporter(), 'record deny copy SP-MULTI'],
    ['of what is out of scope', 'COPY (SELECT * FROM secrets) TO STDOUT', exporter(), 'record deny copy SP-EXPORT'],
    ['of a write', 'COPY (DELETE FROM orders RETURNING id) TO STDOUT', exporter(), 'record deny copy SP-EXPORT'],
    [
      'of what is not understood',
      'COPY (SELECT nothing FROM nowhere) TO STDOUT',
      exporter(),
      'record deny copy SP-NAME',
    ],
  ])('is refused %s', (_what, text, world, expected) => {
    expect(story([client(query(text))], world)[0]).toBe(expected)
  })
})

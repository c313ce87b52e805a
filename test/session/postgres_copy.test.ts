import { describe, expect, it } from 'vitest'
import type { ClientMessage } from '../../src/wire/postgres/client.ts'
import { encodeCopyData } from '../../src/wire/postgres/copy.ts'
import type { ServerMessage } from '../../src/wire/postgres/server.ts'
import { roleOf, type Step, utf8, type World, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  described,
  done,
  execute,
  failed,
  NO_DATA,
  PARSED,
  parse,
  query,
  ready,
  row,
  SYNC,
  server,
  story,
} from './postgres_story.ts'

const IN: ServerMessage = { kind: 'copyInResponse', format: 0, columnFormats: [0] }
const OUT: ServerMessage = { kind: 'copyOutResponse', format: 0, columnFormats: [0] }
const data = (text: string) => encodeCopyData({ kind: 'copyData', data: utf8(text) })
const DONE = { kind: 'copyDone' } as const
const FAIL: ClientMessage = { kind: 'copyFail', reason: 'no more' }
const UNKNOWN = 'COPY orders FROM STDIN (FORMAT future) SOMEHOW'

function owner(exports = true): () => World {
  return () => worldOf('postgres', roleOf({ unrestricted: true, scope: [], exports }))
}
const told = (steps: readonly Step[], world = owner()): string[] => story(steps, world)
const toClient = (lines: readonly string[]) => lines.filter((line) => line.startsWith('<'))
const toServer = (lines: readonly string[]) => lines.filter((line) => line.startsWith('>'))

describe('COPY FROM STDIN of an unrestricted role', () => {
  it('is relayed in the simple protocol', () => {
    const steps = [
      client(query('COPY orders FROM STDIN')),
      server(IN),
      client(data('1\t2\n'), data('3\t4\n'), DONE),
      server(done('COPY 2'), ready()),
    ]
    expect(told(steps)).toEqual([
      'record allow copy',
      '> query COPY orders FROM STDIN',
      '< copyInResponse',
      '> copyData',
      '> copyData',
      '> copyDone',
      'note ok copy rows 2',
      '< done COPY 2',
      '< ready I',
    ])
  })

  it('takes data that came before the server asked for it', () => {
    const steps = [
      client(query('COPY orders FROM STDIN'), data('1\n'), DONE, query('SELECT 1')),
      server(IN),
      server(done('COPY 1'), ready()),
      server(described(['?']), row('1'), done('SELECT 1'), ready()),
    ]
    expect(toServer(told(steps))).toEqual([
      '> query COPY orders FROM STDIN',
      '> copyData',
      '> copyDone',
      '> query SELECT 1',
    ])
  })

  it('goes on to the next COPY of the same message', () => {
    const steps = [
      client(query('COPY orders FROM STDIN; COPY users FROM STDIN')),
      server(IN),
      client(data('1\n'), DONE, data('2\n'), DONE),
      server(done('COPY 1'), IN),
      server(done('COPY 1'), ready()),
    ]
    const lines = told(steps)
    expect(toServer(lines).slice(1)).toEqual(['> copyData', '> copyDone', '> copyData', '> copyDone'])
    expect(lines.filter((line) => line.startsWith('note'))).toEqual(['note ok copy rows 1', 'note ok copy rows 1'])
  })

  it('that fails in the middle drops what the client still sends', () => {
    const steps = [
      client(query('COPY orders FROM STDIN')),
      server(IN),
      client(data('x\n')),
      server(failed('22P02', 'invalid input'), ready()),
      client(data('y\n'), DONE, query('SELECT 1')),
      server(described(['?']), row('1'), done('SELECT 1'), ready()),
    ]
    const lines = told(steps)
    expect(toServer(lines)).toEqual(['> query COPY orders FROM STDIN', '> copyData', '> query SELECT 1'])
    expect(toClient(lines).slice(0, 3)).toEqual(['< copyInResponse', '< error 22P02 invalid input', '< ready I'])
  })

  it('is given up by the client', () => {
    const steps = [
      client(query('COPY orders FROM STDIN')),
      server(IN),
      client(FAIL),
      server(failed('57014', 'COPY from stdin failed: no more'), ready()),
    ]
    expect(told(steps).slice(-3)).toEqual([
      'note cancelled 57014 copy rows 0',
      '< error 57014 COPY from stdin failed: no more',
      '< ready I',
    ])
  })

  it('ignores Sync while data flows in the extended protocol, as the server does', () => {
    const steps = [
      client(parse('COPY orders FROM STDIN'), bind(), execute(), SYNC),
      server(PARSED, BOUND, NO_DATA, IN),
      client(data('1\n'), SYNC, DONE, SYNC),
      server(done('COPY 1'), ready()),
    ]
    expect(told(steps)).toEqual([
      '> parse : COPY orders FROM STDIN',
      '> bind  as ',
      '> describe portal ',
      'record allow copy',
      '> execute  0',
      '> flush',
      '< parseComplete',
      '< bindComplete',
      '< copyInResponse',
      '> copyData',
      '> copyDone',
      '> sync',
      'note ok copy rows 1',
      '< done COPY 1',
      '< ready I',
    ])
  })

  it('that fails before it begins leaves the Sync behind it in force', () => {
    const steps = [
      client(parse('COPY orders FROM STDIN'), bind(), execute(), SYNC),
      server(PARSED, BOUND, NO_DATA, failed('42501', 'permission denied')),
      server(ready()),
    ]
    expect(told(steps).slice(-4)).toEqual([
      'note error 42501 copy rows 0',
      '< error 42501 permission denied',
      '> sync',
      '< ready I',
    ])
  })

  it('that fails in the middle is over with the next Sync', () => {
    const steps = [
      client(parse('COPY orders FROM STDIN'), bind(), execute(), SYNC),
      server(PARSED, BOUND, NO_DATA, IN),
      client(data('x\n')),
      server(failed('22P02', 'invalid input')),
      client(data('y\n'), DONE, SYNC),
      server(ready()),
    ]
    expect(toServer(told(steps)).slice(-3)).toEqual(['> flush', '> copyData', '> sync'])
  })

  it('ends the session at a message that is no COPY data, as the server does', () => {
    const steps = [client(query('COPY orders FROM STDIN')), server(IN), client(query('SELECT 1'))]
    expect(told(steps).slice(-2)).toEqual(['< error 08P01 SP-PROTOCOL', 'end SP-PROTOCOL'])
  })

  it('may begin in a statement that was not understood', () => {
    const steps = [
      client(query(UNKNOWN), query('SELECT 1')),
      server(failed('42601', 'syntax error'), ready()),
      server(described(['?']), row('1'), done('SELECT 1'), ready()),
      client(query(UNKNOWN)),
      server(IN),
      client(data('1\n'), DONE),
      server(done('COPY 1'), ready()),
    ]
    expect(told(steps)).toContain('note ok opaque rows 1')
  })
})

describe('COPY TO STDOUT of an unrestricted role', () => {
  const STEPS = [
    client(query('COPY orders TO STDOUT')),
    server(OUT, data('1\n'), data('2\n'), DONE, done('COPY 2'), ready()),
  ]

  it('is relayed where the role has exports', () => {
    expect(told(STEPS)).toEqual([
      'record allow copy',
      '> query COPY orders TO STDOUT',
      '< copyOutResponse',
      '< copyData',
      '< copyData',
      '< copyDone',
      'note ok copy rows 2',
      '< done COPY 2',
      '< ready I',
    ])
  })

  it('is refused before it begins where it has not', () => {
    expect(told(STEPS.slice(0, 1), owner(false))).toEqual([
      'record deny copy SP-EXPORT',
      '< error 42501 SP-EXPORT',
      '< ready I',
    ])
  })

  it('is relayed in the extended protocol, one after the other', () => {
    const one = [parse('COPY orders TO STDOUT'), bind(), execute()]
    const answer = [PARSED, BOUND, NO_DATA, OUT, data('1\n'), DONE, done('COPY 1')]
    const lines = told([client(...one, ...one, SYNC), server(...answer, ...answer, ready())])
    expect(toServer(lines).filter((line) => line === '> flush')).toEqual([])
    expect(lines.filter((line) => line.startsWith('note'))).toEqual(['note ok copy rows 1', 'note ok copy rows 1'])
  })

  it('that was not understood is cut off where the role has no exports', () => {
    const steps = [
      client(query('COPY orders TO STDOUT SOMEHOW')),
      server(OUT, data('1\n'), data('2\n')),
      server(failed('57014', 'canceling statement'), ready()),
    ]
    expect(told(steps, owner(false))).toEqual([
      'record allow opaque',
      '> query COPY orders TO STDOUT SOMEHOW',
      'cancel session-1 statement',
      'note withheld 57014 opaque rows 0 withheld 2',
      '< error 42501 SP-EXPORT',
      'catalog stale',
      '< ready I',
    ])
  })

  it('that was not understood and ends before the cancel gives no data either', () => {
    const steps = [
      client(query('COPY orders TO STDOUT SOMEHOW')),
      server(OUT, data('1\n'), DONE, done('COPY 1'), ready()),
    ]
    expect(toClient(told(steps, owner(false)))).toEqual(['< error 42501 SP-EXPORT', '< ready I'])
  })

  it('stops at the limit of the role', () => {
    const limited = () =>
      worldOf('postgres', roleOf({ unrestricted: true, scope: [], exports: true, limits: { maxBytesPerResult: 5 } }))
    const steps = [...STEPS.slice(0, 1), server(OUT, data('1\n'), data('2\n')), server(failed('57014', 'x'), ready())]
    expect(toClient(told(steps, limited)).at(-2)).toBe('< error 54000 SP-LIMIT-ROWS')
  })
})

describe('the FunctionCall message', () => {
  const CALL: ClientMessage = {
    kind: 'functionCall',
    functionOid: 957,
    argumentFormats: [],
    values: [],
    resultFormat: 1,
  }

  it('is forwarded for an unrestricted role, and recorded', () => {
    const answer: ServerMessage = { kind: 'functionCallResponse', value: utf8('1') }
    expect(told([client(CALL), server(answer, ready())])).toEqual([
      'record allow opaque',
      '> functionCall',
      'note ok opaque rows 0',
      '< functionCallResponse',
      'catalog stale',
      '< ready I',
    ])
  })

  it('may fail', () => {
    expect(told([client(CALL), server(failed('42883', 'no function'), ready())]).slice(-4)).toEqual([
      'note error 42883 opaque rows 0',
      '< error 42883 no function',
      'catalog stale',
      '< ready I',
    ])
  })

  it('is refused to any other', () => {
    expect(story([client(CALL)])).toEqual([
      'record deny opaque SP-UNSUPPORTED',
      '< error 0A000 SP-UNSUPPORTED',
      '< ready I',
    ])
  })
})

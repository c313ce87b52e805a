import { describe, expect, it } from 'vitest'
import { roleOf, type World, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  done,
  execute,
  failed,
  NO_DATA,
  PARSED,
  parse,
  query,
  ready,
  SYNC,
  SYNTAX_ERROR,
  server,
  story,
} from './postgres_story.ts'

const UPDATE = 'UPDATE orders SET total = 1 WHERE id < 9'
const REFUSED = '> parse : SALLYPORT REFUSED THIS STATEMENT'
const careful = (): World => worldOf('postgres', roleOf({ maxRowsChanged: 3 }))
const SIMPLE = [PARSED, BOUND, NO_DATA]
const EXTENDED = [client(parse(UPDATE), bind(), execute(), SYNC), server(PARSED, BOUND, NO_DATA)]

describe('a write whose rows are limited', () => {
  it('as a simple query gets its Sync when its rows are counted', () => {
    const steps = [client(query(UPDATE)), server(...SIMPLE, done('UPDATE 3'), { kind: 'closeComplete' }, ready())]
    const lines = story(steps, careful)
    expect(lines.slice(-6)).toEqual([
      '> close portal ',
      '> flush',
      'note ok update rows 3',
      '< done UPDATE 3',
      '> sync',
      '< ready I',
    ])
  })

  it('as a simple query over the limit fails before its Sync', () => {
    const steps = [
      client(query(UPDATE)),
      server(...SIMPLE, done('UPDATE 4'), { kind: 'closeComplete' }, SYNTAX_ERROR, ready()),
    ]
    expect(story(steps, careful).slice(-5)).toEqual([
      'note withheld 54000 update rows 0',
      '< error 54000 SP-LIMIT-WRITE',
      REFUSED,
      '> sync',
      '< ready I',
    ])
  })

  it('that fails by itself gets its Sync too', () => {
    const steps = [client(query(UPDATE)), server(...SIMPLE, failed('23514', 'no'), ready())]
    expect(story(steps, careful).slice(-3)).toEqual(['< error 23514 no', '> sync', '< ready I'])
  })

  it('keeps the client’s Sync back until then', () => {
    const lines = story([...EXTENDED, server(done('UPDATE 3')), server(ready())], careful)
    const shown = lines.filter((line) => /sync|flush|done|ready/.test(line))
    expect(shown).toEqual(['> flush', '< done UPDATE 3', '> sync', '< ready I'])
  })

  it('over the limit fails the pipeline before the client’s Sync', () => {
    const lines = story([...EXTENDED, server(done('UPDATE 4')), server(SYNTAX_ERROR, ready())], careful)
    expect(lines.slice(-4)).toEqual(['< error 54000 SP-LIMIT-WRITE', REFUSED, '> sync', '< ready I'])
  })

  it('behind a Sync that is not answered yet is flushed once it is', () => {
    const steps = [
      client(parse('SELECT 1'), bind(), SYNC, parse(UPDATE), bind(), execute(), SYNC),
      server(PARSED, BOUND, NO_DATA, ready()),
      server(PARSED, BOUND, NO_DATA, done('UPDATE 1')),
      server(ready()),
    ]
    const shown = story(steps, careful).filter((line) => /sync|flush|done|ready/.test(line))
    expect(shown).toEqual(['> sync', '< ready I', '> flush', '< done UPDATE 1', '> sync', '< ready I'])
  })

  it.each(['COMMIT', 'ROLLBACK', 'PREPARE p AS SELECT 1'])('is counted before %s is sent behind it', (text) => {
    const steps = [
      client(parse(text, 'c'), bind('c', 'c'), parse(UPDATE), bind(), execute(), execute('c'), SYNC),
      server(PARSED, BOUND, NO_DATA, PARSED, BOUND, NO_DATA),
    ]
    expect(story(steps, careful)).not.toContain('> execute c 0')
    const counted = [...steps, server(done('UPDATE 4'))]
    expect(story(counted, careful)).not.toContain('> execute c 0')
  })

  it('lets other writes of the pipeline pass', () => {
    const steps = [client(parse(UPDATE), bind(), execute(), bind(), execute())]
    expect(story(steps, careful).filter((line) => line === '> execute  0')).toHaveLength(2)
  })

  it.each([
    ['a write in WITH', 'WITH d AS (DELETE FROM orders RETURNING id) SELECT id FROM d', 'SP-VERB'],
    ['two writes', `WITH d AS (DELETE FROM orders) ${UPDATE}`, 'SP-VERB'],
    ['EXPLAIN ANALYZE', `EXPLAIN ANALYZE ${UPDATE}`, 'SP-VERB'],
    ['COPY FROM', 'COPY orders FROM STDIN', 'SP-VERB'],
    ['one of several', `${UPDATE}; SELECT 1`, 'SP-MULTI'],
  ])('is refused where nobody would count it: %s', (_what, text, code) => {
    expect(story([client(query(text))], careful).at(-2)).toContain(code)
  })

  it.each([`EXPLAIN ${UPDATE}`, `PREPARE p AS ${UPDATE}`, 'SELECT id FROM orders FOR UPDATE', 'BEGIN; COMMIT'])(
    'leaves alone what writes nothing: %s',
    (text) => {
      const lines = story([client(query(text))], careful)
      expect(lines.at(-1)).toMatch(/^> query /)
    },
  )
})

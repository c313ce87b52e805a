import { describe, expect, it } from 'vitest'
import type { ServerMessage } from '../../src/wire/postgres/server.ts'
import { lineOf, play, roleOf, START, type Step, type World, worldOf } from './fixture.ts'
import {
  BOUND,
  bind,
  client,
  done,
  execute,
  failed,
  machineOf,
  NO_DATA,
  PARSED,
  parse,
  query,
  ready,
  SYNC,
  server,
  story,
} from './postgres_story.ts'

const owner = (): World => worldOf('postgres', roleOf({ unrestricted: true }))
const told = (steps: readonly Step[]): string[] => story(steps, owner)
const stale = (steps: readonly Step[]): string[] =>
  told(steps).filter((line) => line.startsWith('catalog') || line.startsWith('< ready'))

const ALTER = 'ALTER TABLE shop.users RENAME COLUMN email TO contact'

describe('a change of definitions', () => {
  it('marks the catalog as stale before the client is told that it is done', () => {
    expect(told([client(query(ALTER)), server(done('ALTER TABLE'), ready())])).toEqual([
      'record allow ddl',
      `> query ${ALTER}`,
      'note ok ddl rows 0',
      '< done ALTER TABLE',
      'catalog stale',
      '< ready I',
    ])
  })

  it.each([
    ['CREATE TABLE shop.copy AS SELECT 1', 'SELECT 1'],
    ['SELECT 1 INTO shop.copy', 'SELECT 1'],
    ['EXPLAIN ANALYZE CREATE TABLE shop.copy AS SELECT 1', 'EXPLAIN'],
    ['DO $$ BEGIN END $$', 'DO'],
    ['CALL shop.rename_all()', 'CALL'],
    ['REFRESH MATERIALIZED VIEW shop.numbers', 'REFRESH MATERIALIZED VIEW'],
    ['ALTER ROLE alice SET search_path = archive', 'ALTER ROLE'],
    ["COMMIT PREPARED 'swap'", 'COMMIT PREPARED'],
  ])('is one of many kinds: %s', (text, tag) => {
    expect(stale([client(query(text)), server(done(tag), ready())])).toEqual(['catalog stale', '< ready I'])
  })

  it('is looked for, but not feared, after a call of a function that people made', () => {
    const steps = [client(query('SELECT shop.f()')), server(done('SELECT 0'), ready())]
    const withFunction = (): World => {
      const made = owner()
      made.catalog = { ...(made.catalog as NonNullable<World['catalog']>), functions: new Map([['f', ['shop']]]) }
      return made
    }
    expect(story(steps, withFunction).filter((line) => line.startsWith('catalog'))).toEqual(['catalog doubted'])
  })

  it('counts when its transaction ends: by COMMIT, by ROLLBACK, or by a COMMIT that fails', () => {
    const begun = [client(query('BEGIN')), server(done('BEGIN'), ready('T'))]
    const altered = [...begun, client(query(ALTER)), server(done('ALTER TABLE'), ready('T'))]
    expect(stale(altered)).toEqual(['< ready T', '< ready T'])
    const end = (text: string, ...answer: readonly ServerMessage[]) =>
      stale([...altered, client(query(text)), server(...answer)]).slice(2)
    expect(end('COMMIT', done('COMMIT'), ready())).toEqual(['catalog stale', 'catalog stale', '< ready I'])
    expect(end('ROLLBACK', done('ROLLBACK'), ready())).toEqual(['catalog stale', '< ready I'])
    expect(end('COMMIT', failed('23503', 'a deferred constraint'), ready())).toContain('catalog stale')
    expect(end('ROLLBACK TO a', done('ROLLBACK'), ready('T'))).toEqual(['< ready T'])
    const later = client(query('SELECT 1'))
    expect(
      stale([
        ...altered,
        client(query('COMMIT')),
        server(done('COMMIT'), ready()),
        later,
        server(done('SELECT 1'), ready()),
      ]).slice(-1),
    ).toEqual(['< ready I'])
  })

  it('counts at a COMMIT in the middle of a message, whatever runs on behind it', () => {
    const lines = stale([
      client(query(`BEGIN; ${ALTER}; COMMIT; SELECT 1`)),
      server(done('BEGIN'), done('ALTER TABLE'), done('COMMIT')),
    ])
    expect(lines).toEqual(['catalog stale'])
  })

  it('counts at the Sync of the extended protocol', () => {
    const steps = [
      client(parse(ALTER), bind(), execute(), SYNC),
      server(PARSED, BOUND, NO_DATA, done('ALTER TABLE'), ready()),
    ]
    expect(stale(steps)).toEqual(['catalog stale', '< ready I'])
  })

  it('may still come to its end when the connection broke', () => {
    const world = owner()
    const machine = machineOf(world)
    play(world, machine, [client(query(ALTER))])
    expect(machine.abandoned(START).map(lineOf)).toContain('catalog stale')
  })
})

describe('a catalog that is being read', () => {
  const READ = 'SELECT id FROM shop.orders'
  const gone: Step = { from: 'world', act: (world) => Object.assign(world, { catalog: undefined, awaited: true }) }
  const back = (): Step => ({
    from: 'world',
    act: (world) => Object.assign(world, { catalog: worldOf('postgres').catalog, awaited: false }),
  })

  it('holds a statement until it is there, and what comes behind it', () => {
    expect(story([gone, client(query(READ), query(READ))])).toEqual([])
    const lines = story([gone, client(query(READ), query(READ)), back(), { from: 'clock', at: 50 }])
    expect(lines).toEqual(['record allow select', `> query ${READ}`, 'record allow select', `> query ${READ}`])
  })

  it('holds each message of the extended protocol that hangs on it, and no other', () => {
    const prepared = [client(parse(READ, 's'), SYNC), server(PARSED, ready())]
    expect(story([...prepared, gone, client(SYNC)]).at(-1)).toBe('> sync')
    expect(story([...prepared, gone, client(bind('s'), execute(), SYNC)]).at(-1)).toBe('< ready I')
    const lines = story([...prepared, gone, client(bind('s'), execute(), SYNC), back(), { from: 'clock', at: 50 }])
    expect(lines.filter((line) => line.startsWith('>')).slice(-4)).toEqual([
      '> bind s as ',
      '> describe portal ',
      '> execute  0',
      '> sync',
    ])
  })

  it('is waited for no longer than ten seconds', () => {
    const lines = story([gone, client(query(READ)), { from: 'clock', at: 9_000 }, { from: 'clock', at: 10_001 }])
    expect(lines).toEqual(['record deny opaque SP-CATALOG', '< error 55000 SP-CATALOG', '< ready I'])
  })

  it('holds up no unrestricted role', () => {
    const steps: Step[] = [
      { from: 'world', act: (world) => Object.assign(world, { awaited: true }) },
      client(query(READ)),
    ]
    expect(told(steps)).toEqual(['record allow select', `> query ${READ}`])
  })
})

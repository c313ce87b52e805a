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
  SUSPENDED,
  SYNC,
  server,
  story,
} from './postgres_story.ts'

const SET_CONFIG = "SELECT set_config('search_path', 'archive', false)"
const PATH = described(['?'])
const ASK = client(query('SELECT id FROM orders'))
const say = (text: string, tag: string, status: 'I' | 'T' = 'T'): Step[] => [
  client(query(text)),
  server(done(tag), ready(status)),
]
const owner = (): World => worldOf('postgres', roleOf({ unrestricted: true, scope: [] }))

/** The schema that `orders` is taken from after the steps. */
function schemaAfter(...steps: readonly Step[]): string | undefined {
  return /> query SELECT id FROM "(\w+)"/.exec(story([...steps, ASK]).at(-1) ?? '')?.[1]
}

describe('set_config in a SELECT', () => {
  const calls = (text: string, status: 'I' | 'T' = 'I'): Step[] => [
    client(query(text)),
    server(PATH, row('archive'), done('SELECT 1'), ready(status)),
  ]

  it('sets the path as SET does', () => {
    expect(schemaAfter(...calls(SET_CONFIG))).toBe('archive')
    expect(schemaAfter(...calls(SET_CONFIG.replace('false', 'true')))).toBe('shop')
    expect(schemaAfter(...calls(SET_CONFIG), ...calls("SELECT set_config('search_path', NULL, false)"))).toBe('shop')
  })

  it('is taken back by ROLLBACK', () => {
    const begin = say('BEGIN', 'BEGIN')
    expect(schemaAfter(...begin, ...calls(SET_CONFIG, 'T'))).toBe('archive')
    expect(schemaAfter(...begin, ...calls(SET_CONFIG, 'T'), ...say('ROLLBACK', 'ROLLBACK', 'I'))).toBe('shop')
  })

  it('has happened when its portal is suspended, and once only', () => {
    const suspended = [
      ...say('BEGIN', 'BEGIN'),
      client(parse(SET_CONFIG), bind('', 'p'), execute('p', 1), SYNC),
      server(PARSED, BOUND, PATH, row('archive'), SUSPENDED, ready('T')),
    ]
    expect(schemaAfter(...suspended)).toBe('archive')
    const resumed = [client(execute('p'), SYNC), server(done('SELECT 0'), ready('T'))]
    expect(schemaAfter(...suspended, ...say('SET search_path = shop', 'SET'), ...resumed)).toBe('shop')
  })

  it('is followed when EXECUTE runs it', () => {
    const prepared = [client(parse(SET_CONFIG, 's'), SYNC), server(PARSED, ready())]
    expect(schemaAfter(...prepared)).toBe('shop')
    expect(schemaAfter(...prepared, ...calls('EXECUTE s'))).toBe('archive')
  })

  it('holds back what follows it', () => {
    const steps = [
      client(query(SET_CONFIG), query('SELECT id FROM orders')),
      server(PATH, row('archive'), done('SELECT 1'), ready()),
    ]
    expect(story(steps).at(-1)).toBe('> query SELECT id FROM "archive"."orders"')
  })

  it.each([
    `${SET_CONFIG} FROM orders`,
    "SELECT set_config('search_path', note, false) FROM orders",
    "SELECT set_config('role', 'postgres', false)",
    `EXPLAIN ANALYZE ${SET_CONFIG}`,
    `PREPARE p AS ${SET_CONFIG}`,
    `DECLARE c CURSOR FOR ${SET_CONFIG}`,
    `${SET_CONFIG}; SELECT id FROM orders`,
  ])('is refused where nobody could follow it: %s', (text) => {
    expect(story([client(query(text))])[0]).toMatch(/^record deny \w+ SP-(SETTING|MULTI)$/)
  })
})

describe('settings by SET', () => {
  it('go back to the start by RESET ALL and DISCARD ALL', () => {
    const set = say('SET search_path = archive', 'SET', 'I')
    expect(schemaAfter(...set, ...say('RESET ALL', 'RESET', 'I'))).toBe('shop')
    expect(schemaAfter(...set, ...say('DISCARD ALL', 'DISCARD ALL', 'I'))).toBe('shop')
    expect(schemaAfter(...set, ...say('DISCARD PLANS', 'DISCARD PLANS', 'I'))).toBe('archive')
  })

  it('follow savepoints and SET LOCAL TO DEFAULT', () => {
    const local = [
      ...say('SET search_path = archive', 'SET', 'I'),
      ...say('BEGIN', 'BEGIN'),
      ...say('SET LOCAL search_path TO DEFAULT', 'SET'),
    ]
    expect(schemaAfter(...local)).toBe('shop')
    expect(schemaAfter(...local, ...say('COMMIT', 'COMMIT', 'I'))).toBe('archive')
    const saved = [
      ...say('BEGIN', 'BEGIN'),
      ...say('SAVEPOINT s', 'SAVEPOINT'),
      ...say('SET search_path = archive', 'SET'),
    ]
    expect(
      schemaAfter(
        ...saved,
        client(query('SELECT 1/0')),
        server(failed('22012', 'x'), ready('E')),
        ...say('ROLLBACK TO s', 'ROLLBACK'),
      ),
    ).toBe('shop')
    expect(schemaAfter(...saved, ...say('RELEASE s', 'RELEASE'))).toBe('archive')
  })

  it.each([
    'SET ROLE postgres',
    'SET SESSION AUTHORIZATION postgres',
    "SET client_encoding = 'LATIN1'",
    'SET standard_conforming_strings = off',
    'SET row_security = off',
    'SET statement_timeout = 0',
  ])('are refused: %s', (text) => {
    expect(story([client(query(text))])[0]).toMatch(/^record deny \w+ SP-/)
  })

  it('end the session where the server reports a path that nobody followed', () => {
    const report = (value: string) =>
      server({ kind: 'parameterStatus', name: 'search_path', value }, done('SET'), ready())
    const set = client(query('SET search_path = archive'))
    expect(story([set, report('archive')]).at(-1)).toBe('< ready I')
    expect(story([set, report('shop')]).at(-1)).toBe('end SP-SETTING')
  })

  it('of an unrestricted role are its own, save the encoding', () => {
    expect(story([client(query('SET ROLE postgres'))], owner)[0]).toBe('record allow set')
    const off: Step = server(
      { kind: 'parameterStatus', name: 'standard_conforming_strings', value: 'off' },
      done('SET'),
      ready(),
    )
    expect(story([client(query('SET standard_conforming_strings = off')), off], owner).at(-1)).toBe('< ready I')
    for (const text of [
      "SET client_encoding = 'LATIN1'",
      "SET NAMES 'LATIN1'",
      "SELECT set_config('client_encoding', 'LATIN1', false)",
    ]) {
      expect(story([client(query(text))], owner)[1]).toBe('< error 42501 SP-SETTING')
    }
    expect(story([client(query("SET client_encoding = 'UTF8'"))], owner)[0]).toBe('record allow set')
  })

  it('leave a text unread while nobody knows where its literals end', () => {
    const strings = (value: string) =>
      server({ kind: 'parameterStatus', name: 'standard_conforming_strings', value }, done('SET'), ready())
    const off = [client(query('SET standard_conforming_strings = off')), strings('off')]
    const on = [client(query('SET standard_conforming_strings = on')), strings('on')]
    const ask = client(query("SELECT 'it\\'s secret', 1"))
    expect(story([...off, ask], owner).at(-2)).toBe('record allow opaque')
    expect(story([...off, ...on, client(query('SELECT 1'))], owner).at(-2)).toBe('record allow select')
  })
})

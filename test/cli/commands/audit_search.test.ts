import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SearchLog } from '../../search/search_log.ts'
import { BOB, MONDAY, statement, TUESDAY } from '../../search/world.ts'
import { run } from '../cli_run.ts'

/** The search of a log at hand, without a server. */

const log = new SearchLog()
log.add(...statement('a', MONDAY, {}, { rows: 7 }))
log.rotate()
log.add(...statement('b', TUESDAY, { session: BOB, effect: 'deny', code: 'SP-MASKED', reason: 'a\u001b[31m' }, null))
log.add(...statement('c', TUESDAY + 1, { session: BOB, verbs: ['delete'], statementKind: 'delete' }))

const file = join(mkdtempSync(join(tmpdir(), 'search-cli-')), 'out')
const search = (...rest: string[]) => run('audit', 'search', '--log', log.directory, ...rest)
const ask = (...rest: string[]) => run('audit', 'ask', ...rest, '--log', log.directory)

it('prints a table, and how to go on', async () => {
  const { code, out } = await search('--limit', '2')
  expect(code).toBe(0)
  expect(out).toMatch(/^TIME +EVENT +WHO/)
  expect(out).toMatch(/2030-01-08T00:00:00\.001Z +db\.decision +Bob@example\.test +billing +allow +ok +1/)
  const [, cursor = ''] = /more: --cursor (\S+)/.exec(out) ?? []
  const next = await search('--limit', '2', '--cursor', cursor, '--json')
  expect(JSON.parse(next.out)).toMatchObject({ items: [{ uid: 'a', rows: 7 }], next_cursor: null, unreadable: 0 })
})

it('filters', async () => {
  const { out } = await search('--person', 'u-bob', '--decision', 'deny', '--from', '2030-01-08T00:00:00Z', '--json')
  expect((JSON.parse(out) as { items: unknown[] }).items).toMatchObject([{ uid: 'b', code: 'SP-MASKED' }])
})

it.for([
  ['--csv', /^sequence,/],
  ['--ndjson', /^\{"sequence"/],
  ['--parquet', /^PAR1/],
] as const)('writes a file with %s', async ([option, begin]) => {
  const { code, out } = await search(option, file)
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining('3 entries') })
  expect(readFileSync(file, 'latin1')).toMatch(begin)
})

it('answers a question', async () => {
  const { code, out } = await ask('deletions', '--from', '2030-01-01', '--to', '2031-01-01')
  expect(code).toBe(0)
  expect(out).toMatch(/^1 person deleted\.\n\nPERSON/)
})

it.for([
  [['search', '--limit', '0'], 'must be 1 to 200'],
  [['search', '--seen', 'everything'], 'Allowed choices'],
  [['search', '--csv', 'a', '--parquet', 'b'], 'one file at a time'],
  [['search', '--cursor', 'x'], 'SP-INPUT'],
  [['ask', 'everything'], 'must be one of'],
  [['ask', 'migration'], 'SP-INPUT'],
  [['ask', 'exports', '--days', '3', '--from', '2030-01-01'], '--days or --from'],
] as const)('audit %j: %s', async ([given, said]) => {
  const [command = '', ...rest] = given
  const { code, err } = await run('audit', command, ...rest, '--log', log.directory)
  expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(said) })
})

it('ends with 1 where lines are no records', async () => {
  const broken = new SearchLog()
  broken.add(...statement('a', MONDAY))
  broken.addBroken('{')
  broken.add(...statement('b', MONDAY))
  const { code, err } = await run('audit', 'search', '--log', broken.directory)
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('1 lines are no records') })
})

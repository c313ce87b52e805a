import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/search/database.ts'
import type { EventQuery } from '../../src/search/event_query.ts'
import type { ExportFormat } from '../../src/search/export.ts'
import type { SearchProcess } from '../../src/search/search_process.ts'
import { SearchLog } from './search_log.ts'
import { compacted, found, page } from './searched.ts'
import { MONDAY, statement, TUESDAY, WEDNESDAY } from './world.ts'

const DEADLINE = { deadlineMs: 15_000 }
const open: SearchProcess[] = []
afterEach(() => Promise.all(open.splice(0).map((search) => search.close())))

function searching(log: SearchLog, ...how: Parameters<SearchLog['process']>): SearchProcess {
  const search = log.process(...how)
  open.push(search)
  return search
}

async function everyPage(search: SearchProcess, limit: number, between: () => unknown): Promise<unknown[]> {
  const ids: unknown[] = []
  for (let after: string | null = null; ; ) {
    const { items, next } = await page(search, {}, { limit, after })
    ids.push(...items.map(({ uid }) => uid))
    if (next === null) return ids
    after = next
    await between()
  }
}

describe('pages', () => {
  test('all of them are what the log held at the first, while more is written', async () => {
    const log = new SearchLog()
    for (let index = 0; index < 20; index++) log.add(...statement(`s${index}`, MONDAY + (index >> 2)))
    const search = searching(log, true)
    let added = 0
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 3 }), async (limit, more) => {
        const held = await found(search, {})
        const ids = await everyPage(search, Math.max(limit, 4), () => {
          for (let index = 0; index < more; index++) log.add(...statement(`more-${added++}`, MONDAY + (added % 7)))
          if (more === 3) log.rotate()
        })
        expect(ids).toEqual(held)
      }),
      { numRuns: 3 },
    )
  })

  test('a page goes on where a day was compacted meanwhile', async () => {
    const log = new SearchLog()
    for (let index = 0; index < 9; index++) log.add(...statement(`s${index}`, MONDAY + index))
    log.rotate()
    log.add(...statement('late', TUESDAY))
    const search = searching(log, true)
    const held = await found(search, {})
    expect(await everyPage(search, 2, () => compacted(search))).toEqual(held)
  })

  test.for(['', 'x', '1.2.3', "1.2.3.'; DROP TABLE live", '1.2.3.%E0%A4%A'])('%j is no cursor', async (after) => {
    const log = new SearchLog()
    await expect(page(searching(log), {}, { after })).rejects.toMatchObject({ code: 'SP-INPUT' })
  })
})

describe('lines that are no records', () => {
  test('a torn last line is left alone, and read when it is whole', async () => {
    const log = new SearchLog()
    log.add(...statement('a', MONDAY))
    log.addTorn('{"time":')
    const search = searching(log)
    expect(await page(search, {})).toMatchObject({ items: [{ uid: 'a' }], unreadable: 0 })
  })

  test('one in the middle is counted, in the open segment, a closed one and a day', async () => {
    const log = new SearchLog()
    const fill = (name: string, time: number) => {
      log.add(...statement(`${name}1`, time))
      log.addBroken('{"class_uid":6005,"time":')
      log.addBroken('"a text"')
      log.add(...statement(`${name}2`, time + 1))
    }
    fill('a', MONDAY)
    log.rotate()
    fill('b', TUESDAY)
    const search = searching(log, true)
    const ids = ['b2', 'b1', 'a2', 'a1']
    const expected = { items: ids.map((uid) => ({ uid, rows: 1 })), unreadable: 4 }
    expect(await page(search, {})).toMatchObject(expected)
    await compacted(search)
    expect(await page(search, {})).toMatchObject(expected)
  })

  test('compressed segments, and Parquet files that went missing', async () => {
    const log = new SearchLog()
    log.add(...statement('a', MONDAY))
    const plain = log.path
    log.rotate()
    log.compressed(plain)
    log.add(...statement('b', WEDNESDAY))
    const search = searching(log, true)
    expect(await found(search, {})).toEqual(['b', 'a'])
    await compacted(search)
    log.dropParquet()
    expect(await found(search, {})).toEqual(['b', 'a'])
    expect(await compacted(search)).toBe(1)
  })

  test('Parquet goes with the segments that retention deletes', async () => {
    const log = new SearchLog()
    log.add(...statement('a', MONDAY))
    const old = log.path
    log.rotate()
    log.add(...statement('b', TUESDAY))
    log.rotate()
    log.add(...statement('c', WEDNESDAY))
    const search = searching(log, true)
    await compacted(search)
    log.deleted(old)
    expect(await found(search, {})).toEqual(['c', 'b'])
    await compacted(search)
    expect(log.parquetFiles()).toEqual(['2030-01-08.parquet', 'manifest.json'])
  })
})

describe('the process', () => {
  test('one that was killed is started again', async () => {
    const log = new SearchLog()
    log.add(...statement('a', MONDAY))
    const search = searching(log)
    expect(await found(search, {})).toEqual(['a'])
    const asked = expect(found(search, {})).rejects.toMatchObject({ code: 'SP-SEARCH' })
    process.kill(search.pid ?? 0, 'SIGKILL')
    await asked
    expect(await found(search, {})).toEqual(['a'])
  })

  test('too little memory is said to be that, and nothing worse', async () => {
    const log = new SearchLog()
    for (let index = 0; index < 50; index++) log.add(...statement(`s${index}`, MONDAY + index))
    log.rotate()
    const search = searching(log, false, 'scratch', 8)
    await expect(found(search, {})).rejects.toMatchObject({
      code: 'SP-SEARCH',
      detail: 'the search ran out of memory; narrow it, by its time first',
    })
  })

  test('a question ends at its deadline, and when nobody waits for it', async () => {
    const log = new SearchLog()
    log.add(...statement('a', MONDAY))
    const search = searching(log)
    await found(search, {})
    const work = { kind: 'events', page: { query: {}, limit: 1, after: null, before: null } } as const
    const ended = { code: 'SP-SEARCH', detail: expect.stringContaining('was ended') }
    await expect(search.ask(work, { deadlineMs: 0 })).rejects.toMatchObject(ended)
    await expect(search.ask(work, { ...DEADLINE, signal: AbortSignal.abort() })).rejects.toMatchObject(ended)
    expect(await found(search, {})).toEqual(['a'])
  })

  test('who comes when too many wait is told so', async () => {
    const search = searching(new SearchLog())
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => found(search, {})))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(16)
    expect(all.at(-1)).toMatchObject({ reason: { code: 'SP-RATE' } })
  })

  test.for([
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1) TO '/tmp/elsewhere.csv'",
    "ATTACH '/tmp/elsewhere.db'",
    'SET enable_external_access = true',
    "SET memory_limit = '10GB'",
    'INSTALL httpfs',
    "LOAD '/tmp/elsewhere.duckdb_extension'",
    "SELECT * FROM read_parquet('https://127.0.0.1:1/x.parquet')",
  ])('its database refuses %s', async (sql) => {
    const log = new SearchLog()
    const bounds = { memoryMib: 128, threads: 1, tempMib: 16 }
    const database = await (await openDatabase(bounds, [log.directory], `${log.directory}/scratch`)).connect()
    await expect(database.run(sql)).rejects.toThrow(/Permission|disabled|locked|configuration|Cannot|not found/i)
  })
})

describe('exports', () => {
  const NASTY = [`=cmd|'/C calc'!A1`, '+1', '-1', '@SUM(1)', '\tx', '"quoted", with\nlines', 'plain']

  async function exported(format: ExportFormat, query: EventQuery = {}, most = 100) {
    const log = new SearchLog()
    for (const [index, reason] of NASTY.entries()) log.add(...statement(`s${index}`, MONDAY + index, { reason }))
    const done = await searching(log).ask({ kind: 'export', export: { query, format, most, before: null } }, DEADLINE)
    return { ...done, text: readFileSync(done.path).toString('latin1') }
  }

  test('CSV that no spreadsheet runs', async () => {
    const { text, rows, cut } = await exported('csv')
    expect({ rows, cut }).toEqual({ rows: NASTY.length, cut: false })
    for (const begin of [`'=cmd|`, `'+1`, `'-1`, `'@SUM(1)`, `'\tx`]) expect(text).toContain(`,${begin}`)
    expect(text).toContain('"""quoted"", with\nlines"')
    expect(text).toMatch(/^sequence,writer,time,/)
    expect(text).toContain('2030-01-07T00:00:00.006Z')
  })

  test('JSON, one object a line, the newest alone', async () => {
    const { text, cut } = await exported('json', {}, 2)
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ uid }) => uid)).toEqual(['s6', 's5'])
    expect(lines[1]).toMatchObject({
      message: NASTY[5],
      rows: 1,
      tables: ['app.users'],
      time: '2030-01-07T00:00:00.005Z',
    })
    expect(cut).toBe(true)
  })

  test('Parquet', async () => {
    const { text, rows } = await exported('parquet', { contains: 'plain' })
    expect(rows).toBe(1)
    expect(text.slice(0, 4)).toBe('PAR1')
  })
})

test('a record as it stands in the log', async () => {
  const log = new SearchLog()
  log.add(...statement('a', MONDAY), ...statement('b', MONDAY))
  const search = searching(log)
  const line = readFileSync(log.path, 'utf8').split('\n')[2]
  expect(await search.ask({ kind: 'line', sequence: 2, before: null }, DEADLINE)).toBe(line)
  expect(await search.ask({ kind: 'line', sequence: 2, before: 2 }, DEADLINE)).toBe(null)
  expect(await search.ask({ kind: 'line', sequence: 99, before: null }, DEADLINE)).toBe(null)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/policy/role.ts'
import type { Quota } from '../../src/session/ports.ts'
import { relationKey } from '../../src/sql/catalog.ts'
import { MemoryQuota } from '../../src/store/memory_quota.ts'
import { catalogOf, everyByte, play, roleOf, START, type World, worldOf } from './fixture.ts'
import * as my from './mysql_story.ts'
import * as pg from './postgres_story.ts'

const ORDERS = 'SELECT id FROM orders'
const ROWS = ['1', '2', '3', '4', '5']
/** A DataRow with one digit: type, length, count, length, digit. */
const ROW_BYTES = 1 + 4 + 2 + 4 + 1

const worldWith = (limits: Partial<Limits>, quota?: Quota) => (): World =>
  worldOf('postgres', roleOf({ limits }), {}, quota)

const rowsTo = (lines: readonly string[]) => lines.filter((line) => line.startsWith('< row ')).length
const asked = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('>') && !line.includes('Complete'))

function simple(rows: readonly string[] = ROWS, table = 'orders') {
  const answer = [pg.described([`${table}.id`]), ...rows.map((one) => pg.row(one)), pg.done(`SELECT ${rows.length}`)]
  return [pg.client(pg.query(`SELECT id FROM ${table}`)), pg.server(...answer, pg.ready())]
}

const extended = [
  pg.client(pg.parse(ORDERS), pg.bind(), pg.execute(), pg.SYNC),
  pg.server(pg.PARSED, pg.BOUND, pg.described(['orders.id']), ...ROWS.map((one) => pg.row(one))),
  pg.server(pg.failed('57014', 'canceling'), pg.ready()),
]

describe('a PostgreSQL result over a limit', () => {
  it.each<[string, Partial<Limits>, number, string]>([
    ['rows per result', { maxRowsPerResult: 3 }, 3, '54000 SP-LIMIT-ROWS'],
    ['bytes per result, whole rows only', { maxBytesPerResult: 3 * ROW_BYTES + 5 }, 3, '54000 SP-LIMIT-ROWS'],
    ['bytes per result, less than a row', { maxBytesPerResult: ROW_BYTES - 1 }, 0, '54000 SP-LIMIT-ROWS'],
    ['rows per hour', { maxRowsPerHour: 4 }, 4, '53400 SP-LIMIT-QUOTA'],
    ['bytes per hour', { maxBytesPerHour: 2 * ROW_BYTES }, 2, '53400 SP-LIMIT-QUOTA'],
    ['rows per day', { maxRowsPerDay: 1 }, 1, '53400 SP-LIMIT-QUOTA'],
    ['bytes per day', { maxBytesPerDay: 4 * ROW_BYTES }, 4, '53400 SP-LIMIT-QUOTA'],
    ['rows of a table per hour', { maxRowsPerTableAndHour: 2 }, 2, '53400 SP-LIMIT-QUOTA'],
    [
      'the narrowest of several',
      { maxRowsPerHour: 4, maxRowsPerDay: 2, maxBytesPerHour: 999 },
      2,
      '53400 SP-LIMIT-QUOTA',
    ],
  ])('is cut after exactly so many rows, with an error: %s', (_what, limits, rows, error) => {
    const [inOne, inParts] = [pg.story(simple(), worldWith(limits)), pg.story(extended, worldWith(limits))]
    for (const lines of [inOne, inParts]) {
      expect(rowsTo(lines)).toBe(rows)
      expect(lines.slice(-2)).toEqual([`< error ${error}`, '< ready I'])
      expect(lines).toContain('cancel session-1 statement')
      expect(lines.join()).toContain(`rows ${rows} withheld ${ROWS.length - rows}`)
    }
  })

  it.each<[string, Partial<Limits>]>([
    ['rows per result', { maxRowsPerResult: 5 }],
    ['rows per hour', { maxRowsPerHour: 5 }],
    ['bytes per day', { maxBytesPerDay: 5 * ROW_BYTES }],
    ['rows of a table', { maxRowsPerTableAndHour: 5 }],
  ])('is whole where it just fits: %s', (_what, limits) => {
    const lines = pg.story(simple(), worldWith(limits))
    expect(rowsTo(lines)).toBe(5)
    expect(lines.slice(-2)).toEqual(['< done SELECT 5', '< ready I'])
  })

  it('gives masked rows up to the limit, and none in clear', () => {
    const emails = ['ann@example.test', 'eve@example.test', 'joe@example.test']
    const steps = [
      pg.client(pg.query('SELECT email FROM users')),
      pg.server(pg.described(['users.email']), ...emails.map((one) => pg.row(one)), pg.done('SELECT 3'), pg.ready()),
    ]
    const lines = pg.story(steps, worldWith({ maxRowsPerHour: 2 }))
    expect(rowsTo(lines)).toBe(2)
    for (const email of emails) expect(lines.join()).not.toContain(email)
  })

  it('tells which limit, how much is used and when it frees', () => {
    const quota = new MemoryQuota({ monotonic: () => 0 })
    const world = worldWith({ maxRowsPerHour: 3 }, quota)()
    const bytes = play(world, pg.machineOf(world), simple()).flatMap((one) =>
      one.kind === 'client' ? [one.bytes] : [],
    )
    expect(Buffer.concat(bytes).toString()).toContain(
      'the limit of 3 rows per person and hour is reached: 3 are used, and some are free again in 61 min (SP-LIMIT-QUOTA)',
    )
  })
})

describe('what counts together', () => {
  const quota = () => new MemoryQuota({ monotonic: () => 0 })

  it.each<[string, Partial<Limits>]>([
    ['rows of a person', { maxRowsPerHour: 7 }],
    ['rows of a grant', { maxRowsPerDay: 7 }],
    ['bytes of a person', { maxBytesPerHour: 7 * ROW_BYTES }],
    ['rows of a table', { maxRowsPerTableAndHour: 7 }],
  ])('over sessions: %s', (_what, limits) => {
    const shared = quota()
    const counts = [1, 2, 3].map(() => {
      const world = worldWith(limits, shared)()
      return rowsTo(pg.told(play(world, pg.machineOf(world), simple(), everyByte)))
    })
    expect(counts).toEqual([5, 2, 0])
  })

  it('is one table only where the limit is one of tables', () => {
    const shared = quota()
    const counts = ['orders', 'users', 'orders'].map((table) => {
      const world = worldWith({ maxRowsPerTableAndHour: 6 }, shared)()
      return rowsTo(pg.told(play(world, pg.machineOf(world), simple(ROWS, table))))
    })
    expect(counts).toEqual([5, 5, 1])
  })

  it('never is more than the limit, however many sessions take turns', () => {
    const turns = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 6 })), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(turns, fc.integer({ min: 1, max: 20 }), (order, max) => {
        const world = worldWith({ maxRowsPerHour: max }, quota())()
        const sessions = Array.from({ length: 4 }, () => pg.machineOf(world))
        let asked = 0
        let given = 0
        for (const [which, count] of order) {
          const effects = play(
            world,
            sessions[which] as (typeof sessions)[0],
            simple(ROWS.slice(0, 1).concat(Array(count).fill('9'))),
          )
          asked += count + 1
          given += rowsTo(pg.told(effects))
        }
        expect(given).toBe(Math.min(asked, max))
      }),
      { numRuns: 30 },
    )
  })
})

describe('many small reads of one table', () => {
  it('are one bulk read: one alert, on record before the row that makes it one', () => {
    const world = worldWith({ bulkReadRows: 3 })()
    const machine = pg.machineOf(world)
    const lines = [1, 2, 3, 4, 5].flatMap(() => pg.told(play(world, machine, simple(['1']))))
    const alert = lines.indexOf('record bulk_read')
    expect(rowsTo(lines.slice(0, alert))).toBe(2)
    expect(lines.filter((line) => line === 'record bulk_read')).toHaveLength(1)
    expect(rowsTo(lines)).toBe(5)
  })

  it('of two tables are two', () => {
    const world = worldWith({ bulkReadRows: 3 })()
    const machine = pg.machineOf(world)
    const lines = ['orders', 'users', 'orders', 'users'].flatMap((table) =>
      pg.told(play(world, machine, simple(['1', '2'], table))),
    )
    expect(lines.filter((line) => line === 'record bulk_read')).toHaveLength(2)
  })

  it('of the partitions of a table count as reads of the table', () => {
    const catalog = catalogOf('postgres')
    const relations = new Map(catalog.relations)
    for (const [key, one] of catalog.relations) {
      if (one.name === 'users') relations.set(key, { ...one, parents: [relationKey('shop', 'orders')] })
    }
    const world = worldWith({ maxRowsPerTableAndHour: 7 })()
    world.catalog = { ...catalog, relations }
    const machine = pg.machineOf(world)
    const counts = ['users', 'orders'].map((table) => rowsTo(pg.told(play(world, machine, simple(ROWS, table)))))
    expect(counts).toEqual([5, 2])
  })

  it('of the parts of a cursor too', () => {
    const world = worldWith({ maxRowsPerTableAndHour: 3 })()
    const machine = pg.machineOf(world)
    const steps = [
      pg.client(pg.query('BEGIN'), pg.query(`DECLARE c CURSOR FOR ${ORDERS}`)),
      pg.server(pg.done('BEGIN'), pg.ready('T'), pg.done('DECLARE CURSOR'), pg.ready('T')),
      ...[1, 2, 3].flatMap(() => [
        pg.client(pg.query('FETCH 2 FROM c')),
        pg.server(pg.described(['orders.id']), pg.row('1'), pg.row('2'), pg.done('FETCH 2'), pg.ready('T')),
      ]),
    ]
    const lines = pg.told(play(world, machine, steps))
    expect(rowsTo(lines)).toBe(3)
    expect(asked(lines).filter((line) => line.includes('SP-LIMIT-QUOTA'))).toHaveLength(2)
  })
})

describe('a rate', () => {
  it('makes the database wait, and loses nothing', () => {
    const world = worldWith({ rowsPerSecond: 2 })()
    const effects = play(world, pg.machineOf(world), simple())
    expect(rowsTo(pg.told(effects))).toBe(5)
    expect(effects.filter(({ kind }) => kind === 'pace')).toEqual([{ kind: 'pace', ms: 1_500 }])
  })
})

describe('a MySQL result over a limit', () => {
  const world = (limits: Partial<Limits>) => (): World => worldOf('mysql', roleOf({ limits }))
  const text = [
    my.client(my.query(ORDERS)),
    my.server(my.count(1), my.column('orders.id'), ...ROWS.map((one) => my.row(one))),
    my.serverFrom(7, my.failed(1317, 'interrupted')),
  ]
  const binary = [
    my.client(my.prepare(ORDERS)),
    my.server(my.prepared(1), my.column('orders.id')),
    my.client(my.execute()),
    my.server(my.count(1), my.column('orders.id'), ...ROWS.map((one) => my.binary(one))),
    my.serverFrom(7, my.failed(1317, 'interrupted')),
  ]

  it.each<[string, Partial<Limits>, number, string]>([
    ['rows per result', { maxRowsPerResult: 3 }, 3, '1104 SP-LIMIT-ROWS'],
    ['rows per hour', { maxRowsPerHour: 4 }, 4, '1226 SP-LIMIT-QUOTA'],
    ['rows of a table', { maxRowsPerTableAndHour: 1 }, 1, '1226 SP-LIMIT-QUOTA'],
    ['none left', { maxBytesPerDay: 5 }, 0, '1226 SP-LIMIT-QUOTA'],
  ])('is cut after exactly so many rows, in text and binary: %s', (_what, limits, rows, error) => {
    for (const steps of [text, binary]) {
      const lines = my.story(steps, world(limits))
      expect(lines.at(-1)).toBe(`< ${rows + 3} error ${error}`)
      expect(lines.join()).toContain(`rows ${rows} withheld ${ROWS.length - rows}`)
    }
  })

  it('begins anew with the next statement, and the numbers of its packets too', () => {
    const lines = my.story([...text, my.client({ kind: 'ping' }), my.server(my.ok())], world({ maxRowsPerHour: 2 }))
    expect(lines.slice(-3)).toEqual(['< 5 error 1226 SP-LIMIT-QUOTA', '> e', '< 1 ok'])
  })
})

describe('statements at once', () => {
  const world = worldWith({ maxStatements: 1 })
  const sessionOf = (shared: World, sessionId: string) => {
    const subject = { ...shared.subject, session: { ...shared.subject.session, sessionId } }
    return pg.machineOf({ ...shared, subject })
  }
  const ask = [pg.client(pg.query(ORDERS))]
  const answer = simple().slice(1)

  it('are counted over the sessions of a grant, while they run', () => {
    const shared = world()
    const [one, two] = [sessionOf(shared, 'one'), sessionOf(shared, 'two')]
    const tell = (machine: typeof one, steps: Parameters<typeof play>[2]) => pg.told(play(shared, machine, steps))
    expect(tell(one, ask).at(-1)).toMatch(/^> query/)
    expect(tell(two, ask).slice(-2)).toEqual(['< error 53300 SP-LIMIT-STATEMENTS', '< ready I'])
    expect(tell(two, [pg.client(pg.query('ROLLBACK'))]).at(-1)).toBe('> query ROLLBACK')
    tell(one, answer)
    tell(two, [pg.server(pg.done('ROLLBACK'), pg.ready())])
    expect(tell(two, ask).at(-1)).toMatch(/^> query/)
    expect(tell(one, ask)).toContain('< error 53300 SP-LIMIT-STATEMENTS')
    two.abandoned(START)
    expect(tell(one, ask).at(-1)).toMatch(/^> query/)
  })

  it('of one session are one, however many it sends ahead', () => {
    const shared = world()
    expect(pg.told(play(shared, sessionOf(shared, 'one'), [...ask, ...ask])).join()).not.toContain('SP-LIMIT')
  })
})

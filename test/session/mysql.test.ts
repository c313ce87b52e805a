import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Catalog, Relation } from '../../src/sql/catalog.ts'
import { CURSOR } from '../../src/wire/mysql/com-stmt-execute.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import { breaches, MINUTE, roleOf, START, type Step, worldOf } from './fixture.ts'
import {
  binary,
  CLASSIC,
  client,
  column,
  count,
  end,
  eof,
  execute,
  failed,
  MODERN,
  machineOf,
  modes,
  ok,
  prepare,
  prepared,
  query,
  raw,
  row,
  server,
  serverFrom,
  story,
} from './mysql_story.ts'

const ID = column('users.id')
const EMAIL = column('users.email')
const MASKED = 'SELECT id, email FROM users'
const CLEAR = 'bob@example.test'
const answers = (lines: readonly string[]) => lines.filter((line) => line.startsWith('<'))
const notes = (lines: readonly string[]) => lines.filter((line) => line.startsWith('note'))

describe('COM_QUERY', () => {
  it.each([
    ['with an OK at the end of rows', MODERN, [count(2), ID, EMAIL, row('1', CLEAR), row('2', null), end()]],
    ['with EOF packets', CLASSIC, [count(2), ID, EMAIL, eof(), row('1', CLEAR), row('2', null), eof()]],
  ])('is recorded, sent, masked and noted: %s', (_what, capabilities, answer) => {
    const lines = story([client(query(MASKED)), server(...answer)], undefined, capabilities)
    expect(lines[0]).toBe('record allow select')
    expect(lines[1]).toMatch(/^> 3 SELECT id, email FROM .*users/)
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(answers(lines).filter((line) => line.includes('***'))).toHaveLength(1)
    expect(lines.slice(-2)).toEqual(['note ok select rows 2', `< ${answer.length} end`])
  })

  it('that is refused gets its error as the next packet, and nothing goes to the server', () => {
    expect(story([client(query('SELECT * FROM secrets'))])).toEqual([
      'record deny select SP-SCOPE',
      '< 1 error 1142 SP-SCOPE',
    ])
  })

  it('is read only when the one before was answered', () => {
    const lines = story([client(query('SELECT 1'), query('SELECT 2')), server(count(1), column('1'), row('1'), end())])
    expect(lines.indexOf('> 3 SELECT 2')).toBeGreaterThan(lines.indexOf('note ok select rows 1'))
  })

  it('with several statements has a decision and a completion for each', () => {
    const more = AUTOCOMMIT | STATUS.moreResults
    const lines = story([
      client(query('SELECT 1; SELECT 2')),
      server(count(1), column('1'), row('1'), end({ status: more }), count(1), column('2'), row('2'), end()),
    ])
    expect(lines.slice(0, 2)).toEqual(['record allow select', 'record allow select'])
    expect(notes(lines)).toEqual(['note ok select rows 1', 'note ok select rows 1'])
    expect(lines.at(-1)).toBe('< 8 end')
  })

  it('whose first result is withheld keeps the rest back too, and the session goes on', () => {
    const world = () => worldOf('mysql', roleOf({ limits: { maxRowsPerResult: 1 } }))
    const more = AUTOCOMMIT | STATUS.moreResults
    const lines = story(
      [
        client(query('SELECT 1; SELECT 2')),
        server(count(1), column('1'), row('1')),
        serverFrom(3, row('1'), end({ status: more }), count(1), column('2'), row('2'), end()),
        client({ kind: 'ping' }),
        server(ok()),
      ],
      world,
    )
    expect(lines.slice(-5)).toEqual([
      'note withheld 1104 select rows 1 withheld 1',
      'note cancelled select rows 0',
      '< 4 error 1104 SP-LIMIT-ROWS',
      '> e',
      '< 1 ok',
    ])
  })

  it('with another number of fields than analysed is withheld', () => {
    const lines = story([client(query(MASKED)), server(count(1), EMAIL, row(CLEAR), end())])
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(lines.filter((line) => !line.startsWith('<')).slice(2)).toEqual([
      'catalog stale',
      'cancel session-1 statement',
      'note withheld 1105 select rows 0 withheld 1',
    ])
    expect(lines.at(-1)).toBe('< 3 error 1105 SP-ORIGIN')
  })

  it.each([
    ["UPDATE users SET name = 'x' WHERE id = 1", 'update'],
    ['SET @a = 1', 'set'],
    ['BEGIN', 'begin'],
  ])('is withheld where none was to come: %s', (text, kind) => {
    const lines = story([client(query(text)), server(count(1), column('x'), row(CLEAR), end())])
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(lines).toContain(`note withheld 1105 ${kind} rows 0 withheld 1`)
    expect(lines.at(-1)).toMatch(/^< \d+ error 1105 SP-ORIGIN/)
  })

  it('masks a field that only the server says is a masked column', () => {
    const lines = story([client(query('SELECT id FROM users')), server(count(1), EMAIL, row(CLEAR), end())])
    expect(lines.join('\n')).not.toContain(CLEAR)
  })

  it('that the server asks a file for ends the session', () => {
    const lines = story([client(query('SELECT 1')), server(Uint8Array.of(0xfb, 0x61))])
    expect(lines.slice(-3)).toEqual(['cancel session-1 statement', '< 1 error 1835 SP-PROTOCOL', 'end SP-PROTOCOL'])
  })

  it('has its errors scrubbed where they could quote a protected value, and others as they are', () => {
    const guarded = story([
      client(query("UPDATE users SET name = 'x' WHERE id = 1")),
      server(failed(1062, `Duplicate ${CLEAR}`)),
    ])
    expect(guarded.join('\n')).not.toContain(CLEAR)
    expect(guarded.at(-1)).toMatch(/^< 1 error 1062 the database reported error 1062/)
    expect(story([client(query('SELECT 1')), server(failed(1064, 'near x'))]).at(-1)).toBe('< 1 error 1064 near x')
  })
})

const AUTOCOMMIT = STATUS.autocommit

describe('warnings', () => {
  const COMPUTED: readonly Step[] = [
    client(query('SELECT length(email) FROM users')),
    server(count(1), column('x'), row(null), end({ warnings: 3 })),
  ]
  const FAILED: readonly Step[] = [
    client(query("UPDATE users SET name = 'x' WHERE id = 1")),
    server(failed(1062, `Duplicate ${CLEAR}`)),
  ]
  const sent = (lines: readonly string[]) => lines.filter((line) => line.startsWith('>'))

  it('of a computed result are the proxy’s own', () => {
    const lines = story([...COMPUTED, client(query('SHOW WARNINGS'))])
    expect(sent(lines)).toHaveLength(1)
    expect(lines.at(-2)).toMatch(/^< 5 .*Note.*SP-COMPUTED/)
    expect(lines.at(-1)).toBe('< 6 end')
  })

  it.each(['SHOW WARNINGS', 'SHOW ERRORS', 'SHOW WARNINGS LIMIT 1'])(
    'after a scrubbed error: %s tells nothing',
    (text) => {
      const lines = story([...FAILED, client(query(text))])
      expect(sent(lines)).toHaveLength(1)
      expect(lines.at(-1)).toBe('< 5 end')
    },
  )

  it('stay hidden behind a statement that does not reset them, until one that does', () => {
    const touched = [client(query('SELECT id FROM orders')), server(count(1), column('orders.id'), end())]
    const untouched = [client(query('SELECT 1')), server(count(1), column('1'), row('1'), end())]
    expect(sent(story([...FAILED, ...untouched, client(query('SHOW ERRORS'))])).at(-1)).toBe('> 3 SELECT 1')
    expect(sent(story([...FAILED, ...touched, client(query('SHOW ERRORS'))])).at(-1)).toBe('> 3 SHOW ERRORS')
  })

  it('are not shown in the message that makes them, nor by a prepared statement', () => {
    expect(story([client(query("UPDATE users SET name = 'x'; SHOW WARNINGS"))])[0]).toMatch(/^record deny/)
    expect(story([client(prepare('SHOW WARNINGS'))])[0]).toMatch(/^record deny/)
    expect(story([client(query("PREPARE p FROM 'SHOW ERRORS'"))])[0]).toMatch(/^record deny/)
  })
})

describe('prepared statements', () => {
  const PREPARED: readonly Step[] = [client(prepare(MASKED)), server(prepared(2), ID, EMAIL)]

  it('are recorded at each execution, and their binary rows are masked', () => {
    const result = server(count(2), ID, EMAIL, binary('1', CLEAR), binary('2', null), end())
    const lines = story([...PREPARED, client(execute()), result, client(execute()), result])
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(lines.filter((line) => line.startsWith('record'))).toEqual(['record allow select', 'record allow select'])
    expect(notes(lines)).toEqual(['note ok select rows 2', 'note ok select rows 2'])
    expect(lines.indexOf('record allow select')).toBeLessThan(lines.findIndex((line) => line.startsWith('> 17')))
  })

  it('are masked by the masks of the moment', () => {
    const imposed: Step = {
      from: 'world',
      act: (world) => {
        const [email] = world.masking.masks
        world.masking = { digest: 'more', masks: email ? [{ ...email, columns: ['name'] }] : [] }
      },
    }
    const lines = story([
      client(prepare('SELECT name FROM users')),
      server(prepared(1), column('users.name')),
      imposed,
      client(execute()),
      server(count(1), column('users.name'), binary('Bob'), end()),
    ])
    expect(lines.join('\n')).not.toContain('Bob')
  })

  it('that are closed or unknown are not executed', () => {
    expect(story([...PREPARED, client({ kind: 'stmtClose', statementId: 1 }, execute())]).at(-1)).toMatch(/^< 1 error/)
    expect(story([client(execute(9))])).toEqual(['< 1 error 1835 SP-PROTOCOL'])
  })

  it('do not run after the grant has ended', () => {
    const world = () => worldOf('mysql', roleOf(), { end: START + 1000 })
    const lines = story([...PREPARED, { from: 'clock', at: 1000 }, client(execute())], world)
    expect(lines.at(-1)).toBe('end SP-GRANT-ENDED')
  })

  it('with a cursor give their rows by fetches, under one decision', () => {
    const open = AUTOCOMMIT | STATUS.cursorExists
    const fetch = client({ kind: 'stmtFetch', statementId: 1, rows: 1 })
    const steps = [
      ...PREPARED,
      client(execute(1, CURSOR.readOnly)),
      server(count(2), ID, EMAIL, end({ status: open })),
      fetch,
      server(binary('1', CLEAR), end({ status: open })),
      fetch,
      server(binary('2', CLEAR), end({ status: open | STATUS.lastRowSent })),
    ]
    const lines = story(steps)
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(lines.filter((line) => line.startsWith('record'))).toHaveLength(1)
    expect(notes(lines)).toEqual(['note ok select rows 2'])
    const closed = story([...steps.slice(0, -2), client({ kind: 'stmtClose', statementId: 1 })])
    expect(notes(closed)).toEqual(['note ok select rows 1'])
    const again = story([...steps.slice(0, -2), client({ kind: 'stmtReset', statementId: 1 }), server(ok())])
    expect(notes(again)).toEqual(['note ok select rows 1'])
  })

  it('made by SQL without limits tell what they do to definitions', () => {
    const world = () => worldOf('mysql', roleOf({ unrestricted: true }))
    const run = (sql: string) => {
      const lines = story([client(query(sql)), server(ok()), client(query('EXECUTE p')), server(ok())], world)
      return lines.filter((line) => line === 'catalog stale').length
    }
    expect(run("PREPARE p FROM 'DROP TABLE orders'")).toBeGreaterThan(run("PREPARE p FROM 'DELETE FROM orders'"))
    expect(run('PREPARE p FROM @text')).toBe(1)
    expect(run("PREPARE p FROM 'DELETE FROM orders'")).toBe(0)
  })

  it('and their cursors outlive a change of the catalog that is not about them, and no other', () => {
    const open = AUTOCOMMIT | STATUS.cursorExists
    const changed = (edit: (relation: Relation) => Relation): Step => ({
      from: 'world',
      act: (world) => {
        const before = world.catalog as Catalog
        const relations = new Map([...before.relations].map(([key, one]) => [key, edit(one)]))
        world.catalog = { ...before, digest: 'catalog-2', relations }
      },
    })
    const elsewhere = changed((one) => (one.name === 'orders' ? { ...one, primaryKey: [] } : one))
    const here = changed((one) =>
      one.name === 'users' ? { ...one, columns: [...one.columns, { ...one.columns[0]!, name: 'more' }] } : one,
    )
    const fetched = (change: Step) =>
      story([
        ...PREPARED,
        client(execute(1, CURSOR.readOnly)),
        server(count(2), ID, EMAIL, end({ status: open })),
        change,
        client({ kind: 'stmtFetch', statementId: 1, rows: 1 }),
        server(binary('1', CLEAR), end({ status: open | STATUS.lastRowSent })),
      ])
    expect(fetched(elsewhere).join('\n')).not.toContain('SP-STALE')
    expect(fetched(elsewhere).join('\n')).not.toContain(CLEAR)
    const made = [client(query(`PREPARE p FROM '${MASKED}'`)), server(ok())]
    const run = [client(query('EXECUTE p')), server(count(2), ID, EMAIL, row('1', CLEAR), end())]
    const executed = (change: Step) => story([...made, change, ...run]).join('\n')
    expect(executed(elsewhere)).not.toMatch(new RegExp(`SP-STALE|${CLEAR}`))
    expect(story([...made, here, run[0] as Step]).at(-1)).toMatch(/SP-STALE/)
  })

  it('have no cursor to fetch from before they are executed', () => {
    expect(story([...PREPARED, client({ kind: 'stmtFetch', statementId: 1, rows: 1 })]).at(-1)).toBe(
      '< 1 error 1146 SP-NAME',
    )
  })

  it('made by SQL run under the verdict that they were prepared with', () => {
    const made = [client(query(`PREPARE p FROM '${MASKED}'`)), server(ok())]
    const lines = story([...made, client(query('EXECUTE p')), server(count(2), ID, EMAIL, row('1', CLEAR), end())])
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(story([client(query('EXECUTE p'))]).at(-1)).toBe('< 1 error 1146 SP-NAME')
    const gone = [...made, client({ kind: 'resetConnection' }), server(ok()), modes(), client(query('EXECUTE p'))]
    expect(story(gone).at(-1)).toBe('< 1 error 1146 SP-NAME')
  })
})

describe('the names of the session', () => {
  it.each([
    ['USE', client(query('USE archive'))],
    ['COM_INIT_DB', client({ kind: 'initDb', database: 'archive' })],
  ])('follow %s once the server agreed', (_what, change) => {
    const select = client(query('SELECT id FROM orders'))
    expect(story([change, server(ok()), select]).at(-1)).toMatch(/archive.*orders/)
    expect(story([change, server(failed(1049, 'no')), select]).at(-1)).toMatch(/shop.*orders/)
  })

  it('follow sql_mode', () => {
    const text = 'SELECT "id" FROM orders'
    const set = client(query("SET sql_mode = 'ANSI_QUOTES'"))
    expect(story([client(query(text))]).at(-1)).toContain('"id"')
    const lines = story([
      set,
      server(ok()),
      modes('ANSI_QUOTES'),
      client(query('SELECT "email" FROM users')),
      server(count(1), EMAIL, row(CLEAR), end()),
    ])
    expect(lines.join('\n')).not.toContain(CLEAR)
  })
})

describe('other commands', () => {
  it('KILL of an own session is done here, of another refused', () => {
    expect(story([client(query('KILL QUERY 7'))])).toEqual([
      'record allow kill',
      'cancel session-7 statement',
      'note ok kill rows 0',
      '< 1 ok',
    ])
    expect(story([client(query('KILL QUERY CONNECTION_ID()'))])).toContain('cancel session-1 statement')
    expect(story([client(query('KILL 8'))])).toEqual(['record deny opaque SP-KILL', '< 1 error 1095 SP-KILL'])
  })

  it.each([
    ['unknown', [0x77]],
    ['COM_BINLOG_DUMP', [0x12, 0, 0, 0, 0]],
    ['COM_PROCESS_INFO', [0x0a]],
  ])('%s is refused and recorded', (_what, payload) => {
    expect(story([raw(...payload)])).toEqual(['record deny opaque SP-UNSUPPORTED', '< 1 error 1235 SP-UNSUPPORTED'])
  })

  it('ping, statistics, reset and set option pass', () => {
    const lines = story([
      client({ kind: 'ping' }),
      server(ok()),
      client({ kind: 'statistics' }),
      server(row('Uptime')),
      client({ kind: 'setOption', option: 1 }),
      server(end()),
    ])
    expect(lines).toEqual(
      ['> e', '< 1 ok', '> 9', '< 1 .Uptime', '> 1b ..', '< 1 end'].map((l) => l.replace('..', '.')),
    )
  })

  it('quit ends the session, and nothing is read after it', () => {
    expect(story([client({ kind: 'quit' }, query('SELECT 1')), client(query('SELECT 1'))])).toEqual([
      '> 1',
      'end normal',
    ])
  })

  it('what the server says out of turn ends the session', () => {
    expect(story([server(ok())]).at(-1)).toBe('end SP-PROTOCOL')
  })
})

describe('limits', () => {
  it('of rows: what is above is not sent', () => {
    const world = () => worldOf('mysql', roleOf({ limits: { maxRowsPerResult: 1 } }))
    const steps = [
      client(query('SELECT id FROM orders')),
      server(count(1), column('orders.id'), row('1')),
      serverFrom(3, row('2')),
      serverFrom(4, failed(1317, 'interrupted')),
    ]
    expect(story(steps, world).slice(-4)).toEqual([
      '< 3 .1',
      'cancel session-1 statement',
      'note withheld 1317 select rows 1 withheld 1',
      '< 4 error 1104 SP-LIMIT-ROWS',
    ])
  })

  it('of time', () => {
    const world = () => worldOf('mysql', roleOf({ limits: { statementTimeoutMs: 1000, idleTimeoutMs: 5000 } }))
    const slow = [client(query('SELECT 1')), { from: 'clock', at: 1001 }, server(failed(1317, 'interrupted'))] as const
    expect(story(slow, world).slice(-3)).toEqual([
      'cancel session-1 statement',
      'note cancelled 1317 select rows 0',
      '< 1 error 3024 SP-LIMIT-STATEMENT',
    ])
    expect(story([{ from: 'clock', at: 5001 }], world)).toEqual(['< 0 error 4031 SP-LIMIT-TIME', 'end SP-LIMIT-TIME'])
    expect(story([{ from: 'clock', at: 60 * MINUTE }]).at(-1)).toBe('end SP-GRANT-ENDED')
  })
})

describe('any bytes', () => {
  const packet = fc
    .tuple(
      fc.constantFrom(0, 1, 2, 3, 9, 14, 22, 23, 24, 25, 26, 27, 28, 31, 251, 254, 255),
      fc.uint8Array({ maxLength: 20 }),
      fc.nat(3),
    )
    .map(([first, rest, sequence]) => Uint8Array.from([rest.length + 1, 0, 0, sequence, first, ...rest]))
  const select = fc.constant(Uint8Array.from([...Uint8Array.of(28, 0, 0, 0, 3), ...new TextEncoder().encode(MASKED)]))
  const pieces = fc.array(fc.tuple(fc.boolean(), fc.oneof(packet, select, fc.uint8Array({ maxLength: 10 }))), {
    maxLength: 20,
  })

  it('from either side never throw; what they break ends the session, and each decision is completed once', () => {
    fc.assert(
      fc.property(pieces, fc.boolean(), fc.boolean(), (input, classic, unrestricted) => {
        const world = worldOf('mysql', roleOf(unrestricted ? { unrestricted: true, scope: [] } : {}))
        const machine = machineOf(world, classic ? CLASSIC : MODERN)
        const effects = input.flatMap(([fromClient, bytes]) =>
          fromClient ? machine.onClient(bytes, START) : machine.onServer(bytes, START),
        )
        expect(breaches(effects)).toEqual([])
        const all = [...effects, ...machine.abandoned(START)]
        const allowed = all.filter(
          (one) => one.kind === 'record' && one.event.kind === 'decision' && one.event.effect === 'allow',
        )
        expect(all.filter(({ kind }) => kind === 'note')).toHaveLength(allowed.length)
      }),
      { numRuns: 300 },
    )
  })
})

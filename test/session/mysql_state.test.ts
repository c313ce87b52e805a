import { describe, expect, it } from 'vitest'
import { encodePackets } from '../../src/wire/mysql/packets.ts'
import { MINUTE, play, roleOf, START, type Step, utf8, type World, worldOf } from './fixture.ts'
import {
  client,
  column,
  count,
  end,
  execute,
  failed,
  machineOf,
  modes,
  ok,
  prepare,
  query,
  raw,
  row,
  server,
  story,
  told,
} from './mysql_story.ts'

const sent = (lines: readonly string[]) => lines.filter((line) => line.startsWith('>'))
const MODES = '> 3 SELECT @@SESSION.sql_mode, @@SESSION.character_set_client, DATABASE()'

/** A session that begins as the proxy's do. */
function begun(steps: readonly Step[], world: () => World = () => worldOf('mysql')): string[] {
  const made = world()
  const machine = machineOf(made)
  machine.begin()
  return told(play(made, machine, steps))
}

describe('a fresh session', () => {
  it('asks by which modes it reads before its first command goes out, not before it comes', () => {
    expect(begun([])).toEqual([])
    const lines = begun([client(query('SELECT "id" FROM orders')), modes('ANSI_QUOTES')])
    expect(lines[0]).toBe(MODES)
    expect(lines.at(-1)).toMatch(/^> 3 SELECT "id" FROM/)
  })

  it('sets the limits of its role, in the words of MySQL', () => {
    const limits = { statementTimeoutMs: 2500, lockTimeoutMs: 1500 }
    const lines = begun([client(query('SELECT 1')), server(ok()), modes()], () => worldOf('mysql', roleOf({ limits })))
    expect(lines.slice(0, 2)).toEqual([
      '> 3 SET SESSION innodb_lock_wait_timeout = 2, lock_wait_timeout = 2, max_execution_time = 2500',
      MODES,
    ])
  })

  it('sets them again after a reset, and after nothing else', () => {
    const world = () => worldOf('mysql', roleOf({ limits: { lockTimeoutMs: 1000 } }))
    const steps = [client({ kind: 'resetConnection' }), server(ok()), server(ok()), modes()]
    expect(sent(story(steps, world))).toEqual([
      '> 1f',
      '> 3 SET SESSION innodb_lock_wait_timeout = 1, lock_wait_timeout = 1',
      MODES,
    ])
  })

  it.each([
    ['limits that the server refuses', { lockTimeoutMs: 1000 }, server(failed(1193, 'unknown')), 'SP-UPSTREAM'],
    ['no answer', {}, server(failed(1045, 'no')), 'SP-UPSTREAM'],
  ])('ends with %s', (_what, limits, answer, code) => {
    const lines = begun([client(query('SELECT 1')), answer], () => worldOf('mysql', roleOf({ limits })))
    expect(lines.at(-1)).toBe(`end ${code}`)
    expect(lines.at(-2)).toMatch(new RegExp(`^< 1 error .* ${code}$`))
  })
})

describe('a character set that is not read here', () => {
  const again = '> 3 SET NAMES utf8mb4'

  it('of a fresh session, or of one that was reset, is put right before the next command', () => {
    const reset = client({ kind: 'resetConnection' }, query('SELECT id FROM users'))
    const lines = story([reset, server(ok()), modes('', 'gbk'), server(ok()), modes()])
    expect(sent(lines)).toEqual(['> 1f', MODES, again, MODES, expect.stringMatching(/^> 3 SELECT id FROM/)])
  })

  it.each([
    ['the server refuses another', server(failed(1115, 'no')), 'SP-UPSTREAM'],
    ['another does not help', server(ok()), 'SP-SETTING'],
  ])('ends the session where %s', (_what, answer, code) => {
    const steps = [
      client(query('SELECT 1')),
      modes('', 'gbk'),
      answer,
      ...(code === 'SP-SETTING' ? [modes('', 'gbk')] : []),
    ]
    expect(begun(steps).at(-1)).toBe(`end ${code}`)
  })
})

describe('another character set of the client', () => {
  const inBytes = (head: string, bytes: readonly number[], tail: string): Step =>
    raw(0x03, ...utf8(head), ...bytes, ...utf8(tail))

  it('is asked for after SET NAMES, but not where UTF-8 stays what it is', () => {
    const named = (charset: string) => [client(query(`SET NAMES ${charset}`)), server(ok())]
    expect(sent(story(named('utf8mb4')))).toEqual(['> 3 SET NAMES utf8mb4'])
    expect(sent(story(named('koi8r')))).toEqual(['> 3 SET NAMES koi8r', MODES])
    expect(sent(story([...named('koi8r'), modes('', 'koi8r'), ...named('utf8mb4')]))).toHaveLength(4)
    expect(story([client(query('SET NAMES gbk'))]).at(-1)).toMatch(/SP-SETTING$/)
  })

  it('sends a literal as it came, and takes no name that is not ASCII', () => {
    const world = worldOf('mysql')
    const step = inBytes("SELECT id FROM orders WHERE id = '", [0xd0, 0xd2, 0x5c, 0x27], "'")
    const effects = play(world, machineOf(world), [step])
    const [statement] = effects.flatMap((effect) => (effect.kind === 'sql' ? [effect.bytes] : []))
    expect(String.fromCharCode(...(statement ?? []))).toMatch(/FROM `shop`\.`orders` WHERE id = '\xd0\xd2\\''$/)
    expect(story([inBytes('SELECT `', [0xd0, 0xd2], '` FROM orders')]).at(-1)).toMatch(/SP-SYNTAX$/)
    expect(story([inBytes('SELECT ', [0xd0, 0xd2], ' FROM orders')]).at(-1)).toMatch(/SP-SYNTAX$/)
  })
})

describe('a server that ends an idle session', () => {
  const farewell = (errno: number): Step => ({ from: 'server', bytes: encodePackets(failed(errno, 'why it ended'), 0) })

  it.each([4031, 1053, 1927])('is heard by the client: error %i', (errno) => {
    const lines = story([
      client(query('SELECT id FROM orders')),
      server(count(1), column('orders.id'), end()),
      farewell(errno),
    ])
    expect(lines.slice(-2)).toEqual([expect.stringMatching(new RegExp(`^< 0 error ${errno}`)), 'end SP-UPSTREAM'])
  })

  it('with any other error has spoken out of turn', () => {
    expect(story([farewell(1064)]).at(-1)).toBe('end SP-PROTOCOL')
  })
})

describe('sql_mode', () => {
  it.each([
    ['OK', server(ok())],
    ['an error, half way', server(failed(1231, 'no'))],
  ])('is read back after a SET that ends with %s', (_what, answer) => {
    const set = client(query("SET sql_mode = 'STRICT_ALL_TABLES', autocommit = 1"))
    const lines = story([set, answer, modes('ANSI_QUOTES'), client(query('SELECT "id" FROM orders'))])
    expect(sent(lines)[1]).toBe(MODES)
    expect(lines.at(-1)).toMatch(/SELECT "id" FROM/)
  })
})

describe('PREPARE from a variable', () => {
  const set = (text: string): readonly Step[] => [client(query(text)), server(ok())]
  const prepares = client(query('PREPARE s FROM @v'))

  it('is judged and sent with the text that SET has given it', () => {
    const lines = story([...set("SET @V = 'SELECT id FROM orders'"), prepares])
    expect(lines.at(-1)).toBe("> 3 PREPARE `s` FROM 'SELECT id FROM `shop`.`orders`'")
    const masked = story([...set("SET @v = 'SELECT email FROM users'"), prepares])
    expect(masked.at(-1)).not.toMatch(/SELECT email FROM `shop`.`users`'$/)
    expect(story([...set("SET @v = 'SELECT * FROM secrets'"), prepares]).at(-1)).toMatch(/SP-SCOPE$/)
  })

  it('may read what a statement computed, which is of masked values', () => {
    const lines = story([client(query('SET @v = (SELECT ssn FROM users WHERE id = 1)'))])
    expect(lines.at(-1)).toMatch(/^> 3 SET @v = \(SELECT ssn FROM \(SELECT /)
  })

  it.each([
    ['nothing is known of it', []],
    ['it was set by an expression since', [...set("SET @v = 'SELECT 1'"), ...set("SET @v = CONCAT('SELECT', ' 2')")]],
    [
      'a SET of it failed',
      [...set("SET @v = 'SELECT 1'"), client(query("SET @v = 'SELECT 2'")), server(failed(1, 'no'))],
    ],
    [
      'the session was reset',
      [...set("SET @v = 'SELECT 1'"), client({ kind: 'resetConnection' }), server(ok()), modes()],
    ],
  ])('is refused where %s', (_what, before) => {
    expect(story([...before, prepares]).at(-1)).toMatch(/^< 1 error .* SP-/)
  })
})

describe('definitions', () => {
  const unlimited = () => worldOf('mysql', roleOf({ unrestricted: true }))

  it.each([
    ['CREATE TABLE t (id int)', 'catalog stale'],
    ['ALTER TABLE orders ADD x int', 'catalog stale'],
    ['CALL p()', 'catalog stale'],
  ])('that %s changes are told to others at once', (text, line) => {
    expect(
      story([client(query('BEGIN')), server(ok({ status: 3 })), client(query(text)), server(ok())], unlimited),
    ).toContain(line)
  })

  it.each(['SELECT id FROM orders', 'SET autocommit = 1', 'UPDATE orders SET total = 1'])(
    'are left alone by %s',
    (text) => {
      expect(story([client(query(text)), server(ok())], unlimited)).not.toContain('catalog stale')
    },
  )

  it('that were on their way when the connection broke may have changed', () => {
    const world = unlimited()
    const machine = machineOf(world)
    play(world, machine, [client(query('DROP TABLE orders'))])
    expect(told(machine.abandoned(START))).toEqual([
      'cancel session-1',
      expect.stringMatching(/^note error 2013/),
      'catalog stale',
    ])
  })
})

describe('a statement while the catalog is read', () => {
  const reading = () => {
    const world = worldOf('mysql')
    world.catalog = undefined
    world.awaited = true
    return world
  }
  const read: Step = {
    from: 'world',
    act: (world) => {
      world.catalog = worldOf('mysql').catalog
      world.awaited = false
    },
  }

  it('waits for it, and what came behind it too', () => {
    const steps = [client(query('SELECT id FROM orders'), { kind: 'ping' }), read, { from: 'clock', at: 1000 } as const]
    expect(story([steps[0] as Step], reading)).toEqual([])
    expect(story(steps as Step[], reading).at(-1)).toMatch(/^> 3 SELECT/)
  })

  it('does not wait for ever', () => {
    const steps: Step[] = [client(query('SELECT id FROM orders')), { from: 'clock', at: 11_000 }]
    expect(story(steps, reading).at(-1)).toMatch(/SP-CATALOG$/)
  })

  it('that ends the session does not wait', () => {
    expect(story([client({ kind: 'quit' })], reading).at(-1)).toBe('end normal')
  })
})

describe('a statement behind one that was cancelled', () => {
  const world = () => worldOf('mysql', roleOf({ limits: { maxRowsPerResult: 1 } }))
  const steps: readonly Step[] = [
    client(query('SELECT id FROM orders'), query('SELECT 1'), { kind: 'ping' }),
    server(count(1), column('orders.id'), row('1'), row('2'), end()),
  ]

  it('is not sent before the cancel has reached the database, which would hit it', () => {
    expect(story(steps, world).at(-1)).toBe('< 4 error 1104 SP-LIMIT-ROWS')
    expect(story([...steps, { from: 'cancel' }], world).at(-1)).toBe('> 3 SELECT 1')
  })
})

describe('a session that its client leaves', () => {
  it('ends on the server, whatever runs there', () => {
    const world = worldOf('mysql')
    const machine = machineOf(world)
    play(world, machine, [client(query('SELECT id FROM orders'))])
    expect(told(machine.abandoned(START))).toEqual(['cancel session-1', 'note error 2013 select rows 0'])
  })

  it('is not cancelled where nothing runs', () => {
    const world = worldOf('mysql')
    expect(machineOf(world).abandoned(START)).toEqual([])
  })

  it('completes a write under its guard', () => {
    const world = worldOf('mysql', roleOf({ maxRowsChanged: 1 }))
    const machine = machineOf(world)
    play(world, machine, [client(query('UPDATE orders SET total = 1 WHERE id = 1')), server(ok())])
    expect(told(machine.abandoned(START))).toEqual(['cancel session-1', 'note error 2013 update rows 0'])
  })
})

describe('a client that sends ahead', () => {
  it('is cut off when more waits than it may send', () => {
    const world = worldOf('mysql')
    const machine = machineOf(world)
    play(world, machine, [client(query('SELECT 1'))])
    const chunk = encodePackets(new Uint8Array(15 * 1024 * 1024), 0)
    const ends = Array.from({ length: 9 }, () => told(machine.onClient(chunk, START))).flat()
    expect(ends.at(-1)).toBe('end SP-PROTOCOL')
  })

  it('gets its answers in turn', () => {
    const commands = Array.from({ length: 300 }, () => query('SELECT 1'))
    const answers = commands.map(() => server(count(1), column('1'), row('1'), end()))
    expect(story([client(...commands), ...answers]).filter((line) => line.endsWith('end'))).toHaveLength(300)
  })
})

describe('the end of a grant', () => {
  const nearEnd = () => worldOf('mysql', roleOf(), { end: START + 2 * MINUTE })

  it('is announced as a warning of the next statement', () => {
    const answer = server(count(1), column('orders.id'), row('1'), end())
    const steps: Step[] = [{ from: 'clock', at: MINUTE }, client(query('SELECT id FROM orders')), answer]
    const lines = story([...steps, client(query('SHOW WARNINGS'))], nearEnd)
    expect(lines.join('\n')).toContain('your grant ends in 1 min')
  })

  it('takes prepared statements along', () => {
    const steps: Step[] = [client(prepare('SELECT 1')), { from: 'clock', at: 2 * MINUTE }, client(execute())]
    expect(story(steps, nearEnd).at(-1)).toBe('end SP-GRANT-ENDED')
  })
})

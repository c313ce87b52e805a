import { describe, expect, it } from 'vitest'
import { encodeErr, encodeOk } from '../../src/wire/mysql/outcome.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import type { SessionChange } from '../../src/wire/mysql/session-state.ts'
import { roleOf, type Step, utf8, type World, worldOf } from './fixture.ts'
import {
  CLASSIC,
  client,
  column,
  count,
  end,
  eof,
  execute,
  failed,
  MODERN,
  ok,
  prepare,
  prepared,
  query,
  row,
  server,
  story,
} from './mysql_story.ts'

const CLEAR = 'bob@example.test'
const OPEN = STATUS.autocommit | STATUS.inTransaction
const GUARDED = "UPDATE users SET name = 'x' WHERE id = 1"
const sent = (lines: readonly string[]) => lines.filter((line) => line.startsWith('>'))
const last = (lines: readonly string[]) => lines.at(-1)

const okWith = (over: { rows?: number; info?: string; changes?: readonly SessionChange[]; warnings?: number }) =>
  encodeOk(
    {
      affectedRows: BigInt(over.rows ?? 0),
      lastInsertId: 0n,
      status: STATUS.autocommit,
      warnings: over.warnings ?? 0,
      info: utf8(over.info ?? ''),
      changes: over.changes ?? [],
    },
    MODERN,
  )

const syntaxError = (near: string, line = 1) =>
  encodeErr({
    errno: 1064,
    sqlState: '42000',
    message: `Wrong; the right syntax to use near '${near}' at line ${line}`,
  })

describe('a syntax error', () => {
  it('never quotes the text that went out in place of the client’s', () => {
    const text = 'SELECT id FROM users'
    const lines = story([client(query(text)), server(syntaxError('FROM (SELECT `id` FROM `shop`.`users`)'))])
    expect(last(lines)).toMatch(/^< 1 error 1064 Wrong; the right syntax to use/)
    expect(last(lines)).not.toMatch(/shop|SELECT `/)
  })

  it('passes as it is where the client’s text went out', () => {
    expect(last(story([client(query('SELECT 1')), server(syntaxError('x'))]))).toContain("near 'x' at line 1")
    const unlimited = () => worldOf('mysql', roleOf({ unrestricted: true }))
    expect(last(story([client(query('SELEC id')), server(syntaxError('SELEC id'))], unlimited))).toContain(
      "near 'SELEC",
    )
  })

  it('of a preparation tells no more', () => {
    const lines = story([client(prepare('SELECT id FROM users')), server(failed(1105, `x ${CLEAR}`))])
    expect(last(lines)).toMatch(/^< 1 error 1105 the database reported error 1105/)
  })
})

describe('an error of COMMIT', () => {
  const begun = [client(query('BEGIN')), server(ok({ status: OPEN }))]
  const commit = [client(query('COMMIT')), server(failed(1180, `Got error ${CLEAR}`))]

  it('is withheld behind a statement on a protected table, and only there', () => {
    const guarded = [client(query(GUARDED)), server(ok({ status: OPEN }))]
    expect(last(story([...begun, ...guarded, ...commit]))).toMatch(/the database reported error 1180/)
    const other = [client(query('UPDATE orders SET total = 1 WHERE id = 1')), server(ok({ status: OPEN }))]
    expect(last(story([...begun, ...other, ...commit]))).toMatch(/Got error/)
    const before = [client(query('COMMIT')), server(ok())]
    expect(last(story([...begun, ...guarded, ...before, ...begun, ...commit]))).toMatch(/Got error/)
  })
})

describe('counts beside a result', () => {
  it('of warnings are zero for a protected table, in every packet that has one', () => {
    const answer = [count(1), column('users.id'), eof(), row('1'), eof()]
    const noisy = answer.map((packet) =>
      packet[0] === 0xfe && packet.length === 5 ? Uint8Array.of(0xfe, 7, 0, 2, 0) : packet,
    )
    expect(story([client(query('SELECT id FROM users')), server(...noisy)], undefined, CLASSIC)).toEqual(
      story([client(query('SELECT id FROM users')), server(...answer)], undefined, CLASSIC),
    )
  })

  it.each([
    ['changed none', 0, 'Rows matched: 1  Changed: 0  Warnings: 3'],
    ['changed one', 1, 'Rows matched: 1  Changed: 1  Warnings: 0'],
  ])('of rows do not tell whether an UPDATE %s', (_what, rows, info) => {
    const lines = story([client(query(GUARDED)), server(okWith({ rows, info, warnings: 3 }))])
    expect(last(lines)).toMatch(/Rows matched: 1 {2}Changed: 1 {2}Warnings: 0/)
    expect(lines).toEqual(
      story([client(query(GUARDED)), server(okWith({ rows: 1, info, warnings: 3 }))]).map((line) =>
        line.startsWith('note') ? `note ok update rows ${rows}` : line,
      ),
    )
  })

  it('of rows pass elsewhere', () => {
    const text = 'UPDATE orders SET total = 1 WHERE id < 3'
    const info = 'Rows matched: 2  Changed: 1  Warnings: 0'
    expect(last(story([client(query(text)), server(okWith({ rows: 1, info }))]))).toContain('Changed: 1')
  })

  it.each(['SELECT ROW_COUNT()', 'SELECT 1 + row_count()'])('are not asked for afterwards: %s', (text) => {
    const steps = [client(query(GUARDED)), server(ok({ rows: 1 })), client(query(text))]
    expect(last(story(steps))).toMatch(/^< 1 error .* SP-UNSUPPORTED$/)
    const other = [client(query('UPDATE orders SET total = 1')), server(ok({ rows: 1 })), client(query(text))]
    expect(last(story(other))).toMatch(/^> 3 /)
  })
})

describe('what a later statement of the same message, or a prepared one, asks for', () => {
  it.each([`${GUARDED}; SELECT ROW_COUNT()`, `${GUARDED}; SET @n = ROW_COUNT()`, `${GUARDED}; SELECT @@warning_count`])(
    'is refused: %s',
    (text) => {
      expect(last(story([client(query(text))]))).toMatch(/^< 1 error .* SP-UNSUPPORTED$/)
    },
  )

  it('is refused behind a statement that the server could not read', () => {
    const steps = [
      client(query(GUARDED)),
      server(ok({ rows: 1 })),
      client(query('SELECT 1')),
      server(failed(1064, 'no')),
    ]
    expect(last(story([...steps, client(query('SELECT ROW_COUNT()'))]))).toMatch(/SP-UNSUPPORTED$/)
    const other = [
      client(query(GUARDED)),
      server(ok({ rows: 1 })),
      client(query('SELECT 1')),
      server(count(1), column('1'), end()),
    ]
    expect(last(story([...other, client(query('SELECT ROW_COUNT()'))]))).toMatch(/^> 3 /)
  })

  it('is refused to EXECUTE', () => {
    const made = [client(query("PREPARE p FROM 'SELECT ROW_COUNT()'")), server(ok())]
    const steps = [...made, client(query(GUARDED)), server(ok({ rows: 1 })), client(query('EXECUTE p'))]
    expect(last(story(steps))).toMatch(/^< 1 error .* SP-UNSUPPORTED$/)
  })

  it('is refused to an execution', () => {
    const made = [client(prepare('SELECT ROW_COUNT()')), server(prepared(0))]
    const steps = [...made, client(query(GUARDED)), server(ok({ rows: 1 })), client(execute())]
    expect(last(story(steps))).toMatch(/^< 1 error .* SP-UNSUPPORTED$/)
  })
})

describe('warnings of a protected statement', () => {
  const computed: readonly Step[] = [
    client(query('SELECT length(email) FROM users')),
    server(count(1), column('x'), row(null), end({ warnings: 3 })),
  ]

  it('are counted as they are shown', () => {
    expect(story([...computed, client(query('SHOW COUNT(*) WARNINGS'))]).at(-2)).toMatch(/^< 3 .1$/)
    expect(story([...computed, client(query('SHOW COUNT(*) ERRORS'))]).at(-2)).toMatch(/^< 3 .0$/)
    expect(story([...computed, client(query('SHOW WARNINGS LIMIT 1, 5'))]).at(-1)).toBe('< 5 end')
  })

  it.each(['SELECT @@warning_count', 'SELECT 1 WHERE @@session.error_count > 0'])('are not read by %s', (text) => {
    expect(last(story([...computed, client(query(text))]))).toMatch(/^< 1 error/)
  })

  it('stay hidden when the result was withheld half way', () => {
    const world = () => worldOf('mysql', roleOf({ limits: { maxRowsPerResult: 1 } }))
    const steps = [
      client(query('SELECT id FROM users')),
      server(count(1), column('users.id'), row('1'), row('2'), failed(1317, `interrupted ${CLEAR}`)),
      { from: 'cancel' } as const,
      client(query('SHOW WARNINGS')),
    ]
    expect(sent(story(steps, world))).toHaveLength(1)
  })
})

describe('what the server tells of the session', () => {
  it('passes where it tells of nothing else', () => {
    const changes: readonly SessionChange[] = [
      { kind: 'schema', name: 'archive' },
      { kind: 'gtids', encoding: 0, gtids: 'secretgtid' },
      { kind: 'transactionCharacteristics', statements: 'secretstatements' },
      { kind: 'unknown', type: 9, data: utf8('secretdata') },
    ]
    const line = last(story([client(query('USE archive')), server(okWith({ changes }))]))
    expect(line).toContain('archive')
    expect(line).not.toContain('secret')
  })
})

describe('the list of sessions', () => {
  it('shows those of the person alone, and never goes to the server', () => {
    const lines = story([client(query('SHOW FULL PROCESSLIST'))])
    expect(sent(lines)).toEqual([])
    expect(lines.at(-2)).toContain('alice@example.test')
  })

  it.each(['SHOW PROCESSLIST; SELECT 1', "PREPARE p FROM 'SHOW PROCESSLIST'"])('is no part of others: %s', (text) => {
    expect(last(story([client(query(text))]))).toMatch(/^< 1 error/)
  })

  it('is not prepared', () => {
    expect(last(story([client(prepare('SHOW PROCESSLIST'))]))).toMatch(/^< 1 error/)
  })
})

describe('KILL', () => {
  it.each(['KILL 7; SELECT 1', 'SELECT 1; KILL QUERY 7'])('is no part of others under any role: %s', (text) => {
    const world = () => worldOf('mysql', roleOf({ unrestricted: true, scope: [] }))
    expect(story([client(query(text))], world).at(-1)).toMatch(/SP-MULTI$/)
  })

  it.each(['KILL 7; SELECT 1', 'SELECT 1; KILL QUERY 7'])('is no part of others: %s', (text) => {
    expect(last(story([client(query(text))]))).toMatch(/^< 1 error/)
  })
})

describe('results that nobody asked for', () => {
  it('end the session', () => {
    const more = STATUS.autocommit | STATUS.moreResults
    const answer = server(
      count(1),
      column('orders.id'),
      row('1'),
      end({ status: more }),
      count(1),
      column('users.email'),
      row(CLEAR),
      end(),
    )
    const lines = story([client(query('SELECT id FROM orders')), answer])
    expect(last(lines)).toBe('end SP-PROTOCOL')
    expect(lines.join('\n')).not.toContain(CLEAR)
  })
})

describe('settings that hold a limit of the role', () => {
  const limited = (): World => worldOf('mysql', roleOf({ limits: { statementTimeoutMs: 1000, lockTimeoutMs: 1000 } }))

  it.each([
    'max_execution_time = 5',
    'max_execution_time = DEFAULT',
    'innodb_lock_wait_timeout = 5',
    'lock_wait_timeout = 5',
  ])('stay as they are: %s', (setting) => {
    expect(last(story([client(query(`SET ${setting}`))], limited))).toMatch(/SP-SETTING$/)
    expect(last(story([client(query(`SET ${setting}`))]))).toMatch(/^> 3 SET/)
  })
})

describe('an execution', () => {
  it('has its errors scrubbed as a query has', () => {
    const steps = [client(prepare(GUARDED)), server(prepared(0)), client(execute()), server(failed(1062, `x ${CLEAR}`))]
    expect(last(story(steps))).toMatch(/^< 1 error 1062 the database reported/)
  })
})

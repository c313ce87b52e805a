import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { emailOf, type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'
import { auditOf, isLoginRefusal, isRefusal, recordAfter } from './records.ts'
import {
  bind,
  cancelKeyOf,
  cellsOf,
  describePortal,
  errorOf,
  execute,
  kindsOf,
  oneByte,
  parse,
  plain,
  query,
  secured,
  statusOf,
  sync,
  type Wire,
  wireLogin,
  wireOf,
  wireOn,
} from './wire.ts'

/** The protocol message by message, beyond what drivers say. */

let stack: PostgresStack

beforeAll(async () => {
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: SHOWN_IN_PART,
    grants: usualGrants,
  })
})
afterAll(() => stack?.stop())

async function inStep(wire: Wire): Promise<void> {
  const answer = await wire.ask(query('SELECT 41 + 1'))
  expect(kindsOf(answer)).toEqual(['rowDescription', 'dataRow', 'commandComplete', 'readyForQuery'])
  expect(cellsOf(answer)).toEqual([['42']])
}

describe('before the login', () => {
  it('declines GSSENCRequest and goes on with TLS on the same connection', async () => {
    const socket = await plain(stack.proxy.postgresPort)
    socket.write(encodeStartup({ kind: 'gssencRequest' }))
    expect(await oneByte(socket)).toBe('N')
    socket.write(encodeStartup({ kind: 'sslRequest' }))
    expect(await oneByte(socket)).toBe('S')
    socket.destroy()
  })

  it('takes TLS at once with the ALPN protocol postgresql, and nothing else', async () => {
    const wire = await wireOf(stack, 'alice', { direct: ['postgresql'] })
    await inStep(wire)
    wire.end()
    await expect(secured(stack, { direct: ['http/1.1'] })).rejects.toThrow()
  })

  it('refuses TLS at once without ALPN', async () => {
    const socket = await secured(stack, { direct: [] }).catch(() => null)
    if (socket) expect(await oneByte(socket)).toBeNull()
  })

  it('refuses bytes that were sent ahead of TLS', async () => {
    const socket = await plain(stack.proxy.postgresPort)
    const early = encodeStartup({ kind: 'startupMessage', minor: 0, parameters: [['user', 'mallory']] })
    socket.write(Buffer.concat([encodeStartup({ kind: 'sslRequest' }), early]))
    const wire = wireOn(socket)
    expect(errorOf(await wire.rest())).toMatchObject({ C: '08P01' })
  })

  it.each([
    ['a second SSLRequest', ['sslRequest']],
    ['GSSENCRequest inside TLS', ['gssencRequest']],
  ] as const)('refuses %s', async (_what, [kind]) => {
    const wire = wireOn(await secured(stack))
    wire.raw(encodeStartup({ kind }))
    expect(errorOf(await wire.rest())).toMatchObject({ C: '08P01', S: 'FATAL' })
  })

  it.each([
    ['replication', { replication: 'database' }],
    ['an unknown setting', { no_such_setting: '1' }],
    ['a setting of the proxy', { role: 'postgres' }],
    ['another encoding', { client_encoding: 'LATIN1' }],
    ['a setting of the proxy in options', { options: '-c session_authorization=postgres' }],
    ['what is no setting in options', { options: '-d 5' }],
  ])('refuses %s, and keeps a record', async (_what, parameters) => {
    const from = auditOf(stack).length
    const { greeting } = await wireLogin(stack, 'alice', { parameters: parameters as Record<string, string> })
    expect(errorOf(greeting)).toMatchObject({ S: 'FATAL', C: '08004', M: expect.stringContaining('(SP-STARTUP)') })
    const record = await recordAfter(stack, from, isLoginRefusal('SP-STARTUP'))
    expect(record.actor?.user.name).toMatch(/alice/)
  })

  it('takes the settings that are listed', async () => {
    const parameters = {
      application_name: 'a test',
      options: '-c search_path=club --statement_timeout=60000',
      DateStyle: 'ISO',
    }
    const wire = await wireOf(stack, 'alice', { parameters })
    expect(cellsOf(await wire.ask(query('SELECT name FROM boats WHERE id = 1')))).toEqual([['Alpha']])
    wire.end()
  })

  it('negotiates a newer protocol and unknown options down', async () => {
    const { wire, greeting } = await wireLogin(stack, 'alice', { minor: 9, parameters: { '_pq_.new_thing': 'on' } })
    expect(greeting[0]).toEqual({ kind: 'negotiateProtocolVersion', newestMinor: 2, unrecognised: ['_pq_.new_thing'] })
    expect(statusOf(greeting)).toBe('I')
    await inStep(wire)
    wire.end()
  })

  it('gives a long cancel key in protocol 3.2 and four bytes in 3.0', async () => {
    expect(cancelKeyOf((await wireLogin(stack, 'alice', { minor: 2 })).greeting).key).toHaveLength(32)
    expect(cancelKeyOf((await wireLogin(stack, 'alice')).greeting).key).toHaveLength(4)
  })

  it('lets the connection go where a password never comes', async () => {
    const wire = wireOn(await secured(stack))
    wire.raw(encodeStartup({ kind: 'startupMessage', minor: 0, parameters: [['user', emailOf('alice')]] }))
    await wire.read('authenticationCleartextPassword')
    wire.send(query('SELECT 1'))
    expect(errorOf(await wire.rest())).toMatchObject({ C: '08P01' })
  })
})

describe('CancelRequest', () => {
  const SLOW = 'SELECT count(*) FROM generate_series(1, 100000000000)'

  async function running(count: number): Promise<void> {
    const watch = await stack.direct()
    const text = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query = '${SLOW}'`
    await vi.waitFor(async () => expect((await watch.query(text)).rows).toEqual([{ n: count }]), { timeout: 15_000 })
    await watch.end()
  }

  async function cancel(pid: number, key: Uint8Array): Promise<void> {
    const socket = await plain(stack.proxy.postgresPort)
    socket.write(encodeStartup({ kind: 'cancelRequest', pid, key }))
    expect(await oneByte(socket)).toBeNull()
  }

  it.each([0, 2])('with the key of protocol 3.%i cancels, with another key nothing', async (minor) => {
    const { wire, greeting } = await wireLogin(stack, 'carol', { minor })
    const { pid, key } = cancelKeyOf(greeting)
    wire.send(query(SLOW))
    await running(1)
    const wrong = Uint8Array.from(key, (byte, at) => (at === 0 ? byte ^ 1 : byte))
    await cancel(pid, wrong)
    await cancel(pid + 1, key)
    await cancel(
      pid,
      key.subarray(0, 4).map((byte) => byte ^ 0xff),
    )
    await running(1)
    await cancel(pid, key)
    expect(errorOf(await wire.read('readyForQuery'))).toMatchObject({ C: '57014' })
    await inStep(wire)
    await running(0)
    wire.end()
  })

  it('inside TLS cancels too', async () => {
    const { wire, greeting } = await wireLogin(stack, 'carol', { minor: 2 })
    wire.send(query(SLOW))
    await running(1)
    const socket = await secured(stack)
    socket.write(encodeStartup({ kind: 'cancelRequest', ...pick(cancelKeyOf(greeting)) }))
    expect(errorOf(await wire.read('readyForQuery'))).toMatchObject({ C: '57014' })
    socket.destroy()
    wire.end()
  })

  it("has keys of the proxy's own: the database's process id is no part of them", async () => {
    const { wire, greeting } = await wireLogin(stack, 'carol')
    const [[upstream]] = cellsOf(await wire.ask(query('SELECT pg_backend_pid()'))) as [[string]]
    expect(String(cancelKeyOf(greeting).pid)).not.toBe(upstream)
    wire.end()
  })
})

function pick({ pid, key }: { readonly pid: number; readonly key: Uint8Array }) {
  return { pid, key }
}

describe('extended queries', () => {
  it('are pipelined: answers in order, an error skips to its Sync only', async () => {
    const wire = await wireOf(stack, 'alice')
    wire.send(
      parse('SELECT name FROM club.boats WHERE id = 1'),
      bind(),
      execute(),
      sync,
      parse('SELECT code FROM club.safes'),
      bind(),
      execute(),
      parse('SELECT 1'),
      bind(),
      execute(),
      sync,
      parse('SELECT phone FROM club.members WHERE id = $1'),
      bind('', ['2']),
      describePortal,
      execute(),
      sync,
    )
    const first = await wire.read('readyForQuery')
    expect(kindsOf(first)).toEqual(['parseComplete', 'bindComplete', 'dataRow', 'commandComplete', 'readyForQuery'])
    const second = await wire.read('readyForQuery')
    expect(kindsOf(second)).toEqual(['errorResponse', 'readyForQuery'])
    expect(errorOf(second)).toMatchObject({ C: '42501', M: expect.stringContaining('SP-SCOPE') })
    const third = await wire.read('readyForQuery')
    expect(kindsOf(third)).toEqual([
      'parseComplete',
      'bindComplete',
      'rowDescription',
      'dataRow',
      'commandComplete',
      'readyForQuery',
    ])
    expect(cellsOf(third)).toEqual([['***********222']])
    await inStep(wire)
    wire.end()
  })

  it('suspend a portal and go on with it, masked all the way', async () => {
    const wire = await wireOf(stack, 'alice')
    const text = 'SELECT phone FROM ONLY club.members ORDER BY id'
    const first = await wire.ask(
      parse(text),
      bind('', [], { portal: 'p' }),
      execute(2, 'p'),
      { kind: 'flush' },
      execute(2, 'p'),
      sync,
    )
    expect(kindsOf(first)).toEqual([
      'parseComplete',
      'bindComplete',
      'dataRow',
      'dataRow',
      'portalSuspended',
      'dataRow',
      'commandComplete',
      'readyForQuery',
    ])
    expect(cellsOf(first)).toEqual([['***********111'], ['***********222'], ['***********333']])
    wire.end()
  })

  it('suspend a portal inside a transaction, over several Syncs', async () => {
    const wire = await wireOf(stack, 'alice')
    await wire.ask(query('BEGIN'))
    const start = await wire.ask(
      parse('SELECT id, email FROM ONLY club.members ORDER BY id', 's'),
      bind('s', [], { portal: 'p' }),
      execute(1, 'p'),
      sync,
    )
    expect([cellsOf(start), statusOf(start)]).toEqual([[['1', 'C***@***.invalid']], 'T'])
    expect(cellsOf(await wire.ask(execute(1, 'p'), sync))).toEqual([['2', 'C***@***.invalid']])
    expect(cellsOf(await wire.ask(execute(0, 'p'), sync))).toEqual([['3', 'C***@***.invalid']])
    expect(statusOf(await wire.ask(query('COMMIT')))).toBe('I')
    const gone = await wire.ask(execute(1, 'p'), sync)
    expect(errorOf(gone)).toMatchObject({ C: '34000' })
    await inStep(wire)
    wire.end()
  })

  it('answer Describe and Flush without Sync', async () => {
    const wire = await wireOf(stack, 'alice')
    wire.send(
      parse('SELECT phone FROM club.members WHERE id = $1'),
      { kind: 'describe', target: 'statement', name: '' },
      { kind: 'flush' },
    )
    expect(kindsOf(await wire.read('rowDescription'))).toEqual([
      'parseComplete',
      'parameterDescription',
      'rowDescription',
    ])
    wire.send(bind('', ['1'], { binary: true }), execute(), { kind: 'flush' })
    expect(cellsOf(await wire.read('commandComplete'))).toEqual([['***********111']])
    expect(statusOf(await wire.ask(sync))).toBe('I')
    wire.end()
  })

  it('name what does not exist as the database does', async () => {
    const wire = await wireOf(stack, 'alice')
    expect(errorOf(await wire.ask(bind('nowhere'), execute(), sync))).toMatchObject({ C: '26000' })
    expect(errorOf(await wire.ask(execute(0, 'nowhere'), sync))).toMatchObject({ C: '34000' })
    await inStep(wire)
    wire.end()
  })

  it('live until they are closed', async () => {
    const wire = await wireOf(stack, 'alice')
    await wire.ask(parse('SELECT 1', 's'), sync)
    await wire.ask({ kind: 'close', target: 'statement', name: 's' }, sync)
    expect(errorOf(await wire.ask(bind('s'), execute(), sync))).toMatchObject({ C: '26000' })
    await wire.ask(parse('SELECT 2', 's'), sync)
    expect(errorOf(await wire.ask(parse('SELECT 3', 's'), sync))).toMatchObject({ C: '42P05' })
    expect(cellsOf(await wire.ask(bind('s'), execute(), sync))).toEqual([['2']])
    wire.end()
  })
})

describe('a refusal in a transaction', () => {
  it('is told with the true status: E until ROLLBACK', async () => {
    const wire = await wireOf(stack, 'alice')
    expect(statusOf(await wire.ask(query('BEGIN')))).toBe('T')
    const refused = await wire.ask(query('SELECT code FROM club.safes'))
    expect([errorOf(refused).C, statusOf(refused)]).toEqual(['42501', 'E'])
    expect(statusOf(await wire.ask(query('SELECT 1')))).toBe('E')
    const end = await wire.ask(query('COMMIT'))
    expect(end.find(({ kind }) => kind === 'commandComplete')).toMatchObject({ tag: 'ROLLBACK' })
    expect(statusOf(end)).toBe('I')
    wire.end()
  })
})

describe('what is not offered', () => {
  it.each(['COPY club.boats TO STDOUT', 'COPY club.drafts FROM STDIN', 'COPY (SELECT 1) TO STDOUT (FORMAT binary)'])(
    '%s is refused and the session stays in step',
    async (text) => {
      const wire = await wireOf(stack, 'alice')
      const refused = await wire.ask(query(text))
      expect(kindsOf(refused)).toEqual(['errorResponse', 'readyForQuery'])
      wire.send({ kind: 'copyData', data: Uint8Array.of(1) }, { kind: 'copyDone' }, {
        kind: 'copyFail',
        reason: 'no',
      } as never)
      await inStep(wire)
      wire.end()
    },
  )

  it('COPY by the extended protocol is refused too', async () => {
    const wire = await wireOf(stack, 'alice')
    const refused = await wire.ask(parse('COPY club.boats TO STDOUT'), bind(), execute(), sync)
    expect(kindsOf(refused)).toEqual(['errorResponse', 'readyForQuery'])
    expect(errorOf(refused).M).toMatch(/SP-EXPORT/)
    await inStep(wire)
    wire.end()
  })

  it('COPY TO of an unrestricted person without exports is refused as well: the session stays in step', async () => {
    const wire = await wireOf(stack, 'carol')
    for (const text of ['COPY club.boats TO STDOUT', 'SELECT 1; COPY club.boats TO STDOUT']) {
      const refused = await wire.ask(query(text))
      expect(kindsOf(refused)).toEqual(['errorResponse', 'readyForQuery'])
      await inStep(wire)
    }
    wire.end()
  })

  it('FunctionCall is refused, recorded, and the session stays in step', async () => {
    const from = auditOf(stack).length
    const wire = await wireOf(stack, 'alice')
    wire.send({ kind: 'functionCall', functionOid: 1598, argumentFormats: [], values: [], resultFormat: 0 })
    const refused = await wire.read('readyForQuery')
    expect(kindsOf(refused)).toEqual(['errorResponse', 'readyForQuery'])
    expect(errorOf(refused)).toMatchObject({ C: '0A000' })
    await recordAfter(stack, from, isRefusal('SP-UNSUPPORTED'))
    await inStep(wire)
    wire.end()
  })

  it.each([
    ['an unknown message', Uint8Array.of(0x21, 0, 0, 0, 4)],
    ['a length that can not be', Uint8Array.of(0x51, 0, 0, 0, 3)],
    ['a query that holds more than one text', Uint8Array.of(0x51, 0, 0, 0, 8, 0x31, 0, 0x32, 0)],
    ['a text that is not UTF-8', Uint8Array.of(0x51, 0, 0, 0, 6, 0xff, 0)],
    ['a password after the login', Uint8Array.of(0x70, 0, 0, 0, 6, 0x31, 0)],
  ])('%s ends the session with an error, and no other session', async (_what, bytes) => {
    const other = await wireOf(stack, 'alice')
    const wire = await wireOf(stack, 'alice')
    wire.raw(bytes)
    expect(errorOf(await wire.rest())).toMatchObject({ S: 'FATAL', C: '08P01' })
    await inStep(other)
    other.end()
  })

  it('an empty query is answered as the database does', async () => {
    const wire = await wireOf(stack, 'alice')
    expect(kindsOf(await wire.ask(query('')))).toEqual(['emptyQueryResponse', 'readyForQuery'])
    expect(kindsOf(await wire.ask(query(' -- nothing\n')))).toEqual(['emptyQueryResponse', 'readyForQuery'])
    expect(kindsOf(await wire.ask(parse(''), bind(), execute(), sync))).toEqual([
      'parseComplete',
      'bindComplete',
      'emptyQueryResponse',
      'readyForQuery',
    ])
    wire.end()
  })
})

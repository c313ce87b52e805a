import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientMessage, encodeClient } from '../../../src/wire/postgres/client.ts'
import { encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { emailOf, type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, HIDDEN } from './club.ts'
import {
  bind,
  cellsOf,
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

/** Clients that are slow, that are gone, that never read, and what became known of other poolers and proxies. */

const AUTH_DEADLINE_MS = 1_500
const MB = 1024 * 1024

let stack: PostgresStack

beforeAll(async () => {
  const node = { limits: { authDeadline: `${AUTH_DEADLINE_MS}ms` } }
  stack = await startPostgresStack({
    setupSql: CLUB_SQL,
    roles: CLUB_ROLES,
    masking: HIDDEN,
    grants: usualGrants,
    node,
  })
})
afterAll(() => stack?.stop())

async function works(): Promise<void> {
  const wire = await wireOf(stack, 'alice')
  expect(cellsOf(await wire.ask(query('SELECT 41 + 1')))).toEqual([['42']])
  wire.end()
}

const startup = (user: string, more: Readonly<Record<string, string>> = {}) =>
  encodeStartup({
    kind: 'startupMessage',
    minor: 0,
    parameters: Object.entries({ user, database: 'postgres', ...more }),
  })

/** Milliseconds until the other side closed. */
async function closedAfter(socket: Socket): Promise<number> {
  const began = performance.now()
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
  return performance.now() - began
}

describe('one deadline holds from accept to login (GHSA-89p3-4642-cr2w)', () => {
  const STAGES: Readonly<Record<string, () => Promise<Socket>>> = {
    'before a byte': () => plain(stack.proxy.postgresPort),
    'in half an SSLRequest': async () => {
      const socket = await plain(stack.proxy.postgresPort)
      socket.write(encodeStartup({ kind: 'sslRequest' }).subarray(0, 5))
      return socket
    },
    'after SSLRequest': async () => {
      const socket = await plain(stack.proxy.postgresPort)
      socket.write(encodeStartup({ kind: 'sslRequest' }))
      expect(await oneByte(socket)).toBe('S')
      return socket
    },
    'inside TLS': () => secured(stack),
    'in half a startup message': async () => {
      const socket = await secured(stack)
      socket.write(startup(emailOf('alice')).subarray(0, 20))
      return socket
    },
    'where a password is asked for': async () => {
      const socket = await secured(stack)
      socket.write(startup(emailOf('alice')))
      return socket
    },
  }

  it.each(Object.entries(STAGES))('%s', async (_stage, reach) => {
    const socket = await reach()
    socket.on('error', () => undefined)
    expect(await closedAfter(socket)).toBeLessThan(AUTH_DEADLINE_MS + 1_000)
  })

  it('also for one byte at a time', async () => {
    const socket = await secured(stack)
    socket.on('error', () => undefined)
    const bytes = startup(emailOf('alice'), { application_name: 'x'.repeat(90) })
    let at = 0
    const timer = setInterval(() => socket.write(bytes.subarray(at, ++at)), 100)
    const waited = await closedAfter(socket)
    clearInterval(timer)
    expect(waited).toBeLessThan(AUTH_DEADLINE_MS + 1_000)
    await works()
  })
})

describe('bytes in clear ahead of TLS are never read as if they came inside', () => {
  it.each([
    ['a startup message, CVE-2021-3935', () => startup('mallory')],
    [
      'a startup message and a query, CVE-2021-43766',
      () => Buffer.concat([startup(emailOf('alice')), encodeClient(query('SELECT 1'))]),
    ],
    [
      'a password, CVE-2021-23214',
      () => encodeClient({ kind: 'passwordMessage', password: new Uint8Array(20).fill(0x78) }),
    ],
    ['a single byte, CVE-2021-23222', () => Uint8Array.of(0)],
  ])('%s', async (_what, early) => {
    const socket = await plain(stack.proxy.postgresPort)
    socket.write(Buffer.concat([encodeStartup({ kind: 'sslRequest' }), early()]))
    const wire = wireOn(socket)
    expect(errorOf(await wire.rest())).toMatchObject({ C: '08P01' })
  })

  it('also where they follow the answer, CVE-2021-43767', async () => {
    const socket = await plain(stack.proxy.postgresPort)
    socket.on('error', () => undefined)
    socket.write(encodeStartup({ kind: 'sslRequest' }))
    expect(await oneByte(socket)).toBe('S')
    socket.write(startup('mallory'))
    await closedAfter(socket)
    await works()
  })
})

describe('lengths', () => {
  const framed = (type: string, length: number, body: Uint8Array = new Uint8Array(0)) => {
    const head = Buffer.alloc(5)
    head.write(type, 'latin1')
    head.writeInt32BE(length | 0, 1)
    return Buffer.concat([head, body])
  }

  it.each([
    ['two gigabytes', 0x7fff_ffff],
    ['all bits', 0xffff_ffff],
    ['the sign bit', 0x8000_0000],
    ['three', 3],
  ])('of a query: %s, CVE-2024-27304', async (_what, length) => {
    const wire = await wireOf(stack, 'alice')
    wire.raw(framed('Q', length, Buffer.from('SELECT email FROM club.members\0')))
    expect(errorOf(await wire.rest())).toMatchObject({ S: 'FATAL', C: '08P01' })
    await works()
  })

  it.each([0x7fff_ffff, 0xffff_ffff, 4 << 16, 3])('of a password: %i, CVE-2026-6664', async (length) => {
    const wire = wireOn(await secured(stack))
    wire.raw(startup(emailOf('alice')))
    await wire.read('authenticationCleartextPassword')
    wire.raw(framed('p', length, Buffer.from('x\0')))
    expect(errorOf(await wire.rest())).toMatchObject({ S: 'FATAL' })
    await works()
  })

  it.each([0, 3, 7, 10_001, 0x7fff_ffff, 0xffff_ffff])('of a startup packet: %i', async (length) => {
    const wire = wireOn(await secured(stack))
    const bytes = Buffer.from(startup(emailOf('alice')))
    bytes.writeInt32BE(length | 0, 0)
    wire.raw(bytes)
    expect(kindsOf(await wire.rest())).not.toContain('authenticationCleartextPassword')
    await works()
  })

  it('inside of a Bind: counts that its bytes do not hold', async () => {
    for (const body of [
      '\0\0\x7f\xff',
      '\0\0\0\0\xff\xff',
      '\0\0\0\0\0\x01\x7f\xff\xff\xff',
      '\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0',
    ]) {
      const wire = await wireOf(stack, 'alice')
      wire.raw(framed('B', body.length + 4, Buffer.from(body, 'latin1')))
      expect(errorOf(await wire.rest())).toMatchObject({ S: 'FATAL', C: '08P01' })
    }
  })
})

describe('names from the client are data', () => {
  it.each([
    ['postgres host=203.0.113.1 user=postgres', 'CVE-2021-41395'],
    ["postgres'; DROP SCHEMA club; --", 'CVE-2021-41395'],
    ['', 'a database by default'],
    ['template1', 'another database'],
  ])('a database called %j opens nothing else (%s)', async (database) => {
    const { greeting } = await wireLogin(stack, 'alice', { parameters: { database } })
    if (statusOf(greeting) === null) return expect(errorOf(greeting).S).toBe('FATAL')
    const wire = await wireOf(stack, 'alice', { parameters: { database } })
    expect(cellsOf(await wire.ask(query('SELECT current_database()')))).toEqual([['postgres']])
  })

  it.each([
    'pg_temp, club',
    'club, pg_catalog',
    "club'; SET ROLE postgres; --",
    '"club", "$user", public; DROP TABLE club.boats',
  ])('a search_path of %j reaches no query of the proxy, CVE-2025-12819', async (search_path) => {
    const { greeting } = await wireLogin(stack, 'alice', { parameters: { search_path } })
    expect(errorOf(greeting)).toMatchObject({ S: 'FATAL', M: expect.stringContaining('SP-') })
    await works()
  })

  it('a token that has expired opens nothing, CVE-2025-2291', async () => {
    const wire = wireOn(await secured(stack))
    wire.raw(startup(emailOf('alice')))
    await wire.read('authenticationCleartextPassword')
    const token = await stack.token('alice', { expiresIn: -60 })
    wire.send({ kind: 'passwordMessage', password: new TextEncoder().encode(token) })
    expect(errorOf(await wire.rest())).toMatchObject({ S: 'FATAL', C: '28P01' })
  })

  it("one person's token under another's name opens nothing, GHSA-868r-97g5-r9g4", async () => {
    const wire = wireOn(await secured(stack))
    wire.raw(startup(emailOf('carol')))
    await wire.read('authenticationCleartextPassword')
    wire.send({ kind: 'passwordMessage', password: new TextEncoder().encode(await stack.token('alice')) })
    const answer = await wire.read('readyForQuery', 'errorResponse')
    expect(errorOf(answer)).toMatchObject({ S: 'FATAL' })
  })
})

describe('a peer that does not read', () => {
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${stack.proxy.pid}/status`, 'utf8'))?.[1]) / 1024
  const WIDE = `SELECT repeat('x', 8000) FROM generate_series(1, 40000)`

  it('holds the server up, not the memory, and others go on', async () => {
    await works()
    const before = rss()
    const wire = await wireOf(stack, 'alice')
    wire.socket.pause()
    wire.send(query(WIDE))
    for (let second = 0; second < 4; second++) await works()
    expect(rss() - before).toBeLessThan(120)
    wire.end()
  })

  it('of errors: what it sends waits, and the session ends with its connection', async () => {
    const before = rss()
    const wire = await wireOf(stack, 'alice')
    wire.socket.pause()
    const refused = Buffer.concat(Array.from({ length: 4_000 }, () => encodeClient(query('DROP TABLE club.boats'))))
    for (let sent = 0; sent < 40 * MB && wire.socket.writableLength < 8 * MB; sent += refused.length) wire.raw(refused)
    for (let second = 0; second < 3; second++) await works()
    expect(rss() - before).toBeLessThan(200)
    wire.end()
    await works()
  })

  it.each([
    ['closes its half', (wire: Wire) => wire.socket.end()],
    ['is gone', (wire: Wire) => wire.socket.destroy()],
    ['says goodbye', (wire: Wire) => wire.send({ kind: 'terminate' })],
  ])('while its statement runs, and %s: the statement ends in the database', async (_how, leave) => {
    const wire = await wireOf(stack, 'carol')
    wire.send(query('SELECT pg_sleep(30) AS left_behind'))
    const direct = await stack.direct()
    const running = async () => {
      const { rowCount } = await direct.query(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%left_behind%' AND pid <> pg_backend_pid() AND state = 'active'`,
      )
      return rowCount
    }
    await expect.poll(running, { timeout: 5_000 }).toBe(1)
    leave(wire)
    await expect.poll(running, { timeout: 5_000 }).toBe(0)
    await direct.end()
  })
})

const ORDERS: readonly (readonly [string, readonly ClientMessage[]])[] = [
  ['Sync in a storm', Array.from({ length: 500 }, () => sync)],
  ['Flush in a storm', [...Array.from({ length: 500 }, () => ({ kind: 'flush' }) as const), sync]],
  ['Execute ahead of Bind', [execute(0, 'p'), bind('s', [], { portal: 'p' }), sync]],
  [
    'COPY messages without a COPY',
    [{ kind: 'copyData', data: new Uint8Array(9) } as const, { kind: 'copyDone' } as const, sync],
  ],
  ['Parse without an end, then a query', [parse('SELECT email FROM club.members'), query('SELECT 1')]],
]

describe('messages out of order', () => {
  it.each(ORDERS)('%s: the session stays in step or ends', async (_what, messages) => {
    const wire = await wireOf(stack, 'alice')
    wire.send(...messages)
    const ends = messages.filter(({ kind }) => kind === 'sync' || kind === 'query').length
    for (let end = 0; end < ends; end++) await wire.read('readyForQuery')
    expect(cellsOf(await wire.ask(query('SELECT 41 + 1')))).toEqual([['42']])
    wire.end()
  })

  it.each([
    ['a password after the login', { kind: 'passwordMessage', password: new Uint8Array(4).fill(0x78) } as const],
  ])('%s ends it', async (_what, message) => {
    const wire = await wireOf(stack, 'alice')
    wire.send(message)
    expect(errorOf(await wire.rest())).toMatchObject({ S: 'FATAL', C: '08P01' })
  })

  it('messages cut at every byte are the same messages', async () => {
    const wire = await wireOf(stack, 'alice')
    const bytes = Buffer.concat(
      [parse('SELECT name FROM club.boats WHERE id = $1'), bind('', ['2']), execute(), sync].map(encodeClient),
    )
    for (const byte of bytes) {
      await new Promise<void>((done) => wire.socket.write(Uint8Array.of(byte), () => done()))
    }
    expect(cellsOf(await wire.read('readyForQuery'))).toEqual([['Beta']])
    wire.end()
  })
})

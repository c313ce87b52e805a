import { once } from 'node:events'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Target } from '../../src/session/ports.ts'
import { relationKey } from '../../src/sql/catalog.ts'
import { createCatalogs } from '../../src/upstream/catalogs.ts'
import { createFormerNames } from '../../src/upstream/former_names.ts'
import { readPostgresCatalog } from '../../src/upstream/postgres_catalog.ts'
import { cancelPostgres, loginPostgres } from '../../src/upstream/postgres_login.ts'
import { tlsEndPoint } from '../../src/upstream/tls_end_point.ts'
import { startPostgres } from '../servers/postgres.ts'
import { DEFAULT_POSTGRES } from '../servers/postgres_major.ts'
import type { DatabaseServer } from '../servers/process.ts'
import { liveTarget, NO_TLS } from './target.ts'

const startup = {
  database: 'postgres',
  parameters: [['client_encoding', 'UTF8']],
  applicationName: 'sallyport:1',
} as const

let server: DatabaseServer
let target: Target

beforeAll(async () => {
  server = await startPostgres({
    setupSql: ['CREATE TABLE public.watched (a int)'],
    settings: [`ssl_min_protocol_version = 'TLSv1.2'`],
  })
  target = liveTarget('postgres', server)
}, 120_000)

afterAll(() => server?.stop(), 60_000)

function login(at: Target = target, credential = at.admin) {
  return loginPostgres(at, credential, startup)
}

/** Sends one simple query and gives what the server says until it is ready, as Latin-1. */
async function query(socket: Socket, text: string): Promise<string> {
  const body = Buffer.from(`${text}\0`)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  socket.write(Buffer.concat([Buffer.from('Q'), length, body]))
  let answer = ''
  socket.resume()
  const ready = ['I', 'T', 'E'].map((status) => `Z\0\0\0\x05${status}`)
  while (!ready.some((message) => answer.endsWith(message)))
    answer += (await once(socket, 'data'))[0].toString('latin1')
  return answer
}

describe('with a server that runs', () => {
  it('logs in over TLS, bound to its certificate, and in clear', async () => {
    const upstream = await login()
    expect(upstream.socket).toBeInstanceOf(TLSSocket)
    expect(tlsEndPoint(upstream.socket)).toHaveLength(32)
    expect(upstream).toMatchObject({ transactionStatus: 'I', protocolMinor: 0, rest: new Uint8Array(0) })
    expect(upstream.parameters.get('application_name')).toBe('sallyport:1')
    expect(await query(upstream.socket, 'SELECT pg_backend_pid()')).toContain(String(upstream.pid))
    upstream.socket.destroy()
    const clear = await login({ ...target, tls: NO_TLS })
    expect(clear.socket).not.toBeInstanceOf(TLSSocket)
    clear.socket.destroy()
  })

  it('tells a wrong password by its SQLSTATE', async () => {
    const refused = login(target, { user: 'postgres', password: 'wrong' })
    await expect(refused).rejects.toMatchObject({ code: 'SP-UPSTREAM', detail: expect.stringContaining('28P01') })
  })

  it('verifies what the mode says', async () => {
    const wrongName = { ...target.tls, serverName: 'db.example.test' }
    const noAuthority = { ...target.tls, ca: null }
    await expect(login({ ...target, tls: wrongName })).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
    await expect(login({ ...target, tls: noAuthority })).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
    await expect(login({ ...target, tls: { ...noAuthority, mode: 'verify-ca' } })).rejects.toMatchObject({
      code: 'SP-UPSTREAM',
    })
    for (const tls of [
      { ...wrongName, mode: 'verify-ca' },
      { ...noAuthority, mode: 'require' },
      { ...target.tls, serverName: null },
    ] as const) {
      const upstream = await login({ ...target, tls })
      upstream.socket.destroy()
    }
  })

  it('reads the catalog under the same modes', async () => {
    for (const tls of [{ ...target.tls, serverName: null }, { ...target.tls, mode: 'verify-ca' }, NO_TLS] as const) {
      await expect(readPostgresCatalog({ ...target, tls }, 'postgres')).resolves.toMatchObject({
        major: DEFAULT_POSTGRES,
      })
    }
    const wrongName = { ...target.tls, serverName: 'db.example.test' }
    await expect(readPostgresCatalog({ ...target, tls: wrongName }, 'postgres')).rejects.toMatchObject({
      code: 'SP-UPSTREAM',
    })
  })

  it('cancels what a session runs', async () => {
    const upstream = await login()
    const slow = query(upstream.socket, 'SELECT pg_sleep(30)')
    await cancelUntil(upstream, slow)
    expect(await slow).toContain('57014')
    upstream.socket.destroy()
  })

  it('sees a change within a poll, and at once after invalidate', async () => {
    const clock = { now: () => Date.now(), monotonic: () => performance.now() }
    const live = createCatalogs({
      targets: [{ ...target, catalogPollMs: 100 }],
      clock,
      formerNames: createFormerNames(null),
    })
    const columns = () =>
      live.current(target.name, 'postgres')?.relations.get(relationKey('public', 'watched'))?.columns
    await live.ensure(target, 'postgres')
    expect(columns()).toHaveLength(1)
    const changed = Promise.withResolvers<void>()
    live.onChange(() => changed.resolve())
    const client = new pg.Client({ ...server, ssl: { ca: server.ca } })
    await client.connect()
    await client.query('ALTER TABLE public.watched ADD b int')
    await changed.promise
    expect(columns()).toHaveLength(2)
    await client.query('ALTER TABLE public.watched ADD c int')
    live.invalidate(target.name, 'DDL')
    expect(columns()).toBeUndefined()
    await live.ensure(target, 'postgres')
    expect(columns()).toHaveLength(3)
    await client.end()
    live.close()
  })
})

/** A cancel that arrives before its statement began does nothing: it is repeated until the statement ends. */
async function cancelUntil(upstream: { pid: number; secretKey: Uint8Array }, done: Promise<unknown>): Promise<void> {
  const ended = done.then(() => true)
  while (!(await Promise.race([ended, cancelPostgres(target, upstream.pid, upstream.secretKey).then(() => false)])));
}

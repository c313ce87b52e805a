import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { readMysqlCatalog } from '../../src/upstream/mysql_catalog.ts'
import { postgresFingerprint, readPostgresCatalog } from '../../src/upstream/postgres_catalog.ts'
import { fakeServer } from './fake_server.ts'
import { targetOf } from './target.ts'

const READERS = [
  ['PostgreSQL catalog', (port: number) => readPostgresCatalog(targetOf({ engine: 'postgres', port }), 'shop')],
  ['PostgreSQL fingerprint', (port: number) => postgresFingerprint(targetOf({ engine: 'postgres', port }), 'shop')],
  ['MySQL catalog', (port: number) => readMysqlCatalog(targetOf({ engine: 'mysql', port }))],
] as const

/** A port that nobody listens on: it was just given back. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe.each(READERS)('%s', (_name, read) => {
  it('rejects when nobody listens', async () => {
    await expect(read(await closedPort())).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
  })

  it('rejects when the server closes at once', async () => {
    await using server = await fakeServer(async (peer) => void peer.socket.end())
    await expect(read(server.port)).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
  })

  it('rejects when the server resets the connection', async () => {
    await using server = await fakeServer(async (peer) => void peer.socket.resetAndDestroy())
    await expect(read(server.port)).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
  })

  it('rejects when the server talks nonsense and closes', async () => {
    await using server = await fakeServer(async (peer) => void peer.socket.end(Buffer.alloc(64, 0x2a)))
    await expect(read(server.port)).rejects.toMatchObject({ code: 'SP-UPSTREAM' })
  })
})

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { compressedStream } from '../../src/proxy/compressed_stream.ts'
import { compressionOf } from '../../src/proxy/compression.ts'
import { CAPABILITY } from '../../src/wire/mysql/capabilities.ts'
import { encodeFrames, FrameReader } from '../../src/wire/mysql/compressed.ts'

const LONG = Buffer.alloc(1000, 65)
const GREETING = Buffer.from('greeting')
const ALGORITHMS = [
  ['zlib', CAPABILITY.compress],
  ['zstd', CAPABILITY.zstd],
] as const

const open: (Socket | Duplex)[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.destroy()
})

/** The two ends of a loopback connection, the server's behind the stream. */
async function pair(flag: number) {
  const compression = compressionOf(flag, null)!
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  server.close()
  const stream = compressedStream(socket, { compression, farewell: (error) => Buffer.from(error.code) })
  stream.on('error', () => undefined)
  open.push(client, stream, socket)
  stream.write(GREETING)
  expect(await some(client, GREETING.length)).toEqual(GREETING)
  return { client, stream, compression }
}

async function some(from: Duplex, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    if (Buffer.concat(chunks).length >= bytes) break
  }
  return Buffer.concat(chunks)
}

describe.each(ALGORITHMS)('a connection under %s', (_name, flag) => {
  it('carries what is inside, and numbers an answer from its command on', async () => {
    const { client, stream, compression } = await pair(flag)
    for (const frame of encodeFrames(LONG, 0, compression)) client.write(frame)
    expect(await some(stream, LONG.length)).toEqual(LONG)
    stream.write(LONG)
    const [sized, reader] = [await some(client, 8), new FrameReader(compression)]
    reader.push(sized)
    expect(reader.next()).toEqual({ sequence: 1, content: LONG })
  })

  it('says why it ends on a frame that can not be opened', async () => {
    const { client, stream } = await pair(flag)
    stream.resume()
    client.write(Uint8Array.of(3, 0, 0, 0, 100, 0, 0, 1, 2, 3))
    expect((await some(client, 18)).toString()).toContain('SP-PROTOCOL')
    expect(stream.destroyed).toBe(true)
  })

  it('opens no more than its reader takes', async () => {
    const { client, stream, compression } = await pair(flag)
    const [bomb] = encodeFrames(new Uint8Array(8 << 20), 0, compression)
    for (let i = 0; i < 20; i++) client.write(bomb!)
    await once(stream, 'readable')
    expect(stream.readableLength).toBeLessThan(32 << 20)
  })

  it('ends when the client goes', async () => {
    const { client, stream } = await pair(flag)
    stream.resume()
    client.destroy()
    await once(stream, 'close')
    expect(stream.destroyed).toBe(true)
  })
})

describe('the algorithm', () => {
  it('is zlib where both are agreed, and none where neither is', () => {
    const both = compressionOf(CAPABILITY.compress | CAPABILITY.zstd, 3)!
    expect(both.compress(LONG)[0]).toBe(0x78)
    expect(compressionOf(0, null)).toBeNull()
  })

  it.each([0, 1, 22, 255])('takes zstd level %i, within what it can afford', (level) => {
    const zstd = compressionOf(CAPABILITY.zstd, level)!
    expect(Buffer.from(zstd.decompress(zstd.compress(LONG), LONG.length))).toEqual(LONG)
  })
})

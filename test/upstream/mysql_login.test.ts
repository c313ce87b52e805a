import { constants, createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { killMysql, loginMysql, type MysqlLoginOptions } from '../../src/upstream/mysql_login.ts'
import { CAPABILITY } from '../../src/wire/mysql/capabilities.ts'
import { fakeServer, type Peer } from './fake_server.ts'
import { targetOf } from './target.ts'

const PASSWORD = 'not-a-secret'
const credential = { user: 'carol', password: PASSWORD }
const options: MysqlLoginOptions = {
  clientCapabilities: CAPABILITY.deprecateEof | 0x80 | 0x20 | 0x100 | 0x2000000,
  database: 'shop',
  collation: 45,
  connectAttrs: [['program_name', 'sallyport']],
}
const NONCE = Buffer.from('abcdefghijklmnopqrst')
const OTHER_NONCE = Buffer.from('ABCDEFGHIJKLMNOPQRST')
const OK = Buffer.from([0, 0, 0, 0x02, 0x40, 0, 0])
const SERVER_CAPABILITIES = 0xffffffff

function packet(sequence: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  header[3] = sequence
  return Buffer.concat([header, payload])
}

function handshake(plugin: string, capabilities = SERVER_CAPABILITIES, version = '9.7.0'): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(4711)
  const low = Buffer.alloc(2)
  low.writeUInt16LE(capabilities & 0xffff)
  const high = Buffer.alloc(2)
  high.writeUInt16LE(capabilities >>> 16)
  return Buffer.concat([
    Buffer.from(`\x0a${version}\0`, 'latin1'),
    head,
    NONCE.subarray(0, 8),
    Buffer.from([0]),
    low,
    Buffer.from([255, 2, 0]),
    high,
    Buffer.from([21]),
    Buffer.alloc(10),
    NONCE.subarray(8),
    Buffer.from([0]),
    Buffer.from((capabilities & CAPABILITY.pluginAuth) === 0 ? '' : `${plugin}\0`),
  ])
}

function error(errno: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([0xff, errno & 0xff, errno >> 8]), Buffer.from(`#28000${text}`)])
}

function switchTo(plugin: string, nonce: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`\xfe${plugin}\0`, 'latin1'), nonce, Buffer.from([0])])
}

async function payloadOf(peer: Peer): Promise<Buffer> {
  const header = Buffer.from(await peer.take(4))
  return Buffer.from(await peer.take(header.readUIntLE(0, 3)))
}

/** The authentication data and the plugin's name of a HandshakeResponse41. */
function parseResponse(payload: Buffer) {
  const userEnd = payload.indexOf(0, 32)
  const answer = payload.subarray(userEnd + 2, userEnd + 2 + payload[userEnd + 1]!)
  const [database, plugin] = payload
    .subarray(userEnd + 2 + answer.length)
    .toString('latin1')
    .split('\0')
  return {
    capabilities: payload.readUInt32LE(0),
    collation: payload[8],
    user: payload.subarray(32, userEnd).toString(),
    answer,
    database,
    plugin,
  }
}

async function loginTo(plugin: string, script: (peer: Peer, response: Buffer) => Promise<void>) {
  await using server = await fakeServer(async (peer) => {
    peer.send(packet(0, handshake(plugin)))
    await script(peer, await payloadOf(peer))
  })
  const upstream = await loginMysql(targetOf({ engine: 'mysql', port: server.port }), credential, options)
  upstream.socket.destroy()
  return upstream
}

const refusal = (code: string) => expect.objectContaining({ code })

function sha2(nonce: Uint8Array): Buffer {
  const sum = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const once = sum(Buffer.from(PASSWORD))
  const mask = sum(sum(once), nonce)
  return Buffer.from(once.map((byte, i) => byte ^ mask[i]!))
}

function native(nonce: Uint8Array): Buffer {
  const sum = (...parts: Uint8Array[]) => createHash('sha1').update(Buffer.concat(parts)).digest()
  const once = sum(Buffer.from(PASSWORD))
  const mask = sum(nonce, sum(once))
  return Buffer.from(once.map((byte, i) => byte ^ mask[i]!))
}

describe('loginMysql', () => {
  it('answers caching_sha2_password, strips unsafe capabilities and keeps what follows OK', async () => {
    let response: ReturnType<typeof parseResponse> | undefined
    const upstream = await loginTo('caching_sha2_password', async (peer, payload) => {
      response = parseResponse(payload)
      peer.send(Buffer.concat([packet(2, Buffer.from([1, 3])), packet(3, OK), Buffer.from('more')]))
    })
    expect(response).toMatchObject({ user: 'carol', database: 'shop', plugin: 'caching_sha2_password', collation: 45 })
    expect(response?.answer).toEqual(sha2(NONCE))
    expect(response?.capabilities).toBe(upstream.capabilities)
    expect(upstream.capabilities & (0x20 | 0x4000000 | 0x100 | 0x2000000 | CAPABILITY.ssl)).toBe(0)
    expect(upstream.capabilities & CAPABILITY.deprecateEof).not.toBe(0)
    expect(upstream).toMatchObject({ connectionId: 4711, serverVersion: '9.7.0', status: 0x4002, collation: 45 })
    expect(Buffer.from(upstream.rest).toString()).toBe('more')
  })

  it('keeps what follows OK when packets come in pieces', async () => {
    const bytes = Buffer.concat([packet(2, Buffer.from([1, 3])), packet(3, OK), Buffer.from('more')])
    for (const at of [2, 6, 9, 16]) {
      const upstream = await loginTo('caching_sha2_password', async (peer) => {
        peer.send(bytes.subarray(0, at))
        await new Promise((resolve) => setImmediate(resolve))
        peer.send(bytes.subarray(at))
      })
      expect(Buffer.from(upstream.rest).toString()).toBe('more')
    }
  })

  it('answers mysql_native_password', async () => {
    await loginTo('mysql_native_password', async (peer, payload) => {
      const { answer, plugin } = parseResponse(payload)
      expect(plugin).toBe('mysql_native_password')
      peer.send(packet(2, answer.equals(native(NONCE)) ? OK : error(1045, '')))
    })
  })

  it('follows a switch, once', async () => {
    await loginTo('sha256_password', async (peer) => {
      peer.send(packet(2, switchTo('mysql_native_password', OTHER_NONCE)))
      const answer = await payloadOf(peer)
      peer.send(packet(4, answer.equals(native(OTHER_NONCE)) ? OK : error(1045, '')))
    })
    const twice = loginTo('caching_sha2_password', async (peer) => {
      peer.send(packet(2, switchTo('mysql_native_password', OTHER_NONCE)))
      await payloadOf(peer)
      peer.send(packet(4, switchTo('caching_sha2_password', OTHER_NONCE)))
    })
    await expect(twice).rejects.toEqual(refusal('SP-PROTOCOL'))
  })

  it('seals the password with the server’s key where there is no TLS', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await loginTo('caching_sha2_password', async (peer) => {
      peer.send(packet(2, Buffer.from([1, 4])))
      expect(await payloadOf(peer)).toEqual(Buffer.from([2]))
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
      peer.send(packet(4, Buffer.from(`\x01${pem}`)))
      const clear = privateDecrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING },
        await payloadOf(peer),
      )
      const password = Buffer.from(clear.map((byte, i) => byte ^ NONCE[i % NONCE.length]!))
      peer.send(packet(6, password.toString() === `${PASSWORD}\0` ? OK : error(1045, '')))
    })
  })

  it('gives the password in clear to nobody without TLS', async () => {
    const login = loginTo('caching_sha2_password', async (peer) => {
      peer.send(packet(2, switchTo('mysql_clear_password', OTHER_NONCE)))
    })
    await expect(login).rejects.toEqual(refusal('SP-UPSTREAM'))
  })

  it('tells a refusal by its number alone', async () => {
    const login = loginTo('caching_sha2_password', async (peer) => {
      peer.send(packet(2, error(1045, 'Access denied for carol')))
    })
    await expect(login).rejects.toMatchObject({
      code: 'SP-UPSTREAM',
      detail: 'the database refused the login (1045)',
    })
  })

  it.each<[string, Buffer, string]>([
    ['an error in place of the handshake', packet(0, Buffer.from([0xff, 0x10, 0x04])), 'SP-UPSTREAM'],
    ['an unknown protocol', packet(0, Buffer.from([9, 0])), 'SP-UNSUPPORTED'],
    ['a server without plugins', packet(0, handshake('mysql_native_password', 0xffff)), 'SP-UNSUPPORTED'],
    ['a login without a database', packet(0, handshake('x', SERVER_CAPABILITIES & ~0x8)), 'SP-UNSUPPORTED'],
    ['a handshake that ends early', packet(0, handshake('x').subarray(0, 20)), 'SP-PROTOCOL'],
    ['an empty packet', packet(0, Buffer.alloc(0)), 'SP-PROTOCOL'],
    ['a wrong sequence', packet(3, handshake('caching_sha2_password')), 'SP-PROTOCOL'],
    ['a packet too large', Buffer.from([0xff, 0xff, 0xff, 0]), 'SP-PROTOCOL'],
  ])('refuses %s', async (_name, bytes, code) => {
    await using server = await fakeServer(async (peer) => peer.send(bytes))
    const target = targetOf({ engine: 'mysql', port: server.port })
    await expect(loginMysql(target, credential, options)).rejects.toEqual(refusal(code))
  })

  it.each<[string, Buffer, string]>([
    ['an old switch', Buffer.from([0xfe]), 'SP-UNSUPPORTED'],
    ['an unknown plugin', switchTo('authentication_unknown', OTHER_NONCE), 'SP-UNSUPPORTED'],
    ['a short nonce', Buffer.from('\xfemysql_native_password\0abc', 'latin1'), 'SP-PROTOCOL'],
    ['an unknown request for more', Buffer.from([1, 9]), 'SP-PROTOCOL'],
    ['a truncated OK', Buffer.from([0, 0]), 'SP-PROTOCOL'],
    ['an unknown packet', Buffer.from([7, 7]), 'SP-UNSUPPORTED'],
  ])('refuses %s', async (_name, payload, code) => {
    const login = loginTo('caching_sha2_password', async (peer) => peer.send(packet(2, payload)))
    await expect(login).rejects.toEqual(refusal(code))
  })

  it('refuses a public key that is none', async () => {
    const login = loginTo('caching_sha2_password', async (peer) => {
      peer.send(packet(2, Buffer.from([1, 4])))
      await payloadOf(peer)
      peer.send(packet(4, Buffer.from('\x01no key')))
    })
    await expect(login).rejects.toEqual(refusal('SP-PROTOCOL'))
  })

  it('refuses a server without TLS, and bytes before TLS', async () => {
    const tls = { mode: 'require', ca: null, serverName: null } as const
    for (const [bytes, code] of [
      [packet(0, handshake('caching_sha2_password', SERVER_CAPABILITIES & ~CAPABILITY.ssl)), 'SP-UPSTREAM'],
      [Buffer.concat([packet(0, handshake('caching_sha2_password')), Buffer.from('x')]), 'SP-PROTOCOL'],
    ] as const) {
      await using server = await fakeServer(async (peer) => peer.send(bytes))
      const target = targetOf({ engine: 'mysql', port: server.port, tls })
      await expect(loginMysql(target, credential, options)).rejects.toEqual(refusal(code))
    }
  })

  it('refuses a collation that the packet has no room for', async () => {
    await using server = await fakeServer(async (peer) => peer.send(packet(0, handshake('caching_sha2_password'))))
    const target = targetOf({ engine: 'mysql', port: server.port })
    const login = loginMysql(target, credential, { ...options, collation: 309 })
    await expect(login).rejects.toEqual(refusal('SP-UNSUPPORTED'))
  })

  it('sends MariaDB no collation that it would take for its default', async () => {
    let sent = 0
    await using server = await fakeServer(async (peer) => {
      peer.send(packet(0, handshake('mysql_native_password', SERVER_CAPABILITIES, '5.5.5-10.11.19-MariaDB')))
      sent = parseResponse(await payloadOf(peer)).collation ?? 0
      peer.send(packet(2, OK))
    })
    const target = targetOf({ engine: 'mysql', port: server.port })
    const upstream = await loginMysql(target, credential, { ...options, collation: 255 })
    upstream.socket.destroy()
    expect([sent, upstream.collation]).toEqual([45, 45])
    await expect(loginMysql(target, credential, { ...options, collation: 248 })).rejects.toEqual(
      refusal('SP-UNSUPPORTED'),
    )
  })

  it('never hangs or crashes on bytes of any kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.boolean(), async (junk, framed) => {
        const login = loginTo('caching_sha2_password', async (peer) => {
          peer.socket.end(framed ? packet(2, junk) : junk)
        })
        // A first byte 0 may well be an OK packet.
        const outcome = await login.then(
          () => 'OK',
          (error: unknown) => (error as { code: string }).code,
        )
        expect(outcome).toMatch(/^(OK|SP-UPSTREAM|SP-PROTOCOL|SP-UNSUPPORTED)$/)
      }),
      { numRuns: 60 },
    )
  })
})

describe('killMysql', () => {
  async function kill(queryOnly: boolean, answer: Buffer): Promise<string> {
    let text = ''
    await using server = await fakeServer(async (peer) => {
      peer.send(packet(0, handshake('caching_sha2_password')))
      await payloadOf(peer)
      peer.send(packet(2, OK))
      text = (await payloadOf(peer)).toString('latin1')
      peer.send(packet(1, answer))
    })
    await killMysql(targetOf({ engine: 'mysql', port: server.port }), credential, 42, queryOnly)
    return text
  }

  it('ends a statement or a session', async () => {
    expect(await kill(true, OK)).toBe('\x03KILL QUERY 42')
    expect(await kill(false, OK)).toBe('\x03KILL CONNECTION 42')
  })

  it('takes a session that is gone as done, and tells any other error', async () => {
    await kill(false, error(1094, 'Unknown thread id'))
    await expect(kill(false, error(1095, 'not owner'))).rejects.toEqual(refusal('SP-UPSTREAM'))
  })

  it('takes no id that is no number', async () => {
    const target = targetOf({ engine: 'mysql', port: 1 })
    await expect(killMysql(target, credential, Number.NaN, true)).rejects.toEqual(refusal('SP-INTERNAL'))
  })
})

import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cancelPostgres, loginPostgres, type PostgresStartup } from '../../src/upstream/postgres_login.ts'
import { md5Password } from '../../src/wire/postgres/auth/md5.ts'
import { encodeServer, type ServerMessage } from '../../src/wire/postgres/server.ts'
import { fakeServer, type Peer } from './fake_server.ts'
import { targetOf } from './target.ts'

const credential = { user: 'carol', password: 'not-a-secret' }
const startup: PostgresStartup = {
  database: 'shop',
  parameters: [['client_encoding', 'UTF8']],
  applicationName: 'sallyport:1',
}
const OK: ServerMessage = { kind: 'authenticationOk' }
const KEY: ServerMessage = { kind: 'backendKeyData', pid: 7, key: new Uint8Array([1, 2, 3, 4]) }
const READY: ServerMessage = { kind: 'readyForQuery', status: 'I' }
const VERSION: ServerMessage = { kind: 'parameterStatus', name: 'server_version', value: '18.4' }
const NOTICE: ServerMessage = { kind: 'noticeResponse', fields: [['M', 'hello']] }

function bytes(...messages: ServerMessage[]): Uint8Array {
  return Buffer.concat(messages.map((message) => encodeServer(message)))
}

async function startupText(peer: Peer): Promise<string> {
  const length = new DataView((await peer.take(4)).slice().buffer).getInt32(0)
  return Buffer.from(await peer.take(length - 4)).toString('latin1')
}

/** The body of the client's next authentication message. */
async function answer(peer: Peer): Promise<Buffer> {
  const header = Buffer.from(await peer.take(5))
  return Buffer.from(await peer.take(header.readInt32BE(1) - 4))
}

async function loginTo(script: (peer: Peer) => Promise<void>) {
  await using server = await fakeServer(async (peer) => {
    await startupText(peer)
    await script(peer)
  })
  const upstream = await loginPostgres(targetOf({ engine: 'postgres', port: server.port }), credential, startup)
  upstream.socket.destroy()
  return upstream
}

const refusal = (code: string) => expect.objectContaining({ code })

describe('loginPostgres', () => {
  it('announces user, database, application name and parameters, and keeps what follows ReadyForQuery', async () => {
    let text = ''
    await using server = await fakeServer(async (peer) => {
      text = await startupText(peer)
      peer.send(bytes(OK, VERSION, NOTICE, KEY, READY, NOTICE))
    })
    const upstream = await loginPostgres(targetOf({ engine: 'postgres', port: server.port }), credential, startup)
    upstream.socket.destroy()
    expect(text.slice(4).split('\0')).toEqual(
      'user carol database shop application_name sallyport:1 client_encoding UTF8'.split(' ').concat(['', '']),
    )
    expect(upstream).toMatchObject({ pid: 7, transactionStatus: 'I', protocolMinor: 0 })
    expect([...upstream.secretKey]).toEqual([1, 2, 3, 4])
    // The key is kept as long as the session, and must not keep what was read with it.
    expect(upstream.secretKey.buffer.byteLength).toBe(4)
    expect(upstream.parameters.get('server_version')).toBe('18.4')
    expect(Buffer.from(upstream.rest)).toEqual(Buffer.from(bytes(NOTICE)))
  })

  it('answers MD5 and a password in clear on the loopback', async () => {
    const salt = new Uint8Array([9, 8, 7, 6])
    await loginTo(async (peer) => {
      peer.send(bytes({ kind: 'authenticationMd5Password', salt }))
      expect((await answer(peer)).toString()).toBe(`${md5Password('carol', 'not-a-secret', salt)}\0`)
      peer.send(bytes(OK, KEY, READY))
    })
    await loginTo(async (peer) => {
      peer.send(bytes({ kind: 'authenticationCleartextPassword' }))
      expect((await answer(peer)).toString()).toBe('not-a-secret\0')
      peer.send(bytes(OK, KEY, READY))
    })
  })

  it('runs SCRAM-SHA-256 and checks that the server knows the password', async () => {
    await loginTo((peer) => scram(peer, 'not-a-secret'))
    await expect(loginTo((peer) => scram(peer, 'another'))).rejects.toEqual(refusal('SP-UPSTREAM'))
  })

  it('refuses a server that leaves SCRAM unfinished', async () => {
    await expect(
      loginTo(async (peer) => {
        peer.send(bytes({ kind: 'authenticationSasl', mechanisms: ['SCRAM-SHA-256'] }))
        await answer(peer)
        peer.send(bytes(OK, KEY, READY))
      }),
    ).rejects.toEqual(refusal('SP-PROTOCOL'))
  })

  it('tells a refusal by its SQLSTATE alone', async () => {
    const login = loginTo(async (peer) => {
      peer.send(
        bytes({
          kind: 'errorResponse',
          fields: [
            ['S', 'FATAL'],
            ['C', '28P01'],
            ['M', 'password of carol is wrong'],
          ],
        }),
      )
    })
    await expect(login).rejects.toMatchObject({
      code: 'SP-UPSTREAM',
      detail: 'the database refused the login (28P01)',
    })
  })

  it('survives an error without SQLSTATE', async () => {
    const login = loginTo(async (peer) => peer.send(bytes({ kind: 'errorResponse', fields: [] })))
    await expect(login).rejects.toMatchObject({ code: 'SP-UPSTREAM', detail: 'the database refused the login' })
  })

  it.each<[string, readonly ServerMessage[], string]>([
    ['ready before the authentication', [KEY, READY], 'SP-PROTOCOL'],
    ['settings before the authentication', [VERSION, OK, KEY, READY], 'SP-PROTOCOL'],
    ['no cancel key', [OK, READY], 'SP-PROTOCOL'],
    ['a second authentication', [OK, OK, KEY, READY], 'SP-PROTOCOL'],
    ['a row', [OK, { kind: 'dataRow', body: new Uint8Array(2) }], 'SP-PROTOCOL'],
    ['an unasked negotiation', [{ kind: 'negotiateProtocolVersion', newestMinor: 0, unrecognised: [] }], 'SP-PROTOCOL'],
    ['SASL data unasked', [{ kind: 'authenticationSaslFinal', data: new Uint8Array(3) }], 'SP-PROTOCOL'],
    ['an unknown mechanism', [{ kind: 'authenticationSasl', mechanisms: ['PLAIN'] }], 'SP-UNSUPPORTED'],
  ])('refuses %s', async (_name, messages, code) => {
    await expect(loginTo(async (peer) => peer.send(bytes(...messages)))).rejects.toEqual(refusal(code))
  })

  it('refuses settings of the proxy’s own', async () => {
    const target = targetOf({ engine: 'postgres', port: 1 })
    for (const name of ['user', 'replication', '_pq_.x']) {
      const login = loginPostgres(target, credential, { ...startup, parameters: [[name, 'x']] })
      await expect(login).rejects.toEqual(refusal('SP-STARTUP'))
    }
  })

  it('rejects when the server closes, and when nobody listens', async () => {
    await expect(loginTo(async (peer) => void peer.socket.end())).rejects.toEqual(refusal('SP-UPSTREAM'))
    const target = targetOf({ engine: 'postgres', port: 1 })
    await expect(loginPostgres(target, credential, startup)).rejects.toEqual(refusal('SP-UPSTREAM'))
  })

  it('refuses a server without TLS, and bytes before TLS', async () => {
    const tls = { mode: 'require', ca: null, serverName: null } as const
    for (const [reply, code] of [
      ['N', 'SP-UPSTREAM'],
      ['E', 'SP-UPSTREAM'],
      ['S\x16\x03', 'SP-PROTOCOL'],
    ] as const) {
      await using server = await fakeServer(async (peer) => {
        await peer.take(8)
        peer.send(Buffer.from(reply, 'latin1'))
      })
      const target = targetOf({ engine: 'postgres', port: server.port, tls })
      await expect(loginPostgres(target, credential, startup)).rejects.toEqual(refusal(code))
    }
  })

  it('never hangs or crashes on bytes of any kind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), async (junk, authenticated) => {
        const login = loginTo(async (peer) => {
          if (authenticated) peer.send(bytes(OK, VERSION))
          peer.socket.end(junk)
        })
        await expect(login).rejects.toMatchObject({
          code: expect.stringMatching(/^SP-(UPSTREAM|PROTOCOL|UNSUPPORTED)$/),
        })
      }),
      { numRuns: 60 },
    )
  })
})

describe('cancelPostgres', () => {
  it('sends the key and waits for the server to close', async () => {
    let request = Buffer.alloc(0)
    await using server = await fakeServer(async (peer) => {
      request = Buffer.from(await peer.take(16))
      peer.socket.end()
    })
    await cancelPostgres(targetOf({ engine: 'postgres', port: server.port }), 7, new Uint8Array([1, 2, 3, 4]))
    expect(request.toString('hex')).toBe('0000001004d2162e0000000701020304')
  })

  it('refuses a server that answers', async () => {
    await using server = await fakeServer(async (peer) => peer.send(bytes(READY)))
    const target = targetOf({ engine: 'postgres', port: server.port })
    await expect(cancelPostgres(target, 7, new Uint8Array(4))).rejects.toEqual(refusal('SP-PROTOCOL'))
  })
})

/** The server's half of SCRAM-SHA-256 (RFC 5802), for one password. */
async function scram(peer: Peer, password: string): Promise<void> {
  peer.send(bytes({ kind: 'authenticationSasl', mechanisms: ['SCRAM-SHA-256'] }))
  const initial = (await answer(peer)).toString()
  const bare = initial.slice(initial.indexOf('n,,') + 3)
  const salt = randomBytes(16)
  const first = `r=${bare.split('r=')[1]}server,s=${salt.toString('base64')},i=4096`
  peer.send(bytes({ kind: 'authenticationSaslContinue', data: Buffer.from(first) }))
  const [withoutProof] = (await answer(peer)).toString().split(',p=')
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256')
  const key = createHmac('sha256', salted).update('Server Key').digest()
  const signature = createHmac('sha256', key).update(`${bare},${first},${withoutProof}`).digest('base64')
  peer.send(bytes({ kind: 'authenticationSaslFinal', data: Buffer.from(`v=${signature}`) }, OK, KEY, READY))
}

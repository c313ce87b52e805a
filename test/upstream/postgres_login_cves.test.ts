import { expect, it } from 'vitest'
import { loginPostgres } from '../../src/upstream/postgres_login.ts'
import { encodeServer, type ServerMessage } from '../../src/wire/postgres/server.ts'
import { fakeServer, type Peer } from './fake_server.ts'
import { targetOf } from './target.ts'

/** What a server may put into its first SCRAM message, by a published weakness of a pooler. */

const STARTUP = { database: 'shop', parameters: [], applicationName: 'sallyport:1' }
const CREDENTIAL = { user: 'carol', password: 'not-a-secret' }
const PATIENCE_MS = 5_000

async function take(peer: Peer, typed: boolean): Promise<Buffer> {
  const head = Buffer.from(await peer.take(typed ? 5 : 4))
  return Buffer.from(await peer.take(head.readInt32BE(typed ? 1 : 0) - 4))
}

const SALT = Buffer.alloc(16).toString('base64')
const FIRST: readonly (readonly [string, (nonce: string) => string])[] = [
  ['a nonce of sixty thousand characters', (nonce) => `r=${nonce}${'x'.repeat(60_000)},s=${SALT},i=4096`],
  ['a nonce that is not ours', () => `r=${'x'.repeat(40)},s=${SALT},i=4096`],
  ['a nonce with nothing added', (nonce) => `r=${nonce},s=${SALT},i=4096`],
  ['two thousand million rounds', (nonce) => `r=${nonce}y,s=${SALT},i=2000000000`],
  ['no rounds', (nonce) => `r=${nonce}y,s=${SALT},i=0`],
  ['no salt', (nonce) => `r=${nonce}y,s=,i=4096`],
  ['a salt of a hundred thousand bytes', (nonce) => `r=${nonce}y,s=${Buffer.alloc(100_000).toString('base64')},i=4096`],
  ['nothing', () => ''],
]

it.each(FIRST)('%s: the login is refused, and soon (CVE-2026-6665)', async (_what, first) => {
  await using server = await fakeServer(async (peer) => {
    const send = (message: ServerMessage) => peer.send(encodeServer(message))
    await take(peer, false)
    send({ kind: 'authenticationSasl', mechanisms: ['SCRAM-SHA-256'] })
    const nonce = /r=(.*)$/s.exec((await take(peer, true)).toString('latin1'))?.[1] ?? ''
    send({ kind: 'authenticationSaslContinue', data: Buffer.from(first(nonce)) })
    await take(peer, true)
    send({ kind: 'authenticationSaslFinal', data: Buffer.from('v=AAAA') })
  })
  const began = performance.now()
  const login = loginPostgres(targetOf({ engine: 'postgres', port: server.port }), CREDENTIAL, STARTUP)
  await expect(login).rejects.toMatchObject({ code: expect.stringMatching(/^SP-(PROTOCOL|UPSTREAM)$/) })
  expect(performance.now() - began).toBeLessThan(PATIENCE_MS)
})

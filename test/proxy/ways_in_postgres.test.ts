import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, makeAuthority } from '../../src/proxy/authority.ts'
import { makeConnectionPassword } from '../../src/session/connection_password.ts'
import type { LiveCertificate, LivePassword } from '../../src/session/ports.ts'
import { psql } from '../clients/programs.ts'
import { ALICE } from '../session/fixture.ts'
import { type Front, startFront } from './front.ts'

/** Each way in of a PostgreSQL listener, with libpq's and the JavaScript driver's own side of it. */

const HOUR = 3_600_000
const MINE = makeConnectionPassword(new Uint8Array(20).fill(1), new Uint8Array(16).fill(1))
const SECOND = makeConnectionPassword(new Uint8Array(20).fill(2), new Uint8Array(16).fill(1))
const clock = { now: () => Date.now() }
const AUTHORITY = createAuthority(makeAuthority(Date.now()), clock)
const BOB = { ...ALICE, subject: 'bob-1', email: 'bob@example.test', aliases: ['bob', 'bob@example.test'] }

let folder: string
let front: Front & { readonly ca: string }
let passwords: LivePassword[]
let certificates: LiveCertificate[] = []

function password(id: string, made: typeof MINE, over: Partial<LivePassword> = {}): LivePassword {
  const now = Date.now()
  const times = { createdAt: now, expiresAt: now + HOUR }
  return { id, identity: ALICE, target: 'shop-db', grantId: 'g1', ...times, ...made, ...over }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ways-in-'))
  passwords = [password('p1', MINE), password('p2', SECOND, { grantId: 'g2', createdAt: Date.now() + 5 })]
  front = await startFront(folder, {
    engine: 'postgres',
    listener: {
      auth: 'scram',
      serverNames: [
        { suffix: '127.0.0.1.test', auth: 'oauth' },
        { suffix: 'localhost', auth: 'cert' },
        { suffix: 'scram.localhost', auth: 'scram' },
        { suffix: 'token.localhost', auth: 'token' },
      ],
    },
    passwords: () => passwords,
    certificates: () => certificates,
    authority: AUTHORITY,
  })
})
afterAll(async () => {
  await front?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The names of this machine lead here whatever the client calls them, so that each way has a name of its own. */
function login(user: string, secret: string, more = ''): Parameters<typeof psql>[0] {
  const at = { host: 'shop-db.scram.localhost', port: front.port, database: 'app', caFile: front.ca }
  return { ...at, user, password: secret, more: `hostaddr=127.0.0.1 ${more}` }
}

/** psql with the name of the certificate left out of it, since these names are made up. */
const connect = (user: string, secret: string, more = '') => psql(login(user, secret, `sslmode=verify-ca ${more}`), '')
const seen = () => front.seen.at(-1)

describe('SCRAM-SHA-256 with a connection password', () => {
  it.each([
    ['with the channel bound', 'channel_binding=require'],
    ['without', 'channel_binding=disable'],
  ])('lets libpq in, %s', async (_what, more) => {
    expect(await connect('alice/shop-db', MINE.password, more)).toMatchObject({ code: 0 })
    expect(seen()).toBe(ALICE)
    expect(front.proofs.at(-1)).toBe('password')
  })

  it('lets every live password of one person in, and the name may choose', async () => {
    for (const [user, secret] of [
      ['alice@example.test/shop-db', SECOND.password],
      ['alice/shop-db/writer', SECOND.password],
      ['alice/shop-db/g1', MINE.password],
      ['sso/shop-db/p1', MINE.password],
      ['alice', MINE.password],
    ] as const) {
      expect(await connect(user, secret), user).toMatchObject({ code: 0 })
    }
  })

  it.each<[string, string, string]>([
    ['a slip', 'alice/shop-db', `${MINE.password}x`],
    ['the password of another role', 'alice/shop-db/writer', MINE.password],
    ['somebody who has none', 'mallory/shop-db', MINE.password],
    ['another target', 'alice/other-db', MINE.password],
    ['nobody named', '/shop-db', MINE.password],
    ['a token', 'alice/shop-db', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'],
  ])('refuses %s in the same words', async (_what, user, secret) => {
    const refused = await connect(user, secret, 'host=x.test')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/FATAL: {2}the login was refused/)
    expect(refused.stderr).not.toMatch(/no connection password/)
  })

  it('ends with the password: revoked or expired it is nobody', async () => {
    const before = passwords
    passwords = [password('p1', MINE, { expiresAt: Date.now() - 1 })]
    expect(await connect('alice/shop-db', MINE.password)).toMatchObject({ code: 2 })
    passwords = []
    expect(await connect('alice/shop-db', MINE.password)).toMatchObject({ code: 2 })
    passwords = before
    expect(await connect('alice/shop-db', MINE.password)).toMatchObject({ code: 0 })
  })

  it('lets the JavaScript driver in, bound and not', async () => {
    for (const enableChannelBinding of [true, false]) {
      const at = { host: '127.0.0.1', port: front.port, user: 'alice/shop-db', database: 'app', enableChannelBinding }
      const ssl = {
        ca: readFileSync(front.ca, 'utf8'),
        servername: 'scram.localhost',
        checkServerIdentity: () => undefined,
      }
      const client = new pg.Client({ ...at, password: MINE.password, ssl })
      await client.connect()
      expect(seen()).toBe(ALICE)
      await client.end()
    }
  })
})

describe('a whole connection password where a token is asked for', () => {
  const whole = (user: string, secret: string) => connect(user, secret, 'host=token.localhost')

  it('is as good as a token', async () => {
    expect(await whole('alice/shop-db', MINE.password)).toMatchObject({ code: 0 })
    expect(front.proofs.at(-1)).toBe('token')
    expect(await whole('alice/shop-db', `${MINE.password.slice(0, -1)}1`)).toMatchObject({ code: 2 })
    expect(seen()).toMatch(/slip/)
    expect(await whole('alice/other-db', MINE.password)).toMatchObject({ code: 2 })
    expect(await whole('alice/shop-db', 'some token')).toMatchObject({ code: 2 })
    expect(seen()).toBe('no token is good here')
  })
})

describe('a client certificate', () => {
  async function withCertificate(of: typeof ALICE, user: string) {
    const issued = await AUTHORITY.issue(null, of, Date.now() + HOUR)
    const [cert, key] = [join(folder, 'client.pem'), join(folder, 'client.key')]
    writeFileSync(cert, issued.certificate)
    writeFileSync(key, issued.privateKey as string, { mode: 0o600 })
    const record = { id: issued.serial, identity: of, fingerprint: issued.fingerprint, expiresAt: issued.expiresAt }
    return { record, connect: () => connect(user, '', `host=localhost sslcert=${cert} sslkey=${key}`) }
  }

  it('lets in who is known by it, and nobody once it was revoked', async () => {
    const alice = await withCertificate(ALICE, 'alice/shop-db')
    certificates = [alice.record]
    expect(await alice.connect()).toMatchObject({ code: 0 })
    expect(seen()).toBe(ALICE)
    certificates = []
    expect(await alice.connect()).toMatchObject({ code: 2 })
    expect(seen()).toMatch(/not known/)
    certificates = [{ ...alice.record, identity: BOB }]
    expect(await alice.connect()).toMatchObject({ code: 2 })
    expect(seen()).toMatch(/another person/)
    certificates = [{ ...alice.record, fingerprint: '00' }]
    expect(await alice.connect()).toMatchObject({ code: 2 })
  })

  it('of another authority gets nobody in, and none neither', async () => {
    const other = createAuthority(makeAuthority(Date.now()), clock)
    const issued = await other.issue(null, ALICE, Date.now() + HOUR)
    certificates = [
      { id: issued.serial, identity: ALICE, fingerprint: issued.fingerprint, expiresAt: issued.expiresAt },
    ]
    const [cert, key] = [join(folder, 'other.pem'), join(folder, 'other.key')]
    writeFileSync(cert, issued.certificate)
    writeFileSync(key, issued.privateKey as string, { mode: 0o600 })
    expect(await connect('alice/shop-db', '', `host=localhost sslcert=${cert} sslkey=${key}`)).toMatchObject({
      code: 2,
    })
    expect(seen()).toMatch(/another authority/)
    expect(await connect('alice/shop-db', '', 'host=localhost')).toMatchObject({ code: 2 })
    expect(seen()).toMatch(/showed no certificate/)
  })

  it('does not open another way in', async () => {
    const alice = await withCertificate(ALICE, 'alice/shop-db')
    certificates = [alice.record]
    const more = `sslcert=${join(folder, 'client.pem')} sslkey=${join(folder, 'client.key')}`
    expect(await connect('alice/shop-db', 'x', more)).toMatchObject({ code: 2 })
  })
})

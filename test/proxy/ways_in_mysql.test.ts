import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, makeAuthority } from '../../src/proxy/authority.ts'
import { makeConnectionPassword } from '../../src/session/connection_password.ts'
import type { LiveCertificate, LivePassword } from '../../src/session/ports.ts'
import { MYSQL_CLIENTS } from '../clients/programs.ts'
import { ALICE } from '../session/fixture.ts'
import { type Front, startFront } from './front.ts'

/** Each way in of a MySQL listener, with the two command-line clients and a driver. */

const HOUR = 3_600_000
const MINE = makeConnectionPassword(new Uint8Array(20).fill(1), new Uint8Array(16).fill(1))
const SECOND = makeConnectionPassword(new Uint8Array(20).fill(2), new Uint8Array(16).fill(1))
const AUTHORITY = createAuthority(makeAuthority(Date.now()), { now: () => Date.now() })

let folder: string
let byPassword: Front & { readonly ca: string }
let byCertificate: Front & { readonly ca: string }
let certificates: LiveCertificate[] = []

function password(id: string, made: typeof MINE, over: Partial<LivePassword> = {}): LivePassword {
  const now = Date.now()
  return {
    id,
    identity: ALICE,
    target: 'shop-db',
    grantId: 'g1',
    createdAt: now,
    expiresAt: now + HOUR,
    ...made,
    ...over,
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ways-in-'))
  const passwords = [password('p1', MINE), password('p2', SECOND, { grantId: 'g2' })]
  const shared = {
    engine: 'mysql',
    passwords: () => passwords,
    certificates: () => certificates,
    authority: AUTHORITY,
  } as const
  byPassword = await startFront(join(folder, 'a'), { ...shared, listener: { auth: 'password' } })
  byCertificate = await startFront(join(folder, 'b'), { ...shared, listener: { auth: 'cert' } })
})
afterAll(async () => {
  await byPassword?.stop()
  await byCertificate?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const login = (front: Front & { readonly ca: string }, user: string, secret: string) => {
  return { host: 'localhost', port: front.port, user, password: secret, database: '', caFile: front.ca }
}

function driver(
  front: Front & { readonly ca: string },
  user: string,
  secret: string,
  more: { cert?: string; key?: string } = {},
) {
  const ssl = { ca: readFileSync(front.ca, 'utf8'), ...more }
  return mysql.createConnection({ host: 'localhost', port: front.port, user, password: secret, ssl })
}

describe('caching_sha2_password with a connection password', () => {
  it.each(MYSQL_CLIENTS)('lets %s in by its fast path: the password is not shown', async (_what, client) => {
    expect(await client(login(byPassword, 'alice/shop-db', MINE.password), 'DO 0')).toMatchObject({ code: 0 })
    expect(byPassword.proofs.at(-1)).toBe('password')
    expect(byPassword.seen.at(-1)).toBe(ALICE)
    expect(await client(login(byPassword, 'alice/shop-db/g2', SECOND.password), 'DO 0')).toMatchObject({ code: 0 })
    const refused = await client(login(byPassword, 'alice/shop-db/g2', MINE.password), 'DO 0')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('ERROR 1045 (28000)')
  })

  it('lets a driver in, and in again as somebody else', async () => {
    const connection = await driver(byPassword, 'alice@example.test/shop-db', MINE.password)
    expect(byPassword.proofs.at(-1)).toBe('password')
    await connection.end()
  })

  it.each([
    ['a slip', 'alice/shop-db', `${MINE.password}x`],
    ['nothing', 'alice/shop-db', ''],
    ['nobody known', 'mallory/shop-db', MINE.password],
    ['another target', 'alice/other-db', MINE.password],
  ])('refuses %s', async (_what, user, secret) => {
    await expect(driver(byPassword, user, secret)).rejects.toMatchObject({
      errno: 1045,
      message: expect.stringContaining('the login was refused'),
    })
  })

  it.each(MYSQL_CLIENTS)(
    'takes a password whole from %s that can not do otherwise, and no token',
    async (_what, client) => {
      const clear = ['--default-auth=mysql_clear_password']
      const shown = (secret: string) => client(login(byPassword, 'alice/shop-db', secret), 'DO 0', ...clear)
      expect(await shown(MINE.password)).toMatchObject({ code: 0 })
      expect(await shown('eyJhbGciOiJSUzI1NiJ9.e30.c2ln')).toMatchObject({ code: 1 })
    },
  )
})

describe('a client certificate', () => {
  async function certificateFiles() {
    const issued = await AUTHORITY.issue(null, ALICE, Date.now() + HOUR)
    const [cert, key] = [join(folder, 'client.pem'), join(folder, 'client.key')]
    writeFileSync(cert, issued.certificate)
    writeFileSync(key, issued.privateKey as string, { mode: 0o600 })
    certificates = [
      { id: issued.serial, identity: ALICE, fingerprint: issued.fingerprint, expiresAt: issued.expiresAt },
    ]
    return { cert, key, issued }
  }

  it.each(MYSQL_CLIENTS)('lets %s in without a password, until it is revoked', async (_what, client) => {
    const { cert, key } = await certificateFiles()
    const shown = () =>
      client(login(byCertificate, 'alice/shop-db', ''), 'DO 0', `--ssl-cert=${cert}`, `--ssl-key=${key}`)
    expect(await shown()).toMatchObject({ code: 0 })
    expect(byCertificate.seen.at(-1)).toBe(ALICE)
    certificates = []
    expect(await shown()).toMatchObject({ code: 1 })
  })

  it('lets a driver in; without one a password is of no use', async () => {
    const { issued } = await certificateFiles()
    const more = { cert: issued.certificate, key: issued.privateKey as string }
    await (await driver(byCertificate, 'alice/shop-db', '', more)).end()
    expect(byCertificate.proofs.at(-1)).toBe('certificate')
    await expect(driver(byCertificate, 'alice/shop-db', MINE.password)).rejects.toMatchObject({ errno: 1045 })
  })
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeCertificates } from '../../certs/make.ts'
import { createAuthority, makeAuthority } from '../../src/proxy/authority.ts'
import type { IssuedClientCertificate, LiveCertificate } from '../../src/session/ports.ts'
import { identityOf, NOW, SETTINGS, startTestApi, type TestApi } from './api.ts'

/** Calls over TLS with a client certificate of Sallyport's own authority, and with others. */
const HOUR = 3_600_000
const clock = { now: () => NOW }
const authority = createAuthority(makeAuthority(NOW), clock)
const live = new Map<string, LiveCertificate>()
let dir: string
let ca: string
let test: TestApi
let mine: IssuedClientCertificate
let own: { readonly cert: string; readonly key: string }

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sallyport-api-'))
  const files = makeCertificates(dir)
  const [cert, key] = [readFileSync(files.cert, 'utf8'), readFileSync(files.key, 'utf8')]
  ca = readFileSync(files.ca, 'utf8')
  const certificates = {
    authority,
    live: { passwordsFor: () => [], certificate: (id: string) => live.get(id) ?? null },
  }
  test = await startTestApi({}, { settings: { ...SETTINGS, tls: { cert, key } }, certificates })
  mine = await authority.issue(null, identityOf('alice'), NOW + HOUR)
  own = { cert: mine.certificate, key: mine.privateKey ?? '' }
  noteLive(mine)
})
afterAll(async () => {
  await test?.close()
  rmSync(dir, { recursive: true, force: true })
})

function noteLive({ serial, fingerprint, expiresAt }: IssuedClientCertificate): void {
  live.set(serial, { id: serial, fingerprint, expiresAt, identity: identityOf('alice') })
}

function call(
  shown: { cert?: string; key?: string },
  headers = {},
): Promise<{ status: number; body: string; hsts: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { ...shown, ca, host: '127.0.0.1', port: test.api.port, path: '/v1/me', agent: false, headers }
    const sent = request(options, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += String(chunk)
      })
      const { statusCode: status = 0, headers: answered } = response
      response.on('end', () => resolve({ status, body, hsts: answered['strict-transport-security'] }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

it('names its person', async () => {
  const { status, body, hsts } = await call(own)
  expect([status, JSON.parse(body).person.subject]).toEqual([200, 'alice'])
  expect(hsts).toContain('max-age')
})

it('does not stand beside a bad token', async () => {
  expect((await call(own, { authorization: 'Bearer forged' })).status).toBe(401)
})

it('is not needed, but then something else is', async () => {
  expect((await call({})).status).toBe(401)
  expect((await call({}, { authorization: 'Bearer token-of-bob' })).status).toBe(200)
})

it('is refused once revoked, and where another authority made it out', async () => {
  live.delete(mine.serial)
  expect((await call(own)).status).toBe(401)
  noteLive(mine)
  const other = await createAuthority(makeAuthority(NOW), clock).issue(null, identityOf('alice'), NOW + HOUR)
  noteLive(other)
  expect((await call({ cert: other.certificate, key: other.privateKey ?? '' })).status).toBe(401)
  live.set(mine.serial, {
    id: mine.serial,
    fingerprint: 'another',
    expiresAt: NOW + HOUR,
    identity: identityOf('alice'),
  })
  expect((await call(own)).status).toBe(401)
})

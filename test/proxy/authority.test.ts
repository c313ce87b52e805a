import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import { createAuthority, makeAuthority } from '../../src/proxy/authority.ts'
import { ownAuthority } from '../../src/proxy/authority_files.ts'
import { ALICE } from '../session/fixture.ts'

const NOW = Date.parse('2030-01-31T09:00:00Z')
const HOUR = 3_600_000
const clock = { now: () => NOW }
const FILES = makeAuthority(NOW)
const AUTHORITY = createAuthority(FILES, clock)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'authority-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function rawOf(pem: string): Uint8Array {
  return new X509Certificate(pem).raw
}

describe('the own authority', () => {
  it('issues what openssl takes for a client certificate, and says whom it names', async () => {
    const issued = await AUTHORITY.issue(null, ALICE, NOW + HOUR)
    const [ca, cert] = [join(folder, 'ca.pem'), join(folder, 'cert.pem')]
    writeFileSync(ca, AUTHORITY.chain)
    writeFileSync(cert, issued.certificate)
    const at = String(NOW / 1000)
    expect(openssl('verify', '-x509_strict', '-purpose', 'sslclient', '-attime', at, '-CAfile', ca, cert)).toContain(
      'OK',
    )
    expect(() => openssl('verify', '-purpose', 'sslserver', '-attime', at, '-CAfile', ca, cert)).toThrow()
    expect(AUTHORITY.verify(rawOf(issued.certificate), NOW)).toEqual({
      serial: issued.serial,
      fingerprint: issued.fingerprint,
      issuer: ALICE.issuer,
      subject: ALICE.subject,
    })
    const shown = new X509Certificate(issued.certificate)
    expect(shown.checkPrivateKey(createPrivateKey(issued.privateKey as string))).toBe(true)
    expect(shown.subject).toBe('CN=alice@example.test')
    expect(issued.serial).toMatch(/^[4-7][0-9a-f]{31}$/)
  })

  it.each([
    ['P-256', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['Ed25519', ['genpkey', '-algorithm', 'ED25519']],
    ['RSA', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
  ])('takes a request of openssl with a key of %s, and none of its names', async (_what, args) => {
    const key = join(folder, 'request.key')
    writeFileSync(key, openssl(...args))
    const request = openssl(
      'req',
      '-new',
      '-key',
      key,
      '-subj',
      '/CN=mallory',
      '-addext',
      'subjectAltName=DNS:evil.test',
    )
    const issued = await AUTHORITY.issue(request, ALICE, NOW + HOUR)
    expect(issued.privateKey).toBeNull()
    const shown = new X509Certificate(issued.certificate)
    expect(shown.subject).toBe('CN=alice@example.test')
    expect(shown.subjectAltName).toMatch(/^URI:sallyport:/)
    expect(AUTHORITY.verify(shown.raw, NOW).subject).toBe(ALICE.subject)
    const spki = openssl('pkey', '-in', key, '-pubout')
    expect((await AUTHORITY.issue(spki, ALICE, NOW + HOUR)).serial).not.toBe(issued.serial)
    const damaged = Buffer.from(request.replace(/-----.*-----|\n/g, ''), 'base64')
    damaged[damaged.length - 3] = (damaged[damaged.length - 3] as number) ^ 1
    const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${damaged.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    await expect(AUTHORITY.issue(pem, ALICE, NOW + HOUR)).rejects.toThrow(/SP-INPUT/)
  })

  it('takes no weak key and no other thing', async () => {
    const pem = (type: 'rsa' | 'x25519') => {
      const made = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 1024 }) : generateKeyPairSync('x25519')
      return made.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    }
    for (const wanted of [pem('rsa'), pem('x25519'), '', 'x', FILES.key, FILES.cert, 'x'.repeat(20_000)]) {
      await expect(AUTHORITY.issue(wanted, ALICE, NOW + HOUR)).rejects.toThrow(/SP-INPUT/)
    }
    await expect(AUTHORITY.issue(null, ALICE, NOW + 20 * 366 * 24 * HOUR)).rejects.toThrow(/SP-INPUT/)
  })

  it('reads or refuses whatever it is given as a request', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc.array(fc.constantFrom(0x30, 0x02, 0x03, 0x80, 0x81, 0x82, 0, 1, 2, 5, 255), { maxLength: 60 }),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const text = Buffer.from(body).toString('base64')
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----`
        await expect(AUTHORITY.issue(pem, ALICE, NOW + HOUR)).rejects.toBeInstanceOf(SallyportError)
        expect(() => AUTHORITY.verify(Uint8Array.from(body), NOW)).toThrow(/SP-AUTH/)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps names of any spelling apart', async () => {
    for (const subject of ['a/b', 'ä, URI:sallyport://x/y', '"quoted"', '../..', '%2F', 'x'.repeat(200)]) {
      const issued = await AUTHORITY.issue(null, { ...ALICE, subject, email: null }, NOW + HOUR)
      expect(AUTHORITY.verify(rawOf(issued.certificate), NOW)).toMatchObject({ issuer: ALICE.issuer, subject })
    }
    await expect(AUTHORITY.issue(null, { ...ALICE, subject: '\ud800' }, NOW + HOUR)).rejects.toThrow(/SP-INPUT/)
  })
})

describe('a certificate is refused', () => {
  it('of another authority, by name or not', async () => {
    const other = createAuthority(makeAuthority(NOW), clock)
    const { certificate } = await other.issue(null, ALICE, NOW + HOUR)
    expect(() => AUTHORITY.verify(rawOf(certificate), NOW)).toThrow(/another authority/)
  })

  it('before and after its time', async () => {
    const { certificate } = await AUTHORITY.issue(null, ALICE, NOW + HOUR)
    const raw = rawOf(certificate)
    expect(() => AUTHORITY.verify(raw, NOW - HOUR)).toThrow(/expired/)
    expect(() => AUTHORITY.verify(raw, NOW + HOUR)).toThrow(/expired/)
    expect(AUTHORITY.verify(raw, NOW + HOUR - 1000).subject).toBe(ALICE.subject)
  })

  it('where it is the authority itself, or for servers, or names nobody', () => {
    expect(() => AUTHORITY.verify(rawOf(FILES.cert), NOW)).toThrow(/SP-AUTH/)
    const [ca, key] = [join(folder, 'own.pem'), join(folder, 'own.key')]
    writeFileSync(ca, FILES.cert)
    writeFileSync(key, FILES.key)
    const request = join(folder, 'r.pem')
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      join(folder, 'k'),
      '-subj',
      '/CN=x',
      '-out',
      request,
    )
    const signed = (lines: string) => {
      const extensions = join(folder, 'ext')
      writeFileSync(extensions, lines)
      const made = openssl(
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        ca,
        '-CAkey',
        key,
        '-days',
        '5000',
        '-extfile',
        extensions,
      )
      return rawOf(made)
    }
    const uri = 'subjectAltName=URI:sallyport://a/b'
    expect(() => AUTHORITY.verify(signed(`extendedKeyUsage=serverAuth\n${uri}`), NOW)).toThrow(/not for clients/)
    expect(() => AUTHORITY.verify(signed(`extendedKeyUsage=clientAuth,serverAuth\n${uri}`), NOW)).toThrow(
      /not for clients/,
    )
    expect(() => AUTHORITY.verify(signed(uri), NOW)).toThrow(/not for clients/)
    const authority = `basicConstraints=CA:true\nextendedKeyUsage=clientAuth\n${uri}`
    expect(() => AUTHORITY.verify(signed(authority), NOW)).toThrow(/not for clients/)
    for (const name of [
      'DNS:alice',
      'URI:https://a/b',
      'URI:sallyport://a/b,URI:sallyport://a/c',
      'URI:sallyport://a',
    ]) {
      const lines = `extendedKeyUsage=clientAuth\nsubjectAltName=${name}`
      expect(() => AUTHORITY.verify(signed(lines), NOW)).toThrow(/names no person/)
    }
    expect(AUTHORITY.verify(signed(`extendedKeyUsage=clientAuth\n${uri}`), NOW)).toMatchObject({ subject: 'b' })
  })
})

describe('an authority from elsewhere', () => {
  it.each([
    ['RSA', ['-newkey', 'rsa:2048']],
    ['Ed25519', ['-newkey', 'ed25519']],
  ])('with a key of %s signs too', async (_what, kind) => {
    const [cert, key] = [join(folder, 'e.pem'), join(folder, 'e.key')]
    openssl(
      'req',
      '-x509',
      ...kind,
      '-nodes',
      '-keyout',
      key,
      '-subj',
      '/C=XX/O=Example/CN=Root',
      '-days',
      '9000',
      '-out',
      cert,
    )
    const files = {
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
    }
    const authority = createAuthority(files, clock)
    const { certificate } = await authority.issue(null, ALICE, NOW + HOUR)
    expect(authority.verify(rawOf(certificate), NOW).subject).toBe(ALICE.subject)
    expect(() => createAuthority({ ...files, key: FILES.key }, clock)).toThrow(/SP-CONFIG/)
    expect(() => createAuthority({ ...files, key: 'no key' }, clock)).toThrow(/SP-CONFIG/)
  })

  it('is none where its certificate is a client of one', async () => {
    const { certificate, privateKey } = await AUTHORITY.issue(null, ALICE, NOW + HOUR)
    expect(() => createAuthority({ cert: certificate, key: privateKey as string }, clock)).toThrow(/SP-CONFIG/)
  })
})

describe('its file', () => {
  it('is made once, for its owner alone, however many begin at once', async () => {
    const dataDir = mkdtempSync(join(folder, 'data-'))
    const made = await Promise.all([1, 2, 3].map(() => ownAuthority(dataDir, NOW)))
    expect(new Set(made.map(({ key }) => key)).size).toBe(1)
    expect(await ownAuthority(dataDir, NOW + HOUR)).toEqual(made[0])
    expect(readdirSync(dataDir)).toEqual(['client-authority.pem'])
    const path = join(dataDir, 'client-authority.pem')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    createAuthority(await ownAuthority(dataDir, NOW), clock)
    chmodSync(path, 0o640)
    await expect(ownAuthority(dataDir, NOW)).rejects.toThrow(/chmod 600/)
  })
})

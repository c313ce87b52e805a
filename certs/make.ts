/**
 * A development certificate authority and a server certificate, EC P-256, with nothing but Node:
 *   node certs/make.ts DIRECTORY [NAME...]      names default to localhost, 127.0.0.1 and ::1
 * writes ca.pem, server.pem and server.key (mode 0600). The key of the authority is thrown away at once, so nobody
 * can sign a second certificate that a developer's machine would trust.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bitString, commonName, der, extension, generalName, oid, sequence, TAG, time, unsignedInteger } from './der.ts'

const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1']
const VALID_DAYS = 90
const DAY_MS = 86_400_000
const SERIAL_BYTES = 16
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))

/** Paths of the files written. */
export interface CertificateFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

interface Subject {
  readonly name: string
  readonly key: KeyObject
}

/** Makes a new authority and a server certificate for `names` under `directory`, which is made where it is missing. */
export function makeCertificates(directory: string, names: readonly string[] = LOCAL_NAMES): CertificateFiles {
  const authorityKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serverKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority = { name: 'Sallyport development CA', key: authorityKeys.publicKey }
  const server = { name: names[0] ?? 'localhost', key: serverKeys.publicKey }
  const files = {
    ca: join(directory, 'ca.pem'),
    cert: join(directory, 'server.pem'),
    key: join(directory, 'server.key'),
  }
  mkdirSync(directory, { recursive: true })
  writeFileSync(files.ca, certificate(authority, authority, authorityKeys.privateKey, authorityExtensions()))
  writeFileSync(files.cert, certificate(server, authority, authorityKeys.privateKey, serverExtensions(names)))
  writeFileSync(files.key, serverKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return files
}

/** The PEM of one certificate: `subject` signed by `issuer`, with key identifiers added to `extensions`. */
function certificate(subject: Subject, issuer: Subject, signer: KeyObject, extensions: readonly Uint8Array[]): string {
  const now = Date.now()
  const subjectKeyId = extension('2.5.29.14', false, der(TAG.octetString, keyIdentifier(subject.key)))
  const issuerKeyId = extension('2.5.29.35', false, sequence(der(0x80, keyIdentifier(issuer.key))))
  const body = sequence(
    der(0xa0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(randomBytes(SERIAL_BYTES)),
    ECDSA_WITH_SHA256,
    commonName(issuer.name),
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + VALID_DAYS * DAY_MS))),
    commonName(subject.name),
    subject.key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions, subjectKeyId, issuerKeyId)),
  )
  return pem(sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, signer))))
}

function authorityExtensions(): Uint8Array[] {
  const isAuthority = sequence(der(TAG.boolean, Uint8Array.of(0xff)), unsignedInteger(Uint8Array.of(0)))
  // keyCertSign and cRLSign (RFC 5280, 4.2.1.3)
  return [extension('2.5.29.19', true, isAuthority), extension('2.5.29.15', true, bitString(Uint8Array.of(0x06), 1))]
}

function serverExtensions(names: readonly string[]): Uint8Array[] {
  return [
    extension('2.5.29.19', true, sequence()),
    // digitalSignature
    extension('2.5.29.15', true, bitString(Uint8Array.of(0x80), 7)),
    // serverAuth (RFC 5280, 4.2.1.12)
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, sequence(...names.map(generalName))),
  ]
}

/** Twenty bytes that name a key; any digest of it will do (RFC 7093, section 2). */
function keyIdentifier(key: KeyObject): Uint8Array {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)
}

function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

if (import.meta.main) {
  const [directory, ...names] = process.argv.slice(2)
  if (directory === undefined) {
    process.stderr.write('usage: node certs/make.ts DIRECTORY [NAME...]\n')
    process.exit(2)
  }
  const files = makeCertificates(directory, names.length > 0 ? names : LOCAL_NAMES)
  process.stdout.write(`${files.ca}\n${files.cert}\n${files.key}\n`)
}

/**
 * A development certificate authority and a server certificate, EC P-256, with nothing but Node:
 *   node certs/make.ts DIRECTORY [NAME...]      names default to localhost, 127.0.0.1 and ::1
 * writes ca.pem, server.pem and server.key (mode 0600). The key of the authority is thrown away at once, so nobody
 * can sign a second certificate that a developer's machine would trust.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { isIPv4, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { der, oid, sequence, TAG } from '../src/proxy/der.ts'
import { certificate, certificatePem, commonName, extension, newSerial } from '../src/proxy/x509.ts'

const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1']
const VALID_DAYS = 90
const DAY_MS = 86_400_000

/** Paths of the files written. */
export interface CertificateFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Makes a new authority and a server certificate for `names` under `directory`, which is made where it is missing. */
export function makeCertificates(directory: string, names: readonly string[] = LOCAL_NAMES): CertificateFiles {
  const authorityKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serverKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = commonName('Sallyport development CA')
  const issuer = { name, key: authorityKeys.publicKey, signer: authorityKeys.privateKey, namesKey: true }
  const now = Date.now()
  const made = (of: Uint8Array, key: KeyObject, extensions: readonly Uint8Array[]) => {
    const times = { from: now - DAY_MS, until: now + VALID_DAYS * DAY_MS }
    return certificatePem(certificate({ serial: newSerial(), name: of, key, ...times, extensions }, issuer))
  }
  const files = {
    ca: join(directory, 'ca.pem'),
    cert: join(directory, 'server.pem'),
    key: join(directory, 'server.key'),
  }
  mkdirSync(directory, { recursive: true })
  writeFileSync(files.ca, made(name, authorityKeys.publicKey, authorityExtensions()))
  writeFileSync(files.cert, made(commonName(names[0] ?? 'localhost'), serverKeys.publicKey, serverExtensions(names)))
  writeFileSync(files.key, serverKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  return files
}

function authorityExtensions(): Uint8Array[] {
  const isAuthority = sequence(der(TAG.boolean, Uint8Array.of(0xff)), der(TAG.integer, Uint8Array.of(0)))
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

/** A GeneralName: an address (tag 7) or a DNS name (tag 2), RFC 5280, 4.2.1.6. */
function generalName(name: string): Uint8Array {
  if (isIPv4(name)) return der(0x87, Uint8Array.from(name.split('.').map(Number)))
  if (isIPv6(name)) return der(0x87, ipv6Bytes(name))
  return der(0x82, Buffer.from(name, 'latin1'))
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function bitString(bytes: Uint8Array, unusedBits: number): Uint8Array {
  return der(TAG.bitString, Uint8Array.of(unusedBits), bytes)
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

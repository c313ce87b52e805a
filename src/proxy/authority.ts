import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'
import { SallyportError } from '../errors.ts'
import type { Identity, Person } from '../identity/identity.ts'
import type { CertificateAuthority, IssuedClientCertificate, ShownCertificate } from '../session/ports.ts'
import { wantedKey } from './certificate_request.ts'
import { der, oid, sequence, TAG } from './der.ts'
import { certificate, certificatePem, commonName, extension, type Issuer, issuerOf, newSerial } from './x509.ts'

const AUTHORITY_NAME = 'Sallyport client authority'
const AUTHORITY_LIFETIME_MS = 10 * 366 * 86_400_000
/** Clocks of clients and nodes differ a little. */
const BACKDATE_MS = 60_000
const MAX_COMMON_NAME_CHARS = 64
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const IDENTITY_URI = /^URI:sallyport:\/\/([^/,"]+)\/([^/,"]+)$/

export interface AuthorityFiles {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

/** An authority of its own: a P-256 key, and a certificate that is good for signing client certificates alone. */
export function makeAuthority(now: number): AuthorityFiles {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const isAuthority = sequence(der(TAG.boolean, Uint8Array.of(0xff)), der(TAG.integer, Uint8Array.of(0)))
  const extensions = [
    extension('2.5.29.19', true, isAuthority),
    // keyCertSign (RFC 5280, 4.2.1.3)
    extension('2.5.29.15', true, der(TAG.bitString, Uint8Array.of(2, 0x04))),
  ]
  const [name, until] = [commonName(AUTHORITY_NAME), now + AUTHORITY_LIFETIME_MS]
  const subject = { serial: newSerial(), name, key: publicKey, from: now - BACKDATE_MS, until, extensions }
  const bytes = certificate(subject, { name, key: publicKey, signer: privateKey, namesKey: false })
  return { cert: certificatePem(bytes), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** Throws `SP-CONFIG` where the two do not belong together, or the certificate is no authority's. */
export function createAuthority({ cert, key }: AuthorityFiles, clock: { now(): number }): CertificateAuthority {
  const signer = privateKeyOf(key)
  const own = certificateOf(cert)
  if (!own?.ca || !own.checkPrivateKey(signer)) {
    throw new SallyportError('SP-CONFIG', 'the authority for client certificates has no key and certificate that fit')
  }
  const issuer = issuerOf(own, createPublicKey(signer), signer)
  return {
    chain: cert,
    issue: async (wanted, identity, expiresAt) => {
      if (expiresAt > own.validToDate.getTime()) {
        throw new SallyportError('SP-INPUT', 'the certificate would outlive its authority')
      }
      return issue(wanted, identity, clock.now(), expiresAt, issuer)
    },
    verify: (bytes, now) => verify(bytes, now, own),
  }
}

function issue(
  wanted: string | null,
  identity: Identity,
  now: number,
  expiresAt: number,
  issuer: Issuer,
): IssuedClientCertificate {
  const made = wanted === null ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : null
  const key = made?.publicKey ?? wantedKey(wanted ?? '')
  const serial = newSerial()
  const extensions = [
    extension('2.5.29.19', true, sequence()),
    // digitalSignature
    extension('2.5.29.15', true, der(TAG.bitString, Uint8Array.of(7, 0x80))),
    extension('2.5.29.37', true, sequence(oid(CLIENT_AUTH))),
    extension('2.5.29.17', false, sequence(der(0x86, Buffer.from(uriOf(identity), 'latin1')))),
  ]
  const name = commonName((identity.email ?? identity.subject).slice(0, MAX_COMMON_NAME_CHARS))
  const bytes = certificate({ serial, name, key, from: now - BACKDATE_MS, until: expiresAt, extensions }, issuer)
  return {
    certificate: certificatePem(bytes),
    serial: Buffer.from(serial).toString('hex'),
    fingerprint: fingerprintOf(bytes),
    issuedAt: now,
    expiresAt,
    privateKey: made?.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() ?? null,
  }
}

/** A chain of two, all of which this program made: the signature, the time, and that it is for clients and no authority. */
function verify(bytes: Uint8Array, now: number, authority: X509Certificate): ShownCertificate {
  const shown = certificateOf(bytes)
  if (!shown) throw refused('the certificate can not be read')
  if (!signedBy(shown, authority)) throw refused('the certificate is of another authority')
  const expired = now < shown.validFromDate.getTime() || now >= shown.validToDate.getTime()
  if (expired || now >= authority.validToDate.getTime()) throw refused('the certificate has expired, or begins later')
  if (shown.ca || shown.keyUsage?.join() !== CLIENT_AUTH) throw refused('the certificate is not for clients')
  const [, issuer, subject] = IDENTITY_URI.exec(shown.subjectAltName ?? '') ?? []
  if (issuer === undefined || subject === undefined) throw refused('the certificate names no person')
  return {
    serial: shown.serialNumber.toLowerCase(),
    fingerprint: fingerprintOf(shown.raw),
    issuer: decodeURIComponent(issuer),
    subject: decodeURIComponent(subject),
  }
}

function signedBy(shown: X509Certificate, authority: X509Certificate): boolean {
  try {
    return shown.checkIssued(authority) && shown.verify(authority.publicKey)
  } catch {
    return false
  }
}

/** What a subject is called is the provider's matter: percent signs keep it out of the way of the URI. */
function uriOf({ issuer, subject }: Person): string {
  try {
    return `sallyport://${encodeURIComponent(issuer)}/${encodeURIComponent(subject)}`
  } catch {
    throw new SallyportError('SP-INPUT', 'the subject can not stand in a certificate')
  }
}

function certificateOf(source: string | Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(source)
  } catch {
    return null
  }
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new SallyportError('SP-CONFIG', 'the key of the authority for client certificates can not be read')
  }
}

function fingerprintOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function refused(why: string): SallyportError {
  return new SallyportError('SP-AUTH', why)
}

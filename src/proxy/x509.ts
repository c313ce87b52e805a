import { createHash, type KeyObject, randomBytes, sign, type X509Certificate } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { der, elementsOf, oid, sequence, TAG, time } from './der.ts'

const SERIAL_BYTES = 16

export interface Issuer {
  /** DER of the distinguished name. */
  readonly name: Uint8Array
  readonly key: KeyObject
  readonly signer: KeyObject
  /** True where its certificate carries the key identifier that is made here. */
  readonly namesKey: boolean
}

export interface Subject {
  readonly serial: Uint8Array
  readonly name: Uint8Array
  readonly key: KeyObject
  readonly from: number
  readonly until: number
  readonly extensions: readonly Uint8Array[]
}

/** DER of a certificate (RFC 5280, section 4.1). */
export function certificate(subject: Subject, issuer: Issuer): Uint8Array {
  const algorithm = algorithmOf(issuer.signer)
  const subjectKeyId = extension('2.5.29.14', false, der(TAG.octetString, keyIdentifier(subject.key)))
  // A certificate of another maker names its key in its own way, and must not be contradicted.
  const named = issuer.namesKey ? [extension('2.5.29.35', false, sequence(der(0x80, keyIdentifier(issuer.key))))] : []
  const body = sequence(
    der(0xa0, der(TAG.integer, Uint8Array.of(2))),
    der(TAG.integer, subject.serial),
    algorithm.id,
    issuer.name,
    sequence(time(subject.from), time(subject.until)),
    subject.name,
    spkiOf(subject.key),
    der(0xa3, sequence(...subject.extensions, subjectKeyId, ...named)),
  )
  const signature = sign(algorithm.digest, body, issuer.signer)
  return sequence(body, algorithm.id, der(TAG.bitString, Uint8Array.of(0), signature))
}

function algorithmOf({ asymmetricKeyType: type }: KeyObject): {
  readonly id: Uint8Array
  readonly digest: string | null
} {
  if (type === 'ed25519') return { id: sequence(oid('1.3.101.112')), digest: null }
  if (type === 'ec') return { id: sequence(oid('1.2.840.10045.4.3.2')), digest: 'sha256' }
  if (type === 'rsa') return { id: sequence(oid('1.2.840.113549.1.1.11'), Uint8Array.of(5, 0)), digest: 'sha256' }
  throw new SallyportError('SP-CONFIG', 'the key of the authority is none of EC, Ed25519 and RSA')
}

function spkiOf(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

/** Twenty bytes that name a key; any digest of it will do (RFC 7093, section 2). */
function keyIdentifier(key: KeyObject): Uint8Array {
  return createHash('sha256').update(spkiOf(key)).digest().subarray(0, 20)
}

/** Positive, and of one length, so that it reads the same everywhere. */
export function newSerial(): Uint8Array {
  const bytes = randomBytes(SERIAL_BYTES)
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return bytes
}

/** A distinguished name of a common name alone. */
export function commonName(name: string): Uint8Array {
  return sequence(der(TAG.set, sequence(oid('2.5.4.3'), der(TAG.utf8, Buffer.from(name)))))
}

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const mark = critical ? [der(TAG.boolean, Uint8Array.of(0xff))] : []
  return sequence(oid(id), ...mark, der(TAG.octetString, value))
}

/** The issuer as its own certificate names it, byte by byte. Throws `SP-CONFIG` for one of before version 3. */
export function issuerOf(own: X509Certificate, key: KeyObject, signer: KeyObject): Issuer {
  const [whole] = elementsOf(own.raw)
  const [body] = elementsOf(whole?.content ?? new Uint8Array(0))
  const [version, , , , , name] = elementsOf(body?.content ?? new Uint8Array(0))
  if (version?.tag !== 0xa0 || name?.tag !== TAG.sequence) {
    throw new SallyportError('SP-CONFIG', 'the certificate of the authority is of an old version')
  }
  return { name: name.whole, key, signer, namesKey: own.raw.includes(Buffer.from(keyIdentifier(key))) }
}

/** PEM of what `der` made. */
export function certificatePem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

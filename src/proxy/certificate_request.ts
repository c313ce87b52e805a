import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { SallyportError } from '../errors.ts'
import { type Element, elementsOf, oid, TAG } from './der.ts'

const MAX_PEM_CHARS = 16 * 1024
const MIN_RSA_BITS = 2048
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** Signature algorithms of a request: the digest that Node has to be told, or null where the key says it. */
const ALGORITHMS: readonly (readonly [Uint8Array, string | null])[] = [
  [oid('1.2.840.10045.4.3.2'), 'sha256'],
  [oid('1.2.840.10045.4.3.3'), 'sha384'],
  [oid('1.2.840.10045.4.3.4'), 'sha512'],
  [oid('1.2.840.113549.1.1.11'), 'sha256'],
  [oid('1.2.840.113549.1.1.12'), 'sha384'],
  [oid('1.2.840.113549.1.1.13'), 'sha512'],
  [oid('1.3.101.112'), null],
]

const PEM = /^\s*-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/

/**
 * The key that a certificate is wanted for: of a certification request (PKCS#10, RFC 2986), whose signature is verified and
 * whose names count for nothing, or a public key alone. Throws `SP-INPUT`.
 */
export function wantedKey(pem: string): KeyObject {
  const [, label, body] = pem.length > MAX_PEM_CHARS ? [] : (PEM.exec(pem) ?? [])
  const bytes = Buffer.from(body ?? '', 'base64')
  if (label === 'PUBLIC KEY') return sound(publicKey(bytes))
  if (label === 'CERTIFICATE REQUEST' || label === 'NEW CERTIFICATE REQUEST') return sound(keyOfRequest(bytes))
  throw unfit('is no certification request and no public key, PEM')
}

function keyOfRequest(bytes: Uint8Array): KeyObject {
  const [request, ...more] = elementsOf(bytes)
  const [info, algorithm, signature] = children(request, TAG.sequence)
  const [version, , spki] = children(info, TAG.sequence)
  if (more.length > 0 || version?.tag !== TAG.integer || !spki || signature?.tag !== TAG.bitString || !info) {
    throw unfit('is malformed')
  }
  const key = publicKey(spki.whole)
  const [name] = children(algorithm, TAG.sequence)
  const found = ALGORITHMS.find(([id]) => name !== undefined && Buffer.compare(id, name.whole) === 0)
  if (found === undefined) throw unfit('is signed by an algorithm that is not known here')
  if (!signed(found[1], info.whole, key, signature.content.subarray(1))) throw unfit('is not signed by its own key')
  return key
}

function signed(digest: string | null, data: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(digest, data, key, signature)
  } catch {
    return false
  }
}

function children(element: Element | undefined, tag: number): Element[] {
  if (element?.tag !== tag) throw unfit('is malformed')
  return elementsOf(element.content)
}

function publicKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    throw unfit('holds no public key')
  }
}

function sound(key: KeyObject): KeyObject {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const { asymmetricKeyType: type } = key
  const strong =
    type === 'ed25519' ||
    (type === 'ec' && CURVES.has(namedCurve)) ||
    (type === 'rsa' && modulusLength >= MIN_RSA_BITS && modulusLength <= 8192)
  if (!strong) throw unfit('has a key of another kind than Ed25519, P-256, P-384, P-521 and RSA of 2048 bits')
  return key
}

function unfit(why: string): SallyportError {
  return new SallyportError('SP-INPUT', `the certification request ${why}`)
}

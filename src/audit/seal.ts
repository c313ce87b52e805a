import { hash } from 'node:crypto'
import nacl from 'tweetnacl'
import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { SallyportError } from '../errors.ts'

/**
 * What is encrypted to a public key, so that who wrote it can't read it back: NaCl's box (X25519, XSalsa20, Poly1305)
 * under a key pair that the sealer made for itself. As bytes:
 *
 *     1 byte   version, 1
 *     8 bytes  the recipient: the first 8 bytes of the SHA-256 of its public key
 *     32 bytes the sealer's public key
 *     24 bytes the nonce: 16 random bytes of the sealer, and its count of sealed texts, big-endian
 *     the rest the box: its tag of 16 bytes, and as many bytes as were sealed
 *
 * As text: `sealed:1:`, the recipient in hex, `:`, and all of these bytes in base64.
 */
const VERSION = 1
const KEY_BYTES = 32
const RECIPIENT_BYTES = 8
const PREFIX_BYTES = 16
const NONCE_BYTES = 24
const KEY_AT = 1 + RECIPIENT_BYTES
const NONCE_AT = KEY_AT + KEY_BYTES
const BOX_AT = NONCE_AT + NONCE_BYTES
const TAG_BYTES = 16
/** Shared keys that an opener keeps: each takes some milliseconds to make, and a sealer is in use for many texts. */
const KEPT_KEYS = 256

/** How many random bytes a sealer is made from: a secret key, and the begin of its nonces. */
export const SEALER_RANDOM_BYTES = KEY_BYTES + PREFIX_BYTES
/** A sealed text, wherever it stands. */
export const SEALED_TEXT = /sealed:1:[0-9a-f]{16}:[A-Za-z0-9+/]{108,}={0,2}/g

/** Why nothing can be sealed to this key, or null. A point of low order would make a key that anybody knows. */
export function recipientProblem(publicKey: Uint8Array): string | null {
  if (publicKey.length !== KEY_BYTES) return `must be an X25519 public key: ${KEY_BYTES} bytes`
  const probe = nacl.scalarMult(new Uint8Array(KEY_BYTES).fill(1), publicKey)
  return probe.every((byte) => byte === 0) ? 'is no key of a person: what is sealed to it, anybody could open' : null
}

/** Names a public key in what is sealed to it: hex. */
export function keyFingerprint(publicKey: Uint8Array): string {
  return hash('sha256', publicKey, 'hex').slice(0, RECIPIENT_BYTES * 2)
}

/** The public key of a secret key. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  return nacl.box.keyPair.fromSecretKey(secretKey).publicKey
}

/**
 * Seals to one recipient. Making one takes some 12 ms, and each text then a hundred microseconds or less: keep it for a
 * while, not for ever, since what it holds in memory opens what it has sealed.
 */
export class Sealer {
  /** The fingerprint of the recipient. */
  readonly recipient: string
  readonly #key: Uint8Array
  readonly #head: Uint8Array
  #count = 0n

  /** `random`: `SEALER_RANDOM_BYTES` of them, for this sealer alone. */
  constructor(recipient: Uint8Array, random: Uint8Array) {
    const problem = recipientProblem(recipient)
    if (problem !== null) throw new SallyportError('SP-INPUT', `the key to seal to ${problem}`)
    if (random.length !== SEALER_RANDOM_BYTES) throw new SallyportError('SP-INTERNAL', 'a sealer needs random bytes')
    const own = nacl.box.keyPair.fromSecretKey(random.slice(0, KEY_BYTES))
    this.#key = nacl.box.before(recipient, own.secretKey)
    own.secretKey.fill(0)
    this.recipient = keyFingerprint(recipient)
    this.#head = new Uint8Array(BOX_AT)
    this.#head[0] = VERSION
    this.#head.set(hash('sha256', recipient, 'buffer').subarray(0, RECIPIENT_BYTES), 1)
    this.#head.set(own.publicKey, KEY_AT)
    this.#head.set(random.subarray(KEY_BYTES), NONCE_AT)
  }

  seal(plain: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(BOX_AT + TAG_BYTES + plain.length)
    sealed.set(this.#head)
    new DataView(sealed.buffer).setBigUint64(NONCE_AT + PREFIX_BYTES, this.#count++)
    sealed.set(nacl.secretbox(plain, sealed.subarray(NONCE_AT, BOX_AT), this.#key), BOX_AT)
    return sealed
  }

  sealText(text: string): string {
    return `sealed:${VERSION}:${this.recipient}:${toBase64(this.seal(new TextEncoder().encode(text)))}`
  }
}

/** Opens what was sealed to its key. */
export class Opener {
  /** The fingerprint of its public key. */
  readonly recipient: string
  readonly #secretKey: Uint8Array
  readonly #shared = new Map<string, Uint8Array>()

  constructor(secretKey: Uint8Array) {
    if (secretKey.length !== KEY_BYTES)
      throw new SallyportError('SP-INPUT', `the secret key must have ${KEY_BYTES} bytes`)
    this.#secretKey = secretKey
    this.recipient = keyFingerprint(publicKeyOf(secretKey))
  }

  /** Rejects what is for another key, of another version or changed, with `SP-INPUT`. */
  open(sealed: Uint8Array): Uint8Array {
    if (sealed[0] !== VERSION || sealed.length < BOX_AT + TAG_BYTES) throw refused('is none of version 1')
    const recipient = [...sealed.subarray(1, KEY_AT)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    if (recipient !== this.recipient) throw refused(`is for the key ${recipient}, and this one is ${this.recipient}`)
    const key = this.#keyWith(sealed.subarray(KEY_AT, NONCE_AT))
    const plain = nacl.secretbox.open(sealed.subarray(BOX_AT), sealed.subarray(NONCE_AT, BOX_AT), key)
    if (plain === null) throw refused('was changed')
    return plain
  }

  openText(sealed: string): string {
    const bytes = fromBase64(sealed.slice(sealed.lastIndexOf(':') + 1))
    if (bytes === null) throw refused('is not whole')
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.open(bytes))
  }

  #keyWith(sealer: Uint8Array): Uint8Array {
    const name = toBase64(sealer)
    const known = this.#shared.get(name)
    if (known !== undefined) return known
    if (this.#shared.size >= KEPT_KEYS) this.#shared.clear()
    const made = nacl.box.before(sealer, this.#secretKey)
    this.#shared.set(name, made)
    return made
  }
}

function refused(why: string): SallyportError {
  return new SallyportError('SP-INPUT', `the sealed text ${why}`)
}

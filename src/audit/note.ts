import type { KeyObject } from 'node:crypto'
import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { fromBase64, toBase64 } from '../bytes/base64.ts'

/** Signature types of c2sp.org/signed-note: Ed25519, and the time-stamped cosignature of c2sp.org/tlog-cosignature. */
export const SIGNED = 1
export const COSIGNED = 4

/** A key as `<name>+<id>+<base64>` names it; `private` where it came from the private form, which Go's `note` writes. */
export interface NoteKey {
  readonly name: string
  /** 8 hex digits. */
  readonly id: string
  readonly type: typeof SIGNED | typeof COSIGNED
  readonly vkey: string
  readonly public: KeyObject
  readonly private: KeyObject | null
}

export interface OpenNote {
  /** With its final newline. */
  readonly text: string
  /** The known keys that signed it, in the order of the signatures. */
  readonly by: readonly NoteKey[]
  /** Of cosignatures, in seconds since 1970, by key. */
  readonly times: ReadonlyMap<NoteKey, number>
  /** How many signatures are of keys that are not known here. */
  readonly unknown: number
}

const PRIVATE = 'PRIVATE+KEY+'
const SEED_BYTES = 32
const ID_BYTES = 4
const TIME_BYTES = 8
const SIGNATURE_BYTES = 64
const MAX_SIGNATURES = 100
const MAX_NOTE_CHARS = 1_000_000
/** RFC 8410: the fixed beginning of an Ed25519 key in PKCS #8 and in SPKI. */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
const SPKI = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]

const encoder = new TextEncoder()

/** The private form of a key whose 32 bytes of randomness are given. */
export function skeyOf(name: string, seed: Uint8Array, type: NoteKey['type'] = SIGNED): string {
  if (!isName(name)) throw new TypeError('a name of a key is not empty, and has no blanks and no plus')
  if (seed.length !== SEED_BYTES) throw new TypeError('a seed has 32 bytes')
  return `${PRIVATE}${name}+${keyId(name, type, rawPublic(privateKey(seed)))}+${toBase64(Uint8Array.of(type, ...seed))}`
}

/** The key of its private or public form; null where the text is neither, or its id is that of another key. */
export function noteKey(text: string): NoteKey | null {
  const isPrivate = text.startsWith(PRIVATE)
  const [name, id, data, ...rest] = (isPrivate ? text.slice(PRIVATE.length) : text).split('+')
  // Base64 has pluses of its own.
  const bytes = fromBase64([data, ...rest].join('+'))
  const type = bytes?.[0]
  if (name === undefined || !isName(name) || bytes === null || bytes.length !== 1 + SEED_BYTES) return null
  if (type !== SIGNED && type !== COSIGNED) return null
  const own = isPrivate ? privateKey(bytes.subarray(1)) : null
  const raw = own === null ? bytes.subarray(1) : rawPublic(own)
  if (id !== keyId(name, type, raw)) return null
  const vkey = `${name}+${id}+${toBase64(Uint8Array.of(type, ...raw))}`
  return { name, id, type, vkey, public: publicKey(raw), private: own }
}

/** A note of a text that ends in a newline, signed by each of the keys; `seconds` is for cosignatures. */
export function signNote(text: string, keys: readonly NoteKey[], seconds = 0): string {
  if (!text.endsWith('\n') || !isText(text)) throw new TypeError('not the text of a note')
  return `${text}\n${keys.map((key) => signatureLine(text, key, seconds)).join('')}`
}

/** The line that a key adds to a note. */
export function signatureLine(text: string, key: NoteKey, seconds = 0): string {
  if (key.private === null) throw new TypeError(`${key.name}: the private key is needed to sign`)
  const signature = sign(null, signedBytes(text, key, seconds), key.private)
  const time = key.type === COSIGNED ? timeBytes(seconds) : new Uint8Array()
  return `— ${key.name} ${toBase64(Uint8Array.of(...idBytes(key.id), ...time, ...signature))}\n`
}

/**
 * The text of a note that at least one of the keys signed, or why not. Signatures of other keys are ignored; a bad one of
 * a known key rejects the note (c2sp.org/signed-note).
 */
export function openNote(note: string, known: readonly NoteKey[]): OpenNote | string {
  const parts = splitNote(note)
  if (parts === null) return 'not a signed note'
  const by: NoteKey[] = []
  const times = new Map<NoteKey, number>()
  let unknown = 0
  for (const { name, id, signature } of parts.signatures) {
    const keys = known.filter((key) => key.name === name && key.id === id)
    if (keys.length === 0) unknown += 1
    else {
      const key = keys.find((one) => isSignedBy(parts.text, one, signature))
      if (key === undefined) return `the signature of ${name}+${id} is wrong`
      if (!by.includes(key)) by.push(key)
      if (key.type === COSIGNED) times.set(key, timeOf(signature))
    }
  }
  return by.length === 0 ? 'no known key signed it' : { text: parts.text, by, times, unknown }
}

interface Signature {
  readonly name: string
  readonly id: string
  readonly signature: Uint8Array
}

function splitNote(note: string): { text: string; signatures: Signature[] } | null {
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || note.length > MAX_NOTE_CHARS || !note.endsWith('\n') || !isText(note)) return null
  const lines = note.slice(end + 2, -1).split('\n')
  const signatures = lines.map(readSignature).filter((one) => one !== null)
  if (signatures.length !== lines.length || lines.length > MAX_SIGNATURES) return null
  return { text: note.slice(0, end + 1), signatures }
}

function readSignature(line: string): Signature | null {
  const [dash, name, data, ...rest] = line.split(' ')
  if (dash !== '—' || name === undefined || data === undefined || rest.length > 0 || !isName(name)) return null
  const bytes = fromBase64(data)
  if (bytes === null || bytes.length <= ID_BYTES) return null
  return { name, id: hex(bytes.subarray(0, ID_BYTES)), signature: bytes.subarray(ID_BYTES) }
}

function isSignedBy(text: string, key: NoteKey, signature: Uint8Array): boolean {
  const before = key.type === COSIGNED ? TIME_BYTES : 0
  if (signature.length !== before + SIGNATURE_BYTES) return false
  const seconds = key.type === COSIGNED ? timeOf(signature) : 0
  if (!Number.isSafeInteger(seconds)) return false
  return verify(null, signedBytes(text, key, seconds), key.public, signature.subarray(before))
}

/** What the key signs: the text, or for a cosignature a header with the time before it. */
function signedBytes(text: string, key: NoteKey, seconds: number): Uint8Array {
  return encoder.encode(key.type === COSIGNED ? `cosignature/v1\ntime ${seconds}\n${text}` : text)
}

function timeBytes(seconds: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds))
  return bytes
}

function timeOf(signature: Uint8Array): number {
  return Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0))
}

/** The first four bytes of SHA-256(name, newline, type, public key), hex. */
function keyId(name: string, type: number, raw: Uint8Array): string {
  return hash('sha256', Uint8Array.of(...encoder.encode(name), 0x0a, type, ...raw), 'hex').slice(0, 2 * ID_BYTES)
}

function idBytes(id: string): number[] {
  return [0, 2, 4, 6].map((at) => Number.parseInt(id.slice(at, at + 2), 16))
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function privateKey(seed: Uint8Array): KeyObject {
  return createPrivateKey(pem('PRIVATE KEY', [...PKCS8, ...seed]))
}

function publicKey(raw: Uint8Array): KeyObject {
  return createPublicKey(pem('PUBLIC KEY', [...SPKI, ...raw]))
}

function rawPublic(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length)
}

function pem(label: string, der: readonly number[]): string {
  return `-----BEGIN ${label}-----\n${toBase64(Uint8Array.from(der))}\n-----END ${label}-----\n`
}

function isName(name: string): boolean {
  return name !== '' && isText(name) && !/[\p{White_Space}+]/u.test(name)
}

/** Well-formed, with no control character but newlines. */
function isText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it looks for
  return text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text)
}

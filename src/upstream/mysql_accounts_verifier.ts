import { hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeUtf8 } from '../bytes/writer.ts'

/**
 * What the server keeps of a password, made here, so that the password stands in no statement and in no log of one.
 */

/** What `caching_sha2_password_digest_rounds` is at least; the password is random, so more would protect nothing. */
const ROUNDS = 5_000
/** Rounds between two turns of the event loop: some 0.3 ms. */
const ROUNDS_PER_TURN = 250
const SALT_BYTES = 20
const DIGEST_BYTES = 32
const CYCLE = 42
/** MySQL keeps a salt as text, so no byte of it may end or split that (`sha2_password_common`, generate_user_salt). */
const ASCII = 0x7f
const DOLLAR = 0x24
/** SHA-crypt's own order of letters, and of the bytes that each four of them hold (Drepper, "Unix crypt using SHA-256"). */
const LETTERS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LETTER_BITS = 6
const TRIPLES = [
  [0, 10, 20],
  [21, 1, 11],
  [12, 22, 2],
  [3, 13, 23],
  [24, 4, 14],
  [15, 25, 5],
  [6, 16, 26],
  [27, 7, 17],
  [18, 28, 8],
  [9, 19, 29],
] as const

/** How CREATE USER names what is kept of a password: `IDENTIFIED ...`. */
export async function identifiedBy(
  password: string,
  mariadb: boolean,
  random: (bytes: number) => Uint8Array,
): Promise<string> {
  // The strongest that both the server and our own login speak; the password is random, and TLS hides what is sent.
  if (mariadb) return `IDENTIFIED VIA mysql_native_password USING '${nativeVerifier(password)}'`
  const verifier = await cachingSha2Verifier(password, random(SALT_BYTES))
  return `IDENTIFIED WITH caching_sha2_password AS 0x${Buffer.from(verifier).toString('hex')}`
}

/** The `authentication_string` of `caching_sha2_password`: `$A$005$`, salt and SHA-crypt of the password. */
export async function cachingSha2Verifier(password: string, random: Uint8Array): Promise<Uint8Array> {
  const salt = random.subarray(0, SALT_BYTES).map((byte) => {
    const character = byte & ASCII
    return character === 0 || character === DOLLAR ? character + 1 : character
  })
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`)
  const head = encodeUtf8(`$A$${(ROUNDS / 1_000).toString(16).toUpperCase().padStart(3, '0')}$`)
  const digest = encodeUtf8(await shaCrypt(encodeUtf8(password), salt))
  return new Uint8Array(Buffer.concat([head, salt, digest]))
}

/** The hash of `mysql_native_password`: SHA1(SHA1(password)). */
export function nativeVerifier(password: string): string {
  return `*${hash('sha1', hash('sha1', password, 'buffer'), 'hex').toUpperCase()}`
}

async function shaCrypt(password: Uint8Array, salt: Uint8Array): Promise<string> {
  const { length } = password
  const mixed = sha256(password, salt, password)
  const bits: Uint8Array[] = []
  for (let rest = length; rest > 0; rest >>= 1) bits.push(rest & 1 ? mixed : password)
  let digest = sha256(password, salt, repeated(mixed, length), ...bits)
  const p = repeated(sha256(...Array<Uint8Array>(length).fill(password)), length)
  const s = repeated(sha256(...Array<Uint8Array>(16 + (digest[0] ?? 0)).fill(salt)), salt.length)
  // What a round hashes repeats after 2 * 3 * 7 rounds, but for the digest before it, which has its place in each.
  const layouts = Array.from({ length: CYCLE }, (_, round) => layoutOf(round, p, s))
  for (let round = 0; round < ROUNDS; round++) {
    if (round % ROUNDS_PER_TURN === 0) await nextTurn()
    const layout = layouts[round % CYCLE]
    if (!layout) continue
    layout.bytes.set(digest, layout.at)
    digest = hash('sha256', layout.bytes, 'buffer')
  }
  return lettersOf(digest)
}

/** What one round hashes, with the place where the digest of the round before goes. */
function layoutOf(round: number, p: Uint8Array, s: Uint8Array): { readonly bytes: Uint8Array; readonly at: number } {
  const blank = new Uint8Array(DIGEST_BYTES)
  const odd = round % 2 === 1
  const before = [odd ? p : blank, ...(round % 3 === 0 ? [] : [s]), ...(round % 7 === 0 ? [] : [p])]
  const bytes = new Uint8Array(Buffer.concat([...before, odd ? blank : p]))
  return { bytes, at: odd ? bytes.length - DIGEST_BYTES : 0 }
}

function lettersOf(digest: Uint8Array): string {
  const at = (index: number) => digest[index] ?? 0
  const words = TRIPLES.map(([a, b, c]) => letters((at(a) << 16) | (at(b) << 8) | at(c), 4))
  return words.join('') + letters((at(31) << 8) | at(30), 3)
}

function letters(value: number, count: number): string {
  let text = ''
  for (let index = 0; index < count; index++) text += LETTERS[(value >>> (LETTER_BITS * index)) & 0x3f]
  return text
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash('sha256', Buffer.concat(parts), 'buffer')
}

function repeated(digest: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => digest[index % DIGEST_BYTES] ?? 0)
}

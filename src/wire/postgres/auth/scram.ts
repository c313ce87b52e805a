import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { encodeUtf8 } from '../../../bytes/writer.ts'
import { SallyportError } from '../../../errors.ts'
import { broken, decodeText } from '../message.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { saltedPassword } from './salted_passwords.ts'
import { saslPrep } from './saslprep.ts'

/** PBKDF2 runs on the thread that carries data; more rounds than this from a server would be a stall. */
const MAX_ITERATIONS = 600_000
/** A nonce of PostgreSQL has 24 characters, ours included in the server's: ample for any other. */
const MAX_NONCE_CHARS = 256
const MAX_SALT_CHARS = 1024
const KEY_BYTES = 32

/** RFC 5802 section 5.1: printable ASCII without the comma. */
const NONCE = /^[\x21-\x2b\x2d-\x7e]+$/
/** Without extensions: an unknown one changes the meaning (RFC 5802, "m"), and PostgreSQL sends none. */
const SERVER_FIRST = /^r=([^,]*),s=([^,]*),i=([1-9][0-9]{0,9})$/

/**
 * Channel binding (RFC 5802 section 6): `none` without TLS, `unoffered` when the client could bind but the server
 * did not offer it (so that the server notices if an attacker struck -PLUS from the list), or the data of
 * tls-server-end-point (RFC 5929 section 4: the hash of the server's certificate).
 */
export type ScramBinding =
  | { readonly kind: 'none' }
  | { readonly kind: 'unoffered' }
  | { readonly kind: 'tlsServerEndPoint'; readonly hash: Uint8Array }

export interface ScramChoice {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS'
  readonly binding: ScramBinding
}

interface ScramStarted {
  readonly nonce: string
  readonly gs2Header: string
  readonly binding: ScramBinding
  readonly firstBare: string
}

interface ScramAnswered {
  readonly serverSignature: Uint8Array
}

/** The strongest offered mechanism; `endPoint` is the certificate hash, or null without TLS. */
export function chooseScram(mechanisms: readonly string[], endPoint: Uint8Array | null): ScramChoice {
  if (endPoint !== null && mechanisms.includes('SCRAM-SHA-256-PLUS')) {
    return { mechanism: 'SCRAM-SHA-256-PLUS', binding: { kind: 'tlsServerEndPoint', hash: endPoint } }
  }
  if (!mechanisms.includes('SCRAM-SHA-256')) {
    throw new SallyportError('SP-UNSUPPORTED', 'the server offers no SASL mechanism that is known here')
  }
  return { mechanism: 'SCRAM-SHA-256', binding: { kind: endPoint === null ? 'none' : 'unoffered' } }
}

/** client-first-message. PostgreSQL takes the user of the StartupMessage and ignores `user`, so it may be empty. */
export function startScram(
  user: string,
  nonce: string,
  binding: ScramBinding,
): { readonly state: ScramStarted; readonly message: Uint8Array } {
  if (!NONCE.test(nonce)) throw new SallyportError('SP-INTERNAL', 'a SCRAM nonce is not printable')
  const gs2Header = { none: 'n,,', unoffered: 'y,,', tlsServerEndPoint: 'p=tls-server-end-point,,' }[binding.kind]
  const firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  return { state: { nonce, gs2Header, binding, firstBare }, message: encodeUtf8(gs2Header + firstBare) }
}

/** client-final-message for the server-first-message. A malformed or immoderate one throws `SP-PROTOCOL`. */
export function answerScram(
  started: ScramStarted,
  serverFirst: Uint8Array,
  password: string,
): { readonly state: ScramAnswered; readonly message: Uint8Array } {
  const text = decodeText(serverFirst)
  const { nonce, salt, iterations } = readServerFirst(text, started.nonce)
  const salted = saltedPassword(saslPrep(password), salt, iterations)
  const withoutProof = `c=${bindingInput(started)},r=${nonce}`
  const authMessage = `${started.firstBare},${text},${withoutProof}`
  const clientKey = hmac(salted, 'Client Key')
  const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage)
  const proof = clientKey.map((byte, i) => byte ^ signature[i]!)
  const serverSignature = hmac(hmac(salted, 'Server Key'), authMessage)
  return { state: { serverSignature }, message: encodeUtf8(`${withoutProof},p=${toBase64(proof)}`) }
}

/**
 * Checks the server-final-message. A wrong signature means that the server doesn't know the password's verifier:
 * it isn't the server that it claims to be, and the login ends with `SP-UPSTREAM`.
 */
export function finishScram(answered: ScramAnswered, serverFinal: Uint8Array): void {
  const text = decodeText(serverFinal)
  if (text.startsWith('e=')) throw new SallyportError('SP-UPSTREAM', 'the server refused the SCRAM exchange')
  if (!text.startsWith('v=')) throw broken('a SCRAM server-final-message has no signature')
  const signature = fromBase64(text.slice(2))
  if (signature.length !== KEY_BYTES || !timingSafeEqual(signature, answered.serverSignature)) {
    throw new SallyportError('SP-UPSTREAM', 'the server did not prove that it knows the password')
  }
}

function readServerFirst(text: string, clientNonce: string): { nonce: string; salt: Uint8Array; iterations: number } {
  const [, nonce, salt, iterations] = SERVER_FIRST.exec(text) ?? []
  if (nonce === undefined || salt === undefined) throw broken('a SCRAM server-first-message is malformed')
  if (nonce.length > clientNonce.length + MAX_NONCE_CHARS || !NONCE.test(nonce))
    throw broken('a SCRAM nonce is malformed')
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length) throw broken('a SCRAM nonce is not ours')
  if (salt.length === 0 || salt.length > MAX_SALT_CHARS) throw broken('a SCRAM salt is missing or too long')
  const rounds = Number(iterations)
  if (rounds > MAX_ITERATIONS) throw broken(`a SCRAM iteration count is above ${MAX_ITERATIONS}`)
  return { nonce, salt: fromBase64(salt), iterations: rounds }
}

/** cbind-input: the header that was sent, then the binding data when there is some. */
function bindingInput({ gs2Header, binding }: ScramStarted): string {
  const header = encodeUtf8(gs2Header)
  if (binding.kind !== 'tlsServerEndPoint') return toBase64(header)
  const input = new Uint8Array(header.length + binding.hash.length)
  input.set(header)
  input.set(binding.hash, header.length)
  return toBase64(input)
}

function hmac(key: Uint8Array, data: string): Uint8Array {
  return createHmac('sha256', key).update(data).digest()
}

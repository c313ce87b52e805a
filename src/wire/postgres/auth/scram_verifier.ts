import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { encodeUtf8 } from '../../../bytes/writer.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** PostgreSQL's default (SCRAM_SHA_256_DEFAULT_ITERATIONS). What is protected here has 160 random bits of its own. */
export const SCRAM_ITERATIONS = 4096
/** SCRAM_DEFAULT_SALT_LEN of PostgreSQL. */
export const SCRAM_SALT_BYTES = 16
const KEY_BYTES = 32

/** What a server keeps in place of a password (RFC 5802, section 3). */
export interface ScramVerifier {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

const STORED = /^SCRAM-SHA-256\$([1-9][0-9]{0,6}):([A-Za-z0-9+/=]{4,1024})\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})$/

/** The verifier of a password in the form of RFC 5803, as `pg_authid` has it too. The password is ASCII. */
export function scramVerifier(password: string, salt: Uint8Array): string {
  const salted = pbkdf2Sync(encodeUtf8(password), salt, SCRAM_ITERATIONS, KEY_BYTES, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest()
  const serverKey = createHmac('sha256', salted).update('Server Key').digest()
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${toBase64(salt)}$${toBase64(storedKey)}:${toBase64(serverKey)}`
}

/** Null for a text of another form. */
export function readScramVerifier(text: string): ScramVerifier | null {
  const [, iterations, salt, storedKey, serverKey] = STORED.exec(text) ?? []
  if (salt === undefined || storedKey === undefined || serverKey === undefined) return null
  try {
    const read = { salt: fromBase64(salt), storedKey: fromBase64(storedKey), serverKey: fromBase64(serverKey) }
    return { iterations: Number(iterations), ...read }
  } catch {
    return null
  }
}

/**
 * What stands in for the verifier of somebody who has none: the same user gets the same salt under one key, so that the
 * exchange tells nobody who has a password (RFC 5802, section 9, and PostgreSQL's mock authentication). No proof fits it.
 */
export function mockVerifier(key: Uint8Array, user: string): ScramVerifier {
  const part = (name: string): Uint8Array => createHmac('sha256', key).update(`${name}\0${user}`).digest()
  return {
    iterations: SCRAM_ITERATIONS,
    salt: part('salt').subarray(0, SCRAM_SALT_BYTES),
    storedKey: part('stored key'),
    serverKey: part('server key'),
  }
}

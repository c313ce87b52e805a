import { createHash, pbkdf2Sync } from 'node:crypto'
import { encodeUtf8 } from '../../../bytes/writer.ts'

const KEY_BYTES = 32
/** Accounts times servers; each entry is two digests. */
const MAX_ENTRIES = 256

const known = new Map<string, Uint8Array>()

/**
 * SaltedPassword (RFC 5802, section 3), kept for the next login with the same password, salt and count: a server gives
 * one account the same salt every time, and 4096 rounds were a third of what a connection cost, during which no other
 * session of the process moved. Kept under a digest, so that no password stays here; the oldest goes first.
 */
export function saltedPassword(prepared: string, salt: Uint8Array, iterations: number): Uint8Array {
  const password = encodeUtf8(prepared)
  const key = createHash('sha256')
    .update(`${salt.length}\0${iterations}\0`)
    .update(salt)
    .update(password)
    .digest('base64')
  const found = known.get(key)
  if (found) {
    known.delete(key)
    known.set(key, found)
    return found
  }
  const made = pbkdf2Sync(password, salt, iterations, KEY_BYTES, 'sha256')
  if (known.size >= MAX_ENTRIES) known.delete(known.keys().next().value as string)
  known.set(key, made)
  return made
}

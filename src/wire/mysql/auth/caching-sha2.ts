import { constants, createHash, publicEncrypt, timingSafeEqual } from 'node:crypto'
import { encodeUtf8 } from '../../../bytes/writer.ts'
import { broken } from '../text.ts'
import { clearPasswordAnswer } from './clear-password.ts'
import { xor } from './xor.ts'

/** What the plugin's packets of one byte say: two in AuthMoreData of the server, one of the client. */
export const CACHING_SHA2_BYTE = { publicKeyRequest: 2, fastOk: 3, fullWanted: 4 } as const

/** SHA256(p) XOR SHA256(SHA256(SHA256(p)), scramble) ("Caching_sha2_password"); nothing for an empty password. */
export function cachingSha2Answer(password: string, scramble: Uint8Array): Uint8Array {
  if (password === '') return new Uint8Array(0)
  const once = sha256(encodeUtf8(password))
  return xor(once, sha256(sha256(once), scramble))
}

const DIGEST_BYTES = 32

/** What a server's fast path checks an answer with: SHA256(SHA256(password)). The password is never needed. */
export function cachingSha2Fits(answer: Uint8Array, scramble: Uint8Array, stored: Uint8Array): boolean {
  if (answer.length !== DIGEST_BYTES || stored.length !== DIGEST_BYTES) return false
  return timingSafeEqual(sha256(xor(answer, sha256(stored, scramble))), stored)
}

/**
 * Full authentication without TLS, after the server has asked for it (`fullWanted`) and, itself asked (`publicKeyRequest`),
 * given its key: password and NUL, XOR the scramble, under the server's RSA key (OAEP with SHA-1).
 * The key comes from the peer, so this keeps out listeners and not a peer that lies. A bad key throws `SP-PROTOCOL`.
 */
export function cachingSha2Encrypted(password: string, scramble: Uint8Array, publicKeyPem: string): Uint8Array {
  const masked = xor(clearPasswordAnswer(password), scramble)
  try {
    return publicEncrypt({ key: publicKeyPem, padding: constants.RSA_PKCS1_OAEP_PADDING }, masked)
  } catch {
    throw broken('the public key of the server cannot encrypt the password')
  }
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

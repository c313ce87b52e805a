import { createHash } from 'node:crypto'
import { encodeUtf8 } from '../../../bytes/writer.ts'
import { xor } from './xor.ts'

/** mysql_native_password: SHA1(p) XOR SHA1(scramble, SHA1(SHA1(p))) ("Native Authentication"); nothing for an empty password. */
export function nativePasswordAnswer(password: string, scramble: Uint8Array): Uint8Array {
  if (password === '') return new Uint8Array(0)
  const once = sha1(encodeUtf8(password))
  return xor(once, sha1(scramble, sha1(once)))
}

function sha1(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

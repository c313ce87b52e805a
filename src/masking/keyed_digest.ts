import { createHmac, createSecretKey } from 'node:crypto'
import { SallyportError } from '../errors.ts'

/** HMAC-SHA-256 (RFC 2104) of values under one key. A value without a key could be found by trying all others. */
export function keyedDigest(key: Uint8Array): (value: Uint8Array) => Uint8Array {
  if (key.length === 0) throw new SallyportError('SP-CONFIG', 'a keyed mask has an empty key')
  const secret = createSecretKey(key)
  return (value) => createHmac('sha256', secret).update(value).digest()
}

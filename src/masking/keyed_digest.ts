import { createHmac, createSecretKey } from 'node:crypto'
import { encodeUtf8 } from '../bytes/writer.ts'
import { SallyportError } from '../errors.ts'

interface KeyAndScope {
  readonly key: Uint8Array
  readonly scope?: string
}

/**
 * HMAC-SHA-256 (RFC 2104) of values under one key. A value without a key could be found by trying all others. A scope
 * has a key of its own that is derived from the key. `label` keeps values of one type apart from the same bytes of
 * another; text has none.
 */
export function keyedDigest({ key, scope = '' }: KeyAndScope, label = ''): (value: Uint8Array) => Uint8Array {
  if (key.length === 0) throw new SallyportError('SP-CONFIG', 'a keyed mask has an empty key')
  const secret = createSecretKey(scope === '' ? key : scoped(key, scope))
  if (label === '') return (value) => createHmac('sha256', secret).update(value).digest()
  const head = encodeUtf8(`${label}\0`)
  return (value) => createHmac('sha256', secret).update(head).update(value).digest()
}

function scoped(key: Uint8Array, scope: string): Uint8Array {
  return createHmac('sha256', key).update(`scope\0${scope}`).digest()
}

/** The first eight bytes of a digest as a whole number. */
export function digestNumber(digest: Uint8Array): bigint {
  return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
}

import type { Reader } from '../../bytes/reader.ts'
import { broken } from './message.ts'
import type { MessageWriter } from './message-writer.ts'

/** Protocol 3.0 has always 4 bytes; 3.2 has up to 256 ("BackendKeyData"). */
const MIN_KEY_BYTES = 4
const MAX_KEY_BYTES = 256

/** The secret key that ends BackendKeyData and CancelRequest: all of the rest. */
export function readKey(reader: Reader): Uint8Array {
  return checked(reader.rest())
}

export function writeKey(writer: MessageWriter, key: Uint8Array): void {
  writer.bytes(checked(key))
}

function checked(key: Uint8Array): Uint8Array {
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) throw broken('a cancel key has not 4 to 256 bytes')
  return key
}

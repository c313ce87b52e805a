import { Reader } from '../../../bytes/reader.ts'
import { Writer } from '../../../bytes/writer.ts'
import { readNulText, writeNulText } from '../text.ts'

/** The password and a NUL: mysql_clear_password, and full caching_sha2_password authentication inside TLS. */
export function clearPasswordAnswer(password: string): Uint8Array {
  const writer = new Writer()
  writeNulText(writer, password)
  return writer.finish()
}

/** The password of such an answer. Anything after the NUL, or no NUL at all, throws `SP-PROTOCOL`. */
export function readClearPassword(payload: Uint8Array): string {
  const reader = new Reader(payload)
  const password = readNulText(reader)
  reader.expectEnd()
  return password
}

import { Reader } from '../../../bytes/reader.ts'
import { Writer } from '../../../bytes/writer.ts'
import { readLenencText, writeLenencText } from '../lenenc.ts'
import { unsupported } from '../text.ts'

/** The one capability of the plugin: a token in compact form follows. */
const TOKEN_FOLLOWS = 1

/** The token that authentication_openid_connect_client sends: a capability byte, then the token as a length-encoded string. */
export function readOpenidToken(payload: Uint8Array): string {
  const reader = new Reader(payload)
  if (reader.u8() !== TOKEN_FOLLOWS) throw unsupported('the OpenID Connect plugin sends something other than a token')
  const token = readLenencText(reader)
  reader.expectEnd()
  return token
}

export function openidAnswer(token: string): Uint8Array {
  const writer = new Writer().u8(TOKEN_FOLLOWS)
  writeLenencText(writer, token)
  return writer.finish()
}

import { Reader } from '../../bytes/reader.ts'
import { broken, message, readString, readValue, writeString, writeValue } from './message.ts'
import { CLIENT } from './type-bytes.ts'

/** PG_MAX_AUTH_TOKEN_LENGTH of the server: bytes in one answer of the login. */
export const MAX_AUTH_BYTES = 65_535

/** The bytes are a secret; they are kept as they came, since a password need not be UTF-8 for the server. */
export interface PasswordMessage {
  readonly kind: 'passwordMessage'
  readonly password: Uint8Array
}

/** `data` is null when the client sent no initial response. */
export interface SaslInitialResponse {
  readonly kind: 'saslInitialResponse'
  readonly mechanism: string
  readonly data: Uint8Array | null
}

export interface SaslResponse {
  readonly kind: 'saslResponse'
  readonly data: Uint8Array
}

export type AuthPhase = 'password' | 'saslInitial' | 'saslResponse'

/** Byte 'p' carries three messages; which one is known only from what the server asked, hence the phase. */
export function decodeAuthResponse(
  body: Uint8Array,
  phase: AuthPhase,
): PasswordMessage | SaslInitialResponse | SaslResponse {
  if (body.length > MAX_AUTH_BYTES) throw broken('an authentication message is too large')
  const reader = new Reader(body)
  switch (phase) {
    case 'password':
      return ended(reader, { kind: 'passwordMessage', password: reader.untilNul() })
    case 'saslInitial':
      return ended(reader, {
        kind: 'saslInitialResponse',
        mechanism: readString(reader),
        data: readValue(reader),
      })
    case 'saslResponse':
      return { kind: 'saslResponse', data: body }
  }
}

export function encodePassword({ password }: PasswordMessage): Uint8Array {
  if (password.includes(0)) throw broken('a password holds a NUL')
  return message(CLIENT.authResponse, (writer) => writer.bytes(password).u8(0))
}

export function encodeSaslInitial({ mechanism, data }: SaslInitialResponse): Uint8Array {
  return message(CLIENT.authResponse, (writer) => {
    writeString(writer, mechanism)
    writeValue(writer, data)
  })
}

export function encodeSaslResponse({ data }: SaslResponse): Uint8Array {
  return message(CLIENT.authResponse, (writer) => writer.bytes(data))
}

/** `value` was read from `reader` while the arguments were evaluated; nothing may follow it. */
function ended<T>(reader: Reader, value: T): T {
  reader.expectEnd()
  return value
}

import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { readNulText, unsupported, writeNulText } from './text.ts'

export const AUTH_SWITCH_HEADER = 0xfe
export const AUTH_MORE_DATA_HEADER = 0x01

/** Protocol::AuthSwitchRequest: the login goes on with `plugin`, whose scramble is `data` with a NUL after it. */
export interface AuthSwitchRequest {
  readonly kind: 'authSwitchRequest'
  readonly plugin: string
  readonly data: Uint8Array
}

/** Protocol::AuthMoreData: what it means is the plugin's matter. */
export interface AuthMoreData {
  readonly kind: 'authMoreData'
  readonly data: Uint8Array
}

/** Protocol::AuthSwitchResponse and every later packet of the client's plugin: the whole payload. */
export interface AuthSwitchResponse {
  readonly kind: 'authSwitchResponse'
  readonly data: Uint8Array
}

/** A bare 0xfe asks for the password hash of servers before 4.1: `SP-UNSUPPORTED`. */
export function decodeAuthSwitchRequest(payload: Uint8Array): AuthSwitchRequest {
  const reader = new Reader(payload)
  if (reader.u8() !== AUTH_SWITCH_HEADER) throw unsupported('not a switch of the authentication')
  if (reader.remaining === 0) throw unsupported('the server asks for the authentication of before 4.1')
  return { kind: 'authSwitchRequest', plugin: readNulText(reader), data: reader.rest() }
}

export function encodeAuthSwitchRequest(plugin: string, data: Uint8Array): Uint8Array {
  const writer = new Writer().u8(AUTH_SWITCH_HEADER)
  writeNulText(writer, plugin)
  return writer.bytes(data).finish()
}

export function decodeAuthMoreData(payload: Uint8Array): AuthMoreData {
  const reader = new Reader(payload)
  if (reader.u8() !== AUTH_MORE_DATA_HEADER) throw unsupported('not data of the authentication')
  return { kind: 'authMoreData', data: reader.rest() }
}

export function encodeAuthMoreData(data: Uint8Array): Uint8Array {
  return new Writer(data.length + 1).u8(AUTH_MORE_DATA_HEADER).bytes(data).finish()
}

export function decodeAuthSwitchResponse(payload: Uint8Array): AuthSwitchResponse {
  return { kind: 'authSwitchResponse', data: payload }
}

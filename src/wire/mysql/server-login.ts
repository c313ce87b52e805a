import {
  AUTH_MORE_DATA_HEADER,
  AUTH_SWITCH_HEADER,
  type AuthMoreData,
  type AuthSwitchRequest,
  decodeAuthMoreData,
  decodeAuthSwitchRequest,
} from './auth-switch.ts'
import { decodeErr, decodeOk, ERR_HEADER, type Err, OK_HEADER, type Ok } from './outcome.ts'
import { unsupported } from './text.ts'

/** What a server says after its handshake until the login is done ("Connection Phase"). */
export type ServerLogin = AuthSwitchRequest | AuthMoreData | Ok | Err

/** A further factor of a login, and anything else, throws `SP-UNSUPPORTED`. */
export function decodeServerLogin(payload: Uint8Array, capabilities: number): ServerLogin {
  switch (payload[0]) {
    case OK_HEADER:
      return decodeOk(payload, capabilities)
    case ERR_HEADER:
      return decodeErr(payload)
    case AUTH_SWITCH_HEADER:
      return decodeAuthSwitchRequest(payload)
    case AUTH_MORE_DATA_HEADER:
      return decodeAuthMoreData(payload)
    default:
      throw unsupported('the server asks for something unknown during the login')
  }
}

import {
  type AuthPhase,
  decodeAuthResponse,
  encodePassword,
  encodeSaslInitial,
  encodeSaslResponse,
  type PasswordMessage,
  type SaslInitialResponse,
  type SaslResponse,
} from './auth-response.ts'
import { type Bind, decodeBind, encodeBind } from './bind.ts'
import { type CopyData, type CopyFail, decodeCopyFail, encodeCopyData, encodeCopyFail } from './copy.ts'
import type { Frame } from './framer.ts'
import { decodeFunctionCall, encodeFunctionCall, type FunctionCall } from './function-call.ts'
import { broken, message } from './message.ts'
import {
  type Close,
  type Describe,
  decodeClose,
  decodeDescribe,
  decodeExecute,
  type Execute,
  encodeClose,
  encodeDescribe,
  encodeExecute,
} from './portal.ts'
import { decodeParse, decodeQuery, encodeParse, encodeQuery, type Parse, type Query } from './query.ts'
import { CLIENT } from './type-bytes.ts'

/** A message that is its type byte alone. */
type Signal = 'copyDone' | 'flush' | 'sync' | 'terminate'

export type ClientMessage =
  | Query
  | Parse
  | Bind
  | Describe
  | Execute
  | Close
  | CopyData
  | CopyFail
  | FunctionCall
  | PasswordMessage
  | SaslInitialResponse
  | SaslResponse
  | { readonly kind: Signal }

/** What the last authentication request asked for; `ready` once the login is over. */
export type ClientPhase = AuthPhase | 'ready'

/** One message of a client after its StartupMessage. Unknown, out of phase or malformed throws `SP-PROTOCOL`. */
export function decodeClient(frame: Frame, phase: ClientPhase): ClientMessage {
  if (phase !== 'ready') {
    if (frame.type !== CLIENT.authResponse) throw broken('a message came before the login was over')
    return decodeAuthResponse(frame.body, phase)
  }
  return decodeReady(frame.type, frame.body)
}

function decodeReady(type: number, body: Uint8Array): ClientMessage {
  switch (type) {
    case CLIENT.query:
      return decodeQuery(body)
    case CLIENT.parse:
      return decodeParse(body)
    case CLIENT.bind:
      return decodeBind(body)
    case CLIENT.describe:
      return decodeDescribe(body)
    case CLIENT.execute:
      return decodeExecute(body)
    case CLIENT.close:
      return decodeClose(body)
    case CLIENT.sync:
      return signal(body, 'sync')
    case CLIENT.flush:
      return signal(body, 'flush')
    case CLIENT.terminate:
      return signal(body, 'terminate')
    case CLIENT.copyData:
      return { kind: 'copyData', data: body }
    case CLIENT.copyDone:
      return signal(body, 'copyDone')
    case CLIENT.copyFail:
      return decodeCopyFail(body)
    case CLIENT.functionCall:
      return decodeFunctionCall(body)
    default:
      throw broken('unknown client message')
  }
}

export function encodeClient(value: ClientMessage): Uint8Array {
  switch (value.kind) {
    case 'query':
      return encodeQuery(value)
    case 'parse':
      return encodeParse(value)
    case 'bind':
      return encodeBind(value)
    case 'describe':
      return encodeDescribe(value)
    case 'execute':
      return encodeExecute(value)
    case 'close':
      return encodeClose(value)
    case 'copyData':
      return encodeCopyData(value)
    case 'copyFail':
      return encodeCopyFail(value)
    case 'functionCall':
      return encodeFunctionCall(value)
    case 'passwordMessage':
      return encodePassword(value)
    case 'saslInitialResponse':
      return encodeSaslInitial(value)
    case 'saslResponse':
      return encodeSaslResponse(value)
    default:
      return message(CLIENT[value.kind])
  }
}

function signal(body: Uint8Array, kind: Signal): ClientMessage {
  if (body.length !== 0) throw broken('a message without a body has one')
  return { kind }
}

import { type Authentication, decodeAuthentication, encodeAuthentication } from './authentication.ts'
import { type CommandComplete, decodeCommandComplete, encodeCommandComplete } from './command-complete.ts'
import { type CopyData, type CopyResponse, decodeCopyResponse, encodeCopyData, encodeCopyResponse } from './copy.ts'
import type { DataRow } from './data-row.ts'
import { decodeErrorFields, type ErrorResponse, encodeErrorFields, type NoticeResponse } from './error-response.ts'
import type { Frame } from './framer.ts'
import { decodeFunctionCallResponse, encodeFunctionCallResponse, type FunctionCallResponse } from './function-call.ts'
import { broken, message } from './message.ts'
import { decodeNotification, encodeNotification, type NotificationResponse } from './notification.ts'
import {
  decodeParameterDescription,
  decodeRowDescription,
  encodeParameterDescription,
  encodeRowDescription,
  type ParameterDescription,
  type RowDescription,
  type RowDescriptionInput,
} from './row-description.ts'
import {
  type BackendKeyData,
  decodeBackendKeyData,
  decodeNegotiateProtocolVersion,
  decodeParameterStatus,
  decodeReadyForQuery,
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeReadyForQuery,
  type NegotiateProtocolVersion,
  type ParameterStatus,
  type ReadyForQuery,
} from './session-facts.ts'
import { SERVER } from './type-bytes.ts'

/** A message that is its type byte alone. */
type Signal =
  | 'parseComplete'
  | 'bindComplete'
  | 'closeComplete'
  | 'noData'
  | 'portalSuspended'
  | 'emptyQueryResponse'
  | 'copyDone'

const SIGNALS: ReadonlyMap<number, Signal> = new Map<number, Signal>([
  [SERVER.parseComplete, 'parseComplete'],
  [SERVER.bindComplete, 'bindComplete'],
  [SERVER.closeComplete, 'closeComplete'],
  [SERVER.noData, 'noData'],
  [SERVER.portalSuspended, 'portalSuspended'],
  [SERVER.emptyQueryResponse, 'emptyQueryResponse'],
  [SERVER.copyDone, 'copyDone'],
])

export type ServerMessage =
  | Authentication
  | BackendKeyData
  | ParameterStatus
  | ReadyForQuery
  | NegotiateProtocolVersion
  | RowDescription
  | ParameterDescription
  | DataRow
  | CommandComplete
  | ErrorResponse
  | NoticeResponse
  | NotificationResponse
  | CopyResponse
  | CopyData
  | FunctionCallResponse
  | { readonly kind: Signal }

/** One message of a server. Unknown or malformed throws `SP-PROTOCOL`; rows and COPY data stay raw. */
export function decodeServer({ type, body }: Frame): ServerMessage {
  switch (type) {
    case SERVER.dataRow:
      return { kind: 'dataRow', body }
    case SERVER.copyData:
      return { kind: 'copyData', data: body }
    case SERVER.commandComplete:
      return decodeCommandComplete(body)
    case SERVER.readyForQuery:
      return decodeReadyForQuery(body)
    case SERVER.rowDescription:
      return decodeRowDescription(body)
    case SERVER.parameterDescription:
      return decodeParameterDescription(body)
    case SERVER.errorResponse:
      return { kind: 'errorResponse', fields: decodeErrorFields(body) }
    case SERVER.noticeResponse:
      return { kind: 'noticeResponse', fields: decodeErrorFields(body) }
    case SERVER.notificationResponse:
      return decodeNotification(body)
    case SERVER.parameterStatus:
      return decodeParameterStatus(body)
    case SERVER.authentication:
      return decodeAuthentication(body)
    case SERVER.backendKeyData:
      return decodeBackendKeyData(body)
    case SERVER.negotiateProtocolVersion:
      return decodeNegotiateProtocolVersion(body)
    case SERVER.copyInResponse:
      return decodeCopyResponse(body, 'copyInResponse')
    case SERVER.copyOutResponse:
      return decodeCopyResponse(body, 'copyOutResponse')
    case SERVER.copyBothResponse:
      return decodeCopyResponse(body, 'copyBothResponse')
    case SERVER.functionCallResponse:
      return decodeFunctionCallResponse(body)
    default:
      return decodeSignal(type, body)
  }
}

export function encodeServer(value: ServerMessage | RowDescriptionInput): Uint8Array {
  switch (value.kind) {
    case 'dataRow':
      return message(SERVER.dataRow, (writer) => writer.bytes(value.body))
    case 'copyData':
      return encodeCopyData(value)
    case 'commandComplete':
      return encodeCommandComplete(value)
    case 'readyForQuery':
      return encodeReadyForQuery(value)
    case 'rowDescription':
      return encodeRowDescription(value)
    case 'parameterDescription':
      return encodeParameterDescription(value)
    case 'errorResponse':
    case 'noticeResponse':
      return encodeErrorFields(value)
    case 'notificationResponse':
      return encodeNotification(value)
    case 'parameterStatus':
      return encodeParameterStatus(value)
    case 'backendKeyData':
      return encodeBackendKeyData(value)
    case 'negotiateProtocolVersion':
      return encodeNegotiateProtocolVersion(value)
    case 'copyInResponse':
    case 'copyOutResponse':
    case 'copyBothResponse':
      return encodeCopyResponse(value)
    case 'functionCallResponse':
      return encodeFunctionCallResponse(value)
    default:
      return encodeShort(value)
  }
}

function encodeShort(value: Authentication | { readonly kind: Signal }): Uint8Array {
  switch (value.kind) {
    case 'parseComplete':
    case 'bindComplete':
    case 'closeComplete':
    case 'noData':
    case 'portalSuspended':
    case 'emptyQueryResponse':
    case 'copyDone':
      return encodeSignal(value.kind)
    default:
      return encodeAuthentication(value)
  }
}

export function encodeSignal(kind: Signal): Uint8Array {
  return message(SERVER[kind])
}

function decodeSignal(type: number, body: Uint8Array): ServerMessage {
  const kind = SIGNALS.get(type)
  if (kind === undefined) throw broken('unknown server message')
  if (body.length !== 0) throw broken('a message without a body has one')
  return { kind }
}

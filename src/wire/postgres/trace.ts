import type { Bind } from './bind.ts'
import { type ClientMessage, type ClientPhase, decodeClient } from './client.ts'
import { columns } from './data-row.ts'
import type { Frame } from './framer.ts'
import type { Field } from './row-description.ts'
import { decodeServer, type ServerMessage } from './server.ts'
import { decodeStartup, type StartupPacket } from './startup.ts'

/** Packets of type 0 carry their code as two numbers in the trace, as libpq prints it. */
const STARTUP_CODES = { cancelRequest: '5678', sslRequest: '5679', gssencRequest: '5680' } as const

/**
 * One message of a client in the manner of libpq's PQtrace: side, length field, name, fields. Passwords, SASL answers
 * and cancel keys show only their size; values do show, so a trace is for tests and debugging and not for a log.
 */
export function traceClient(frame: Frame, phase: ClientPhase | 'startup'): string {
  if (phase === 'startup') {
    const packet = decodeStartup(frame)
    return line('F', frame.bytes.length, packet.kind, startupFields(packet))
  }
  const message = decodeClient(frame, phase)
  return line('F', frame.bytes.length - 1, message.kind, clientFields(message))
}

/** One message of a server, in the same manner. */
export function traceServer(frame: Frame): string {
  const message = decodeServer(frame)
  return line('B', frame.bytes.length - 1, message.kind, serverFields(message))
}

function line(side: 'F' | 'B', length: number, kind: string, fields: readonly (string | number)[]): string {
  const name = kind.replace(/^./, (first) => first.toUpperCase())
  const shown = name.replace(/Md5|Sasl|Ssl|Gssenc/, (word) => word.toUpperCase())
  return `${[side, length, shown, fields.join(' ')].join('\t').trimEnd()}`
}

function startupFields(packet: StartupPacket): (string | number)[] {
  switch (packet.kind) {
    case 'startupMessage':
      return [3, packet.minor, ...packet.parameters.flat().map(quoted)]
    case 'cancelRequest':
      return [1234, STARTUP_CODES.cancelRequest, packet.pid, hidden(packet.key)]
    default:
      return [1234, STARTUP_CODES[packet.kind]]
  }
}

function clientFields(message: ClientMessage): (string | number)[] {
  switch (message.kind) {
    case 'query':
      return [quoted(message.text)]
    case 'parse':
      return [quoted(message.name), quoted(message.text), ...list(message.parameterTypes)]
    case 'bind':
      return bindFields(message)
    case 'describe':
    case 'close':
      return [message.target === 'portal' ? 'P' : 'S', quoted(message.name)]
    case 'execute':
      return [quoted(message.portal), message.maxRows]
    case 'copyData':
      return [bytes(message.data)]
    case 'copyFail':
      return [quoted(message.reason)]
    case 'functionCall':
      return [
        message.functionOid,
        ...list(message.argumentFormats),
        ...valueFields(message.values),
        message.resultFormat,
      ]
    case 'passwordMessage':
      return [hidden(message.password)]
    case 'saslInitialResponse':
      return [quoted(message.mechanism), message.data === null ? -1 : hidden(message.data)]
    case 'saslResponse':
      return [hidden(message.data)]
    default:
      return []
  }
}

function serverFields(message: ServerMessage): (string | number)[] {
  switch (message.kind) {
    case 'dataRow':
      return rowFields(message.body)
    case 'rowDescription':
      return [message.fields.length, ...message.fields.flatMap(fieldFields)]
    case 'parameterDescription':
      return list(message.parameterTypes)
    case 'commandComplete':
      return [quoted(message.tag)]
    case 'readyForQuery':
      return [message.status]
    case 'errorResponse':
    case 'noticeResponse':
      return [...message.fields.map(([code, value]) => `${code} ${quoted(value)}`), '\\x00']
    case 'parameterStatus':
      return [quoted(message.name), quoted(message.value)]
    case 'copyData':
      return [bytes(message.data)]
    case 'copyInResponse':
    case 'copyOutResponse':
    case 'copyBothResponse':
      return [message.format, ...list(message.columnFormats)]
    case 'functionCallResponse':
      return sized(message.value)
    case 'notificationResponse':
      return [message.pid, quoted(message.channel), quoted(message.payload)]
    default:
      return loginFields(message)
  }
}

function loginFields(message: ServerMessage): (string | number)[] {
  switch (message.kind) {
    case 'authenticationMd5Password':
      return [bytes(message.salt)]
    case 'authenticationSasl':
      return message.mechanisms.map(quoted)
    case 'authenticationSaslContinue':
    case 'authenticationSaslFinal':
      return [bytes(message.data)]
    case 'backendKeyData':
      return [message.pid, hidden(message.key)]
    case 'negotiateProtocolVersion':
      return [3, message.newestMinor, message.unrecognised.length, ...message.unrecognised.map(quoted)]
    default:
      return []
  }
}

function bindFields(bind: Bind): (string | number)[] {
  return [
    quoted(bind.portal),
    quoted(bind.statement),
    ...list(bind.parameterFormats),
    ...valueFields(bind.values),
    ...list(bind.resultFormats),
  ]
}

function fieldFields(field: Field): (string | number)[] {
  const { name, tableOid, column, typeOid, typeSize, typmod, format } = field
  return [quoted(name), tableOid, column, typeOid, typeSize, typmod, format]
}

function valueFields(values: readonly (Uint8Array | null)[]): (string | number)[] {
  return [values.length, ...values.flatMap(sized)]
}

function rowFields(body: Uint8Array): (string | number)[] {
  const offsets = columns(body)
  const fields: (string | number)[] = [offsets.length / 2]
  for (let i = 0; i < offsets.length; i += 2) {
    const start = offsets[i]!
    const length = offsets[i + 1]!
    fields.push(...sized(length < 0 ? null : body.subarray(start, start + length)))
  }
  return fields
}

function list(numbers: readonly number[]): number[] {
  return [numbers.length, ...numbers]
}

function sized(value: Uint8Array | null): (string | number)[] {
  return value === null ? [-1] : [value.length, bytes(value)]
}

/** Control characters are escaped, so that one message is one line. */
function quoted(text: string): string {
  return `"${text.replace(/\p{Cc}/gu, (char) => escaped(char.charCodeAt(0)))}"`
}

/** Printable ASCII as it is, other bytes as `\x` and two hexadecimal digits. */
function bytes(value: Uint8Array): string {
  const shown = Array.from(value, (byte) => (byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : escaped(byte)))
  return `'${shown.join('')}'`
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`
}

function hidden(secret: Uint8Array): string {
  return `<${secret.length} bytes>`
}

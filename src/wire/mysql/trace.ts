import type { AuthSwitchResponse } from './auth-switch.ts'
import type { Command } from './command.ts'
import type { Packet } from './framer.ts'
import type { HandshakeResponse, SslRequest } from './handshake-response.ts'
import type { HandshakeV10 } from './handshake-v10.ts'
import type { Eof, Ok } from './outcome.ts'
import type { Parameter } from './parameters.ts'
import type { Classified } from './response.ts'
import type { ServerLogin } from './server-login.ts'
import { decodeLossy } from './text.ts'

type Fields = readonly (string | number | bigint)[]

/**
 * A message as one line: side (F the client, B the server), sequence numbers, payload length, name, fields. Passwords,
 * scrambles and answers show only their size; values do show, so a trace is for tests and debugging and not for a log.
 */
export type Traced =
  | { readonly side: 'F'; readonly message: SslRequest | HandshakeResponse | AuthSwitchResponse | Command }
  | { readonly side: 'B'; readonly message: HandshakeV10 | ServerLogin | Classified }

export function trace({ side, message }: Traced, packet: Packet): string {
  const { firstSequence, sequence, payload } = packet
  const numbers = firstSequence === sequence ? `${sequence}` : `${firstSequence}-${sequence}`
  const fields = side === 'F' ? clientFields(message) : serverFields(message, payload)
  return [side, numbers, payload.length, message.kind, fields.join(' ')].join('\t').trimEnd()
}

function clientFields(message: SslRequest | HandshakeResponse | AuthSwitchResponse | Command): Fields {
  switch (message.kind) {
    case 'sslRequest':
      return [hex(message.capabilities), message.maxPacketBytes, message.collation]
    case 'handshakeResponse':
      return [
        hex(message.capabilities),
        message.collation,
        quoted(message.user),
        hidden(message.authResponse),
        quoted(message.database ?? ''),
        message.plugin ?? '-',
        ...message.attributes.map(([name, value]) => `${name}=${quoted(value)}`),
      ]
    case 'authSwitchResponse':
      return [hidden(message.data)]
    case 'query':
      return [quoted(message.text), ...message.attributes.map(parameter)]
    case 'stmtExecute':
      return [
        message.statementId,
        hex(message.flags),
        message.newTypes ? 'types' : 'as-before',
        ...[...message.parameters, ...message.attributes].map(parameter),
      ]
    default:
      return commandFields(message)
  }
}

function commandFields(command: Exclude<Command, { readonly kind: 'query' | 'stmtExecute' }>): Fields {
  switch (command.kind) {
    case 'initDb':
      return [quoted(command.database)]
    case 'fieldList':
      return [quoted(command.table), quoted(command.wildcard)]
    case 'processKill':
      return [command.connectionId]
    case 'setOption':
      return [command.option]
    case 'changeUser':
      return [quoted(command.user), hidden(command.authResponse), quoted(command.database), command.plugin ?? '-']
    case 'stmtBulkExecute':
      return [command.statementId, command.types ? 'types' : 'as-before', command.rows]
    case 'stmtPrepare':
      return [quoted(command.text)]
    case 'stmtSendLongData':
      return [command.statementId, command.parameter, hidden(command.data)]
    case 'stmtFetch':
      return [command.statementId, command.rows]
    case 'stmtReset':
    case 'stmtClose':
      return [command.statementId]
    case 'unknown':
      return [hex(command.code)]
    default:
      return []
  }
}

function serverFields(message: HandshakeV10 | ServerLogin | Classified, payload: Uint8Array): Fields {
  switch (message.kind) {
    case 'handshakeV10':
      return [
        quoted(message.version),
        message.connectionId,
        hidden(message.scramble),
        hex(message.capabilities),
        hex(message.extended),
        message.collation,
        hex(message.status),
        message.plugin,
      ]
    case 'authSwitchRequest':
      return [message.plugin, hidden(message.data)]
    case 'authMoreData':
      return [hidden(message.data)]
    case 'ok':
      return 'ok' in message ? okFields(message.ok) : okFields(message)
    case 'err': {
      const err = 'err' in message ? message.err : message
      return [err.errno, err.sqlState ?? '-', quoted(err.message)]
    }
    default:
      return resultFields(message, payload)
  }
}

function resultFields(message: Exclude<Classified, { readonly kind: 'ok' | 'err' }>, payload: Uint8Array): Fields {
  switch (message.kind) {
    case 'columnCount':
      return [message.count]
    case 'columnDefinition':
    case 'parameterDefinition': {
      const { schema, table, orgTable, name, orgName, charset, type, flags, decimals } = message.column
      return [
        message.ordinal,
        ...[schema, table, orgTable, name, orgName].map(quoted),
        charset,
        hex(type),
        hex(flags),
        decimals,
      ]
    }
    case 'prepareOk':
      return [message.prepared.statementId, message.prepared.columns, message.prepared.parameters]
    case 'eofAfterColumns':
      return [...endFields(message.eof), ...(message.cursor ? ['cursor'] : [])]
    case 'eofAfterParameters':
      return endFields(message.eof)
    case 'resultEnd':
      return [
        ...endFields(message.end),
        ...(message.cursor ? ['cursor'] : []),
        ...(message.moreResults ? ['more'] : []),
      ]
    case 'row':
    case 'statistics':
      return [quoted(decodeLossy(payload))]
    case 'localInfile':
      return [quoted(decodeLossy(payload.subarray(1)))]
  }
}

function endFields(end: Ok | Eof): Fields {
  return end.kind === 'ok' ? ['ok', ...okFields(end)] : ['eof', hex(end.status), end.warnings]
}

function okFields(ok: Ok): Fields {
  const changes = ok.changes.map((change) => JSON.stringify(change))
  return [ok.affectedRows, ok.lastInsertId, hex(ok.status), ok.warnings, quoted(decodeLossy(ok.info)), ...changes]
}

function parameter({ type, flags, name, value }: Parameter): string {
  return `${name}:${hex(type)}${flags === 0 ? '' : `+${hex(flags)}`}=${shown(value)}`
}

function shown(value: Parameter['value']): string {
  switch (value.kind) {
    case 'null':
    case 'longData':
      return value.kind
    case 'temporal':
      return value.text
    case 'bytes':
      return quoted(decodeLossy(value.value))
    default:
      return String(value.value)
  }
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f')
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}

function hidden(bytes: Uint8Array): string {
  return `<${bytes.length} bytes>`
}

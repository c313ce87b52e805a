import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { CAPABILITY, has } from './capabilities.ts'
import { COMMAND } from './command-codes.ts'
import { type ConnectionAttributes, readAttributes, writeAttributes } from './handshake-response.ts'
import { broken, readNulText, writeNulText } from './text.ts'

const ANSWER_MAX_BYTES = 255

/** COM_CHANGE_USER: a new login on an open connection. Fields that the client left out at the end are null or empty. */
export interface ComChangeUser {
  readonly kind: 'changeUser'
  readonly user: string
  readonly authResponse: Uint8Array
  readonly database: string
  readonly collation: number | null
  readonly plugin: string | null
  readonly attributes: ConnectionAttributes
}

export function decodeComChangeUser(payload: Uint8Array, capabilities: number): ComChangeUser {
  const reader = new Reader(payload, 1)
  const user = readNulText(reader)
  const authResponse = reader.bytes(reader.u8())
  const database = readNulText(reader)
  const collation = reader.remaining > 0 ? reader.u16le() : null
  const comes = (flag: number) => has(capabilities, flag) && reader.remaining > 0
  const plugin = comes(CAPABILITY.pluginAuth) ? readNulText(reader) : null
  const attributes = comes(CAPABILITY.connectAttrs) ? readAttributes(reader) : []
  reader.expectEnd()
  return { kind: 'changeUser', user, authResponse, database, collation, plugin, attributes }
}

export function encodeComChangeUser(command: Omit<ComChangeUser, 'kind'>, capabilities: number): Uint8Array {
  if (command.authResponse.length > ANSWER_MAX_BYTES) throw broken('an authentication answer is longer than 255 bytes')
  const writer = new Writer().u8(COMMAND.changeUser)
  writeNulText(writer, command.user)
  writer.u8(command.authResponse.length).bytes(command.authResponse)
  writeNulText(writer, command.database)
  if (command.collation === null) return writer.finish()
  writer.u16le(command.collation)
  if (!has(capabilities, CAPABILITY.pluginAuth) || command.plugin === null) return writer.finish()
  writeNulText(writer, command.plugin)
  if (has(capabilities, CAPABILITY.connectAttrs)) writeAttributes(writer, command.attributes)
  return writer.finish()
}

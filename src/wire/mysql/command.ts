import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'
import { type Reading, readText } from './character-sets.ts'
import { type ComChangeUser, decodeComChangeUser, encodeComChangeUser } from './com-change-user.ts'
import { type ComQuery, decodeComQuery, encodeComQuery } from './com-query.ts'
import {
  decodeComStmtFetch,
  decodeComStmtPrepare,
  decodeComStmtSendLongData,
  decodeStatementId,
  encodeStatementCommand,
  type StatementCommand,
} from './com-stmt.ts'
import { type ComStmtBulkExecute, decodeComStmtBulkExecute, encodeComStmtBulkExecute } from './com-stmt-bulk-execute.ts'
import {
  type ComStmtExecute,
  decodeComStmtExecute,
  encodeComStmtExecute,
  type StatementShape,
} from './com-stmt-execute.ts'
import { COMMAND } from './command-codes.ts'
import { broken, decodeText, readNulText, writeNulText } from './text.ts'

/** What a command means depends on the connection: the agreed flags and the statements that were prepared. */
export interface CommandContext {
  readonly capabilities: number
  /** By which the client's character set is read; UTF-8 where it is absent. */
  readonly reading?: Reading
  readonly statement: (statementId: number) => StatementShape | undefined
}

/** A command of a client ("Command Phase"). `unknown` is any that the proxy does not know, and so refuses. */
export type Command =
  | ComQuery
  | StatementCommand
  | ComStmtExecute
  | ComStmtBulkExecute
  | ComChangeUser
  | { readonly kind: 'quit' | 'statistics' | 'processInfo' | 'ping' | 'resetConnection' }
  | { readonly kind: 'initDb'; readonly database: string }
  | { readonly kind: 'fieldList'; readonly table: string; readonly wildcard: string }
  | { readonly kind: 'processKill'; readonly connectionId: number }
  /** 0 turns several statements in one message on, 1 off. */
  | { readonly kind: 'setOption'; readonly option: number }
  | { readonly kind: 'unknown'; readonly code: number }

/** Reads a whole command. Malformed throws `SP-PROTOCOL`. */
export function decodeCommand(payload: Uint8Array, context: CommandContext): Command {
  const code = payload[0]
  const { reading = 'utf8' } = context
  switch (code) {
    case undefined:
      throw broken('a command is empty')
    case COMMAND.query:
      return decodeComQuery(payload, context.capabilities, reading)
    case COMMAND.stmtPrepare:
      return decodeComStmtPrepare(payload, reading)
    case COMMAND.stmtExecute:
      return decodeComStmtExecute(payload, context.capabilities, context.statement)
    case COMMAND.stmtBulkExecute:
      return decodeComStmtBulkExecute(payload, context.statement)
    case COMMAND.stmtSendLongData:
      return decodeComStmtSendLongData(payload)
    case COMMAND.stmtFetch:
      return decodeComStmtFetch(payload)
    case COMMAND.stmtReset:
      return { kind: 'stmtReset', statementId: decodeStatementId(payload) }
    case COMMAND.stmtClose:
      return { kind: 'stmtClose', statementId: decodeStatementId(payload) }
    case COMMAND.changeUser:
      return decodeComChangeUser(payload, context.capabilities)
    default:
      return decodeSmall(code, payload, reading)
  }
}

function decodeSmall(code: number, payload: Uint8Array, reading: Reading): Command {
  const bare = BARE[code]
  if (bare !== undefined) {
    new Reader(payload, 1).expectEnd()
    return { kind: bare }
  }
  const reader = new Reader(payload, 1)
  switch (code) {
    case COMMAND.initDb:
      return { kind: 'initDb', database: readText(reader.rest(), reading).text }
    case COMMAND.fieldList:
      return { kind: 'fieldList', table: readNulText(reader), wildcard: decodeText(reader.rest()) }
    case COMMAND.processKill:
      return ended(reader, { kind: 'processKill', connectionId: reader.u32le() })
    case COMMAND.setOption:
      return ended(reader, { kind: 'setOption', option: reader.u16le() })
    default:
      return { kind: 'unknown', code }
  }
}

/** The command for the server. An unknown one is never sent on: `SP-PROTOCOL`. */
export function encodeCommand(command: Command, capabilities: number): Uint8Array {
  switch (command.kind) {
    case 'query':
      return encodeComQuery(command, capabilities)
    case 'stmtExecute':
      return encodeComStmtExecute(command, capabilities)
    case 'stmtBulkExecute':
      return encodeComStmtBulkExecute(command)
    case 'changeUser':
      return encodeComChangeUser(command, capabilities)
    case 'initDb':
      return new Writer().u8(COMMAND.initDb).text(command.database).finish()
    case 'fieldList': {
      const writer = new Writer().u8(COMMAND.fieldList)
      writeNulText(writer, command.table)
      return writer.text(command.wildcard).finish()
    }
    case 'processKill':
      return new Writer().u8(COMMAND.processKill).u32le(command.connectionId).finish()
    case 'setOption':
      return new Writer().u8(COMMAND.setOption).u16le(command.option).finish()
    case 'quit':
    case 'statistics':
    case 'processInfo':
    case 'ping':
    case 'resetConnection':
      return Uint8Array.of(COMMAND[command.kind])
    case 'unknown':
      throw broken('an unknown command cannot be sent on')
    default:
      return encodeStatementCommand(command)
  }
}

const BARE: Readonly<Record<number, 'quit' | 'statistics' | 'processInfo' | 'ping' | 'resetConnection'>> = {
  [COMMAND.quit]: 'quit',
  [COMMAND.statistics]: 'statistics',
  [COMMAND.processInfo]: 'processInfo',
  [COMMAND.ping]: 'ping',
  [COMMAND.resetConnection]: 'resetConnection',
}

function ended(reader: Reader, command: Command): Command {
  reader.expectEnd()
  return command
}

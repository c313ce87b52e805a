import { COLUMN_TYPE } from '../../../src/wire/mysql/column-types.ts'
import { CURSOR } from '../../../src/wire/mysql/com-stmt-execute.ts'
import type { Command } from '../../../src/wire/mysql/command.ts'
import { COMMAND } from '../../../src/wire/mysql/command-codes.ts'
import type { Parameter } from '../../../src/wire/mysql/parameters.ts'
import type { Answered, Part } from './case.ts'

/** Commands of the protocol, short enough for a table. */

const encode = (text: string) => new TextEncoder().encode(text)

const part = (shown: string, answered: Answered, command: Part['command']): Part => ({ shown, answered, command })
const known = (shown: string, answered: Answered, command: Command): Part => part(shown, answered, () => command)

export const prepare = (text: string): Part =>
  known(text, 'prepared', { kind: 'stmtPrepare', reading: 'utf8', text, bytes: encode(text) })

/** Values as texts; a cursor's rows are fetched. */
export const execute = (values: readonly (string | null)[] = [], flags = 0): Part =>
  executeWith(`execute ${values.join()}`, values.map(textParameter), flags)
/** The one value came by COM_STMT_SEND_LONG_DATA. */
export const executeLong: Part = executeWith('execute long', [
  { type: COLUMN_TYPE.varString, flags: 0, name: '', raw: null, value: { kind: 'longData' } },
])

export const openCursor = (values: readonly (string | null)[] = []): Part => execute(values, CURSOR.readOnly)
export const fetchRows = (rows: number): Part =>
  part(`fetch ${rows}`, 'rows', (statementId) => ({ kind: 'stmtFetch', statementId, rows }))
export const longData = (parameter: number, text: string): Part =>
  part(`long ${text}`, 'nothing', (statementId) => ({
    kind: 'stmtSendLongData',
    statementId,
    parameter,
    data: encode(text),
  }))
export const resetStatement: Part = part('reset', 'result', (statementId) => ({ kind: 'stmtReset', statementId }))
export const closeStatement: Part = part('close', 'nothing', (statementId) => ({ kind: 'stmtClose', statementId }))

/** Prepared and executed once for each list of values. */
export const run = (text: string, ...values: readonly (readonly (string | null)[])[]): readonly Part[] => [
  prepare(text),
  ...(values.length === 0 ? [execute()] : values.map((list) => execute(list))),
]

export const initDb = (database: string): Part => known(`use ${database}`, 'result', { kind: 'initDb', database })
export const fieldList = (table: string, wildcard = ''): Part =>
  known(`fields ${table}`, 'rows', { kind: 'fieldList', table, wildcard })
export const query = (text: string): Part =>
  known(text, 'result', { kind: 'query', reading: 'utf8', text, bytes: encode(text), attributes: [] })
/** A query as bytes, which are no UTF-8. */
export const queryBytes = (hex: string): Part =>
  part(`0x${hex}`, 'result', () => Uint8Array.of(COMMAND.query, ...Buffer.from(hex, 'hex')))
export const command = (shown: string, answered: Answered, ...bytes: readonly number[]): Part =>
  part(shown, answered, () => Uint8Array.from(bytes))
/** A command about the statement that was prepared last. */
export const onStatement = (shown: string, answered: Answered, code: number, ...rest: readonly number[]): Part =>
  part(shown, answered, (statement) => Uint8Array.of(code, statement, statement >> 8, 0, 0, ...rest))

function executeWith(shown: string, parameters: readonly Parameter[], flags = 0): Part {
  return {
    shown,
    answered: 'result',
    command: (statementId) => ({
      kind: 'stmtExecute',
      statementId,
      flags,
      newTypes: true,
      parameters,
      attributes: [],
    }),
  }
}

function textParameter(value: string | null): Parameter {
  if (value === null) return { type: COLUMN_TYPE.null, flags: 0, name: '', raw: null, value: { kind: 'null' } }
  const bytes = encode(value)
  const raw = Uint8Array.of(bytes.length, ...bytes)
  return { type: COLUMN_TYPE.varString, flags: 0, name: '', raw, value: { kind: 'bytes', value: bytes } }
}

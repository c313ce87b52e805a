import { CAPABILITY, OFFERED } from '../../../src/wire/mysql/capabilities.ts'
import { COLUMN_TYPE } from '../../../src/wire/mysql/column-types.ts'
import type { Command } from '../../../src/wire/mysql/command.ts'
import type { Parameter, ParameterType } from '../../../src/wire/mysql/parameters.ts'

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const hex = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value.replaceAll(/\s/g, ''), 'hex'))
export const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))

export const SCRAMBLE = text('abcdefghijklmnopqrst')
export const MODERN = OFFERED >>> 0
export const CLASSIC =
  (OFFERED & ~(CAPABILITY.deprecateEof | CAPABILITY.sessionTrack | CAPABILITY.queryAttributes)) >>> 0

const bytesOf = (value: string): Parameter['value'] => ({ kind: 'bytes', value: text(value) })
const parameter = (type: number, raw: string, value: Parameter['value'], name = '', flags = 0): Parameter => ({
  type,
  flags,
  name,
  raw: value.kind === 'null' || value.kind === 'longData' ? null : hex(raw),
  value,
})

const parameters: readonly Parameter[] = [
  parameter(COLUMN_TYPE.tiny, 'ff', { kind: 'integer', value: -1n }),
  parameter(COLUMN_TYPE.tiny, 'ff', { kind: 'integer', value: 255n }, '', 0x80),
  parameter(COLUMN_TYPE.short, '0080', { kind: 'integer', value: -32768n }),
  parameter(COLUMN_TYPE.long, '01000000', { kind: 'integer', value: 1n }),
  parameter(COLUMN_TYPE.longlong, 'ffffffffffffffff', { kind: 'integer', value: 18446744073709551615n }, '', 0x80),
  parameter(COLUMN_TYPE.double, '000000000000f83f', { kind: 'float', value: 1.5 }),
  parameter(COLUMN_TYPE.float, '0000c03f', { kind: 'float', value: 1.5 }),
  parameter(COLUMN_TYPE.null, '', { kind: 'null' }),
  parameter(COLUMN_TYPE.varString, '05616c696365', bytesOf('alice')),
  parameter(COLUMN_TYPE.varString, '', { kind: 'null' }),
  parameter(COLUMN_TYPE.date, '04ea070b15', { kind: 'temporal', text: '2026-11-21' }),
  parameter(COLUMN_TYPE.datetime, '0bea070b150a0b0c40e20100', { kind: 'temporal', text: '2026-11-21 10:11:12.123456' }),
  parameter(COLUMN_TYPE.datetime, '00', { kind: 'temporal', text: '0000-00-00 00:00:00' }),
  parameter(COLUMN_TYPE.time, '080102000000030405', { kind: 'temporal', text: '-51:04:05' }),
]

const attribute: Parameter = parameter(COLUMN_TYPE.string, '0378797a', bytesOf('xyz'), 'trace')

const query = (sql: string, attributes: readonly Parameter[] = []): Command => ({
  kind: 'query',
  reading: 'utf8',
  bytes: text(sql),
  text: sql,
  attributes,
})

const pair = [
  { type: COLUMN_TYPE.long, flags: 0 },
  { type: COLUMN_TYPE.varString, flags: 0 },
]

/** Rows of MariaDB's COM_STMT_BULK_EXECUTE: an indicator before each value. */
function bulk(statementId: number, [types, ...rows]: readonly [readonly ParameterType[] | null, ...string[]]): Command {
  const values = hex(rows.join('').replaceAll(' ', ''))
  const usesDefaults = rows.some((row) => row.endsWith(' 02'))
  return { kind: 'stmtBulkExecute', statementId, types, rows: rows.length, usesDefaults, values }
}

export const commands: readonly Command[] = [
  { kind: 'quit' },
  { kind: 'initDb', database: 'shop' },
  query('SELECT 1'),
  query('SELECT \ufeff2', [attribute]),
  { kind: 'fieldList', table: 'users', wildcard: '%' },
  { kind: 'statistics' },
  { kind: 'processInfo' },
  { kind: 'processKill', connectionId: 42 },
  { kind: 'ping' },
  {
    kind: 'changeUser',
    user: 'bob',
    authResponse: text('x'),
    database: 'shop',
    collation: 45,
    plugin: 'p',
    attributes: [['a', 'b']],
  },
  {
    kind: 'changeUser',
    user: 'bob',
    authResponse: text(''),
    database: '',
    collation: null,
    plugin: null,
    attributes: [],
  },
  { kind: 'stmtPrepare', reading: 'utf8', bytes: text('SELECT ?'), text: 'SELECT ?' },
  { kind: 'stmtExecute', statementId: 7, flags: 8, newTypes: true, parameters, attributes: [attribute] },
  { kind: 'stmtExecute', statementId: 0, flags: 8, newTypes: false, parameters: [], attributes: [] },
  bulk(8, [pair, '00 01000000 01', '00 02000000 00 0161']),
  bulk(8, [null, '00 01000000 02']),
  { kind: 'stmtSendLongData', statementId: 7, parameter: 1, data: text('long') },
  { kind: 'stmtFetch', statementId: 7, rows: 100 },
  { kind: 'stmtReset', statementId: 7 },
  { kind: 'stmtClose', statementId: 7 },
  { kind: 'setOption', option: 1 },
  { kind: 'resetConnection' },
]

/** Statement 7 has the parameters above, statement 8 two, and statement 0 none. */
export const statement = (id: number) => {
  if (id === 7) return { parameterCount: parameters.length, types: parameters, longData: new Set<number>() }
  if (id === 8) return { parameterCount: 2, types: pair, longData: new Set<number>() }
  return id === 0 ? { parameterCount: 0, types: null, longData: new Set<number>() } : undefined
}

export const column = {
  schema: 'shop',
  table: 'u',
  orgTable: 'users',
  name: 'mail',
  orgName: 'email',
  charset: 45,
  length: 400,
  type: COLUMN_TYPE.varString,
  flags: 0x1001,
  decimals: 0,
}

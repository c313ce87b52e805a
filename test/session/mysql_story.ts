import { expect } from 'vitest'
import type { Effect } from '../../src/session/effects.ts'
import { MysqlMachine } from '../../src/session/mysql/machine.ts'
import { encodeBinaryRow } from '../../src/wire/mysql/binary-row.ts'
import { CAPABILITY, OFFERED } from '../../src/wire/mysql/capabilities.ts'
import { encodeColumn } from '../../src/wire/mysql/column.ts'
import { COLUMN_TYPE } from '../../src/wire/mysql/column-types.ts'
import { type Command, encodeCommand } from '../../src/wire/mysql/command.ts'
import { PacketFramer } from '../../src/wire/mysql/framer.ts'
import { decodeErr, encodeEof, encodeErr, encodeOk } from '../../src/wire/mysql/outcome.ts'
import { encodePackets } from '../../src/wire/mysql/packets.ts'
import { encodePrepareOk } from '../../src/wire/mysql/prepare-ok.ts'
import { encodeTextRow } from '../../src/wire/mysql/text-row.ts'
import {
  breaches,
  everyByte,
  join,
  lineOf,
  outcome,
  play,
  START,
  type Step,
  utf8,
  type World,
  worldOf,
} from './fixture.ts'

export const MODERN = (OFFERED & ~CAPABILITY.queryAttributes) >>> 0
export const CLASSIC = (MODERN & ~CAPABILITY.deprecateEof) >>> 0
const AUTOCOMMIT = 2

export function machineOf(world: World, capabilities = MODERN, clientCapabilities = capabilities): MysqlMachine {
  return new MysqlMachine({
    gate: world.gate,
    subject: world.subject,
    role: world.role,
    capabilities,
    clientCapabilities,
    status: AUTOCOMMIT,
    defaultDatabase: 'shop',
    mariadb: false,
    welcome: null,
    ownSessions: () => [{ number: 7, user: 'alice@example.test', running: true }],
    ownSession: (number) => (number === 7 ? 'session-7' : null),
    now: START,
  })
}

/** As in PostgreSQL's stories: the effects as lines, the same however the bytes are cut. */
export function story(steps: readonly Step[], world: () => World = () => worldOf('mysql'), capabilities = MODERN) {
  const [whole, cut] = [world(), world()]
  const effects = play(whole, machineOf(whole, capabilities), steps)
  const cutEffects = play(cut, machineOf(cut, capabilities), steps, everyByte)
  expect([breaches(effects), breaches(cutEffects)]).toEqual([[], []])
  expect(outcome(cutEffects)).toEqual(outcome(effects))
  return told(effects)
}

export const commandOf = (command: Command) => encodePackets(encodeCommand(command, MODERN), 0)
export const client = (...commands: readonly Command[]): Step => ({
  from: 'client',
  bytes: join(commands.map(commandOf)),
})
export const raw = (...payload: readonly number[]): Step => ({
  from: 'client',
  bytes: encodePackets(Uint8Array.from(payload), 0),
})
/** Payloads of one answer, numbered from 1. */
export const server = (...payloads: readonly Uint8Array[]): Step => ({
  from: 'server',
  bytes: join(payloads.map((payload, at) => encodePackets(payload, at + 1))),
})
/** The rest of an answer, of which `before` packets came already. */
export const serverFrom = (before: number, ...payloads: readonly Uint8Array[]): Step => ({
  from: 'server',
  bytes: join(payloads.map((payload, at) => encodePackets(payload, before + at + 1))),
})

export const query = (text: string): Command => ({
  kind: 'query',
  reading: 'utf8',
  bytes: utf8(text),
  text,
  attributes: [],
})
export const prepare = (text: string): Command => ({ kind: 'stmtPrepare', reading: 'utf8', bytes: utf8(text), text })
export const execute = (statementId = 1, flags = 0): Command => ({
  kind: 'stmtExecute',
  statementId,
  flags,
  newTypes: false,
  parameters: [],
  attributes: [],
})

export function ok(over: { status?: number; rows?: number; warnings?: number; header?: 0x00 | 0xfe } = {}): Uint8Array {
  const { status = AUTOCOMMIT, rows = 0, warnings = 0, header = 0x00 } = over
  const fields = { affectedRows: BigInt(rows), lastInsertId: 0n, status, warnings, info: utf8(''), changes: [] }
  return encodeOk(fields, MODERN, header)
}
export const end = (over: { status?: number; warnings?: number } = {}) => ok({ ...over, header: 0xfe })
export const eof = (status = AUTOCOMMIT) => encodeEof({ warnings: 0, status })
export const failed = (errno: number, message: string) => encodeErr({ errno, sqlState: 'HY000', message })
export const count = (columns: number) => Uint8Array.of(columns)
export const prepared = (columns: number) => encodePrepareOk({ statementId: 1, columns, parameters: 0, warnings: 0 })

/** `table.column` of the shop, or a bare name for an expression. */
export function column(name: string): Uint8Array {
  const [table, field] = name.includes('.') ? name.split('.') : ['', name]
  return encodeColumn({
    schema: table === '' ? '' : 'shop',
    table: table ?? '',
    orgTable: table ?? '',
    name: field ?? '',
    orgName: table === '' ? '' : (field ?? ''),
    charset: 45,
    type: COLUMN_TYPE.varString,
    flags: 0,
    decimals: 0,
  })
}
/** The server's answer to what the proxy asks of a fresh session. */
export const modes = (mode = '', charset = 'utf8mb4', database: string | null = 'shop') =>
  server(count(3), column('mode'), column('charset'), column('database'), row(mode, charset, database), end())

const values = (texts: readonly (string | null)[]) => texts.map((text) => (text === null ? null : utf8(text)))
export const row = (...texts: readonly (string | null)[]) => encodeTextRow(values(texts))
export const binary = (...texts: readonly (string | null)[]) =>
  encodeBinaryRow(
    texts.map(() => COLUMN_TYPE.varString),
    values(texts),
  )

/** `>` goes to the server, `<` to the client, each packet with its number; errors by errno and code. */
export function told(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'client':
        return packetsOf(effect.bytes).map(({ sequence, payload }) => `< ${sequence} ${serverLine(payload)}`)
      case 'sql':
      case 'server':
        return packetsOf(effect.bytes).map(({ payload }) => `> ${clientLine(payload)}`)
      default:
        return [lineOf(effect)]
    }
  })
}

export function packetsOf(bytes: Uint8Array) {
  const framer = new PacketFramer({ maxPayloadBytes: 1_000_000 })
  framer.push(bytes)
  const packets = []
  for (let packet = framer.next(); packet; packet = framer.next()) packets.push(packet)
  if (framer.buffered > 0) throw new Error('half a packet')
  return packets
}

const printable = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replace(/[^\x20-\x7e]+/g, '.')

function serverLine(payload: Uint8Array): string {
  if (payload[0] === 0xff) {
    const { errno, message } = decodeErr(payload)
    return `error ${errno} ${/\((SP-[A-Z-]+)\)/.exec(message)?.[1] ?? message}`
  }
  if (payload[0] === 0 && payload.length < 9) return 'ok'
  if (payload[0] === 0xfe && payload.length < 9) return 'end'
  return printable(payload)
}

function clientLine(payload: Uint8Array): string {
  return `${(payload[0] ?? 0).toString(16)} ${printable(payload.subarray(1))}`.trimEnd()
}

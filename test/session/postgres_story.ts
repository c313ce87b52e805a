import { expect } from 'vitest'
import type { Effect } from '../../src/session/effects.ts'
import { PostgresMachine } from '../../src/session/postgres/machine.ts'
import { type ClientMessage, decodeClient, encodeClient } from '../../src/wire/postgres/client.ts'
import { columns, encodeDataRow } from '../../src/wire/postgres/data-row.ts'
import { errorField, errorFields } from '../../src/wire/postgres/error-response.ts'
import { Framer } from '../../src/wire/postgres/framer.ts'
import type { RowDescriptionInput } from '../../src/wire/postgres/row-description.ts'
import { decodeServer, encodeServer, type ServerMessage } from '../../src/wire/postgres/server.ts'
import {
  ARCHIVED_OID,
  breaches,
  everyByte,
  join,
  lineOf,
  ORDERS_OID,
  outcome,
  play,
  START,
  type Step,
  USERS_OID,
  utf8,
  type World,
  worldOf,
} from './fixture.ts'

const PROCESS_IDS = { server: 4321, client: 77 } as const

export function machineOf(world: World): PostgresMachine {
  return new PostgresMachine(world.gate, world.subject, world.role, null, PROCESS_IDS, START)
}

/** The story's effects as lines; cut at every byte, in both directions, it must come to the same. */
export function story(steps: readonly Step[], world: () => World = () => worldOf('postgres')): string[] {
  const [whole, cut] = [world(), world()]
  const effects = play(whole, machineOf(whole), steps)
  const cutEffects = play(cut, machineOf(cut), steps, everyByte)
  expect([breaches(effects), breaches(cutEffects)]).toEqual([[], []])
  expect(outcome(cutEffects)).toEqual(outcome(effects))
  return told(effects)
}

export const client = (...messages: readonly (ClientMessage | Uint8Array)[]): Step => ({
  from: 'client',
  bytes: join(messages.map((one) => (one instanceof Uint8Array ? one : encodeClient(one)))),
})

export const server = (...messages: readonly (ServerMessage | RowDescriptionInput | Uint8Array)[]): Step => ({
  from: 'server',
  bytes: join(messages.map((one) => (one instanceof Uint8Array ? one : encodeServer(one)))),
})

export const query = (text: string): ClientMessage => ({ kind: 'query', text })
export const parse = (text: string, name = ''): ClientMessage => ({ kind: 'parse', name, text, parameterTypes: [] })
export const bind = (statement = '', portal = '', resultFormats: readonly (0 | 1)[] = []): ClientMessage => ({
  kind: 'bind',
  portal,
  statement,
  parameterFormats: [],
  values: [],
  resultFormats,
})
export const execute = (portal = '', maxRows = 0): ClientMessage => ({ kind: 'execute', portal, maxRows })
export const SYNC: ClientMessage = { kind: 'sync' }
export const FLUSH: ClientMessage = { kind: 'flush' }

/** Fields `table.column` of the shop, or a bare name for an expression. */
const FIELDS: Readonly<Record<string, readonly [oid: number, column: number, type: number]>> = {
  'users.id': [USERS_OID, 1, 23],
  'users.name': [USERS_OID, 2, 25],
  'users.email': [USERS_OID, 3, 25],
  'users.ssn': [USERS_OID, 4, 25],
  'orders.id': [ORDERS_OID, 1, 23],
  'orders.total': [ORDERS_OID, 3, 23],
  'archived.id': [ARCHIVED_OID, 1, 23],
}

export function described(names: readonly string[], format: 0 | 1 = 0): RowDescriptionInput {
  return {
    kind: 'rowDescription',
    fields: names.map((name) => {
      const [tableOid, column, typeOid] = FIELDS[name] ?? [0, 0, 25]
      return { name: name.split('.').at(-1) ?? '', tableOid, column, typeOid, typeSize: -1, typmod: -1, format }
    }),
  }
}

export const row = (...values: readonly (string | null)[]): Uint8Array =>
  encodeDataRow(values.map((value) => (value === null ? null : utf8(value))))
export const done = (tag: string): ServerMessage => ({ kind: 'commandComplete', tag })
export const ready = (status: 'I' | 'T' | 'E' = 'I'): ServerMessage => ({ kind: 'readyForQuery', status })
export const PARSED: ServerMessage = { kind: 'parseComplete' }
export const BOUND: ServerMessage = { kind: 'bindComplete' }
export const NO_DATA: ServerMessage = { kind: 'noData' }
export const SUSPENDED: ServerMessage = { kind: 'portalSuspended' }

export function failed(sqlstate: string, message: string, detail?: string): ServerMessage {
  const report = {
    severity: 'ERROR',
    sqlstate,
    message,
    position: 8,
    ...(detail === undefined ? {} : { detail }),
  } as const
  return { kind: 'errorResponse', fields: errorFields(report) }
}

/** The server's side of a refused text: it does not parse. */
export const SYNTAX_ERROR = failed('42601', 'syntax error at or near "SALLYPORT"')

/** The effects as lines: `>` goes to the server, `<` to the client. */
export function told(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => {
    switch (effect.kind) {
      case 'client':
        return framesOf(effect.bytes).map((frame) => `< ${serverLine(decodeServer(frame))}`)
      case 'sql':
      case 'server':
        return framesOf(effect.bytes).map((frame) => `> ${clientLine(decodeClient(frame, 'ready'))}`)
      default:
        return [lineOf(effect)]
    }
  })
}

export function framesOf(bytes: Uint8Array) {
  const framer = new Framer({ maxBytes: 1_000_000 })
  framer.push(bytes)
  const frames = []
  for (let frame = framer.next(); frame; frame = framer.next()) frames.push(frame)
  if (framer.buffered > 0) throw new Error('half a message')
  return frames
}

function serverLine(message: ServerMessage): string {
  switch (message.kind) {
    case 'dataRow':
      return `row ${valuesOf(message.body).join(' ')}`
    case 'commandComplete':
      return `done ${message.tag}`
    case 'readyForQuery':
      return `ready ${message.status}`
    case 'errorResponse':
    case 'noticeResponse': {
      const kind = message.kind === 'errorResponse' ? 'error' : 'notice'
      return `${kind} ${errorField(message.fields, 'C')} ${codeOf(errorField(message.fields, 'M') ?? '')}`
    }
    default:
      return message.kind
  }
}

/** The proxy's own messages by their code; the server's as they are. */
function codeOf(text: string): string {
  return /\((SP-[A-Z-]+)\)/.exec(text)?.[1] ?? text
}

function valuesOf(body: Uint8Array): string[] {
  const offsets = columns(body)
  return Array.from({ length: offsets.length / 2 }, (_, at) => {
    const [start, length] = [offsets[2 * at] ?? 0, offsets[2 * at + 1] ?? -1]
    return length < 0 ? 'NULL' : new TextDecoder().decode(body.subarray(start, start + length))
  })
}

function clientLine(message: ClientMessage): string {
  switch (message.kind) {
    case 'query':
      return `query ${message.text}`
    case 'parse':
      return `parse ${message.name}: ${message.text}`
    case 'bind':
      return `bind ${message.statement} as ${message.portal}`
    case 'describe':
    case 'close':
      return `${message.kind} ${message.target} ${message.name}`
    case 'execute':
      return `execute ${message.portal} ${message.maxRows}`
    default:
      return message.kind
  }
}

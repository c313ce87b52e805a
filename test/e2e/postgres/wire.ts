import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ClientMessage, encodeClient } from '../../../src/wire/postgres/client.ts'
import { Framer } from '../../../src/wire/postgres/framer.ts'
import { decodeServer, type ServerMessage } from '../../../src/wire/postgres/server.ts'
import { encodeStartup } from '../../../src/wire/postgres/startup.ts'
import { emailOf, type Person, type PostgresStack } from '../stack.ts'

/** A client that says exactly what a test wants, message by message, where a driver would not. */

const MAX_BYTES = 1 << 24
const ANSWER_TIMEOUT_MS = 15_000
type Kind = ServerMessage['kind']

export interface Wire {
  readonly socket: Socket
  send(...messages: readonly ClientMessage[]): void
  /** Bytes as they are. */
  raw(bytes: Uint8Array): void
  /** Messages up to and with the first of a kind in `until`; fails where the connection ends before. */
  read(...until: readonly Kind[]): Promise<readonly ServerMessage[]>
  /** Sends and reads up to ReadyForQuery. */
  ask(...messages: readonly ClientMessage[]): Promise<readonly ServerMessage[]>
  /** The rest of what the server says until it closes the connection. */
  rest(): Promise<readonly ServerMessage[]>
  end(): void
}

export function wireOn(socket: Socket): Wire {
  const framer = new Framer({ maxBytes: MAX_BYTES })
  const messages: ServerMessage[] = []
  let over = false
  let wake: () => void = () => undefined
  socket.on('data', (chunk: Uint8Array) => {
    framer.push(chunk)
    for (let frame = framer.next(); frame; frame = framer.next()) messages.push(decodeServer(frame))
    wake()
  })
  const ended = () => {
    over = true
    wake()
  }
  socket.on('end', ended).on('close', ended).on('error', ended)
  const take = async (enough: () => number): Promise<readonly ServerMessage[]> => {
    const deadline = performance.now() + ANSWER_TIMEOUT_MS
    for (;;) {
      const count = enough()
      if (count > 0) return messages.splice(0, count)
      if (over) throw new Error(`the connection ended after ${JSON.stringify(kindsOf(messages))}`)
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`no answer after ${JSON.stringify(kindsOf(messages))}`)
      await new Promise<void>((done) => {
        const timer = setTimeout(done, left)
        wake = () => {
          clearTimeout(timer)
          done()
        }
      })
    }
  }
  const send: Wire['send'] = (...all) => {
    socket.write(Buffer.concat(all.map(encodeClient)))
  }
  const read: Wire['read'] = (...until) => take(() => messages.findIndex(({ kind }) => until.includes(kind)) + 1)
  return {
    socket,
    send,
    raw: (bytes) => {
      socket.write(bytes)
    },
    read,
    ask: (...all) => {
      send(...all)
      return read('readyForQuery')
    },
    rest: async () => (over && messages.length === 0 ? [] : take(() => (over ? messages.length : 0)).catch(() => [])),
    end: () => socket.destroy(),
  }
}

export function kindsOf(messages: readonly ServerMessage[]): readonly Kind[] {
  return messages.map(({ kind }) => kind)
}

/** The fields of the first error, by their letters. */
export function errorOf(messages: readonly ServerMessage[]): Readonly<Record<string, string>> {
  const error = messages.find((message) => message.kind === 'errorResponse')
  return error?.kind === 'errorResponse' ? Object.fromEntries(error.fields) : {}
}

export function statusOf(messages: readonly ServerMessage[]): string | null {
  const ready = messages.findLast((message) => message.kind === 'readyForQuery')
  return ready?.kind === 'readyForQuery' ? ready.status : null
}

/** Cells of every row, as text. */
export function cellsOf(messages: readonly ServerMessage[]): readonly (string | null)[][] {
  return messages.flatMap((message) => (message.kind === 'dataRow' ? [cells(message.body)] : []))
}

function cells(body: Uint8Array): (string | null)[] {
  const view = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const found: (string | null)[] = []
  let at = 2
  for (let column = view.readUInt16BE(0); column > 0; column--) {
    const length = view.readInt32BE(at)
    found.push(length < 0 ? null : view.toString('latin1', at + 4, at + 4 + length))
    at += 4 + Math.max(0, length)
  }
  return found
}

export const query = (text: string): ClientMessage => ({ kind: 'query', text })
export const parse = (text: string, name = ''): ClientMessage => ({ kind: 'parse', name, text, parameterTypes: [] })
export const execute = (maxRows = 0, portal = ''): ClientMessage => ({ kind: 'execute', portal, maxRows })
export const sync: ClientMessage = { kind: 'sync' }
export const describePortal: ClientMessage = { kind: 'describe', target: 'portal', name: '' }

export function bind(
  statement = '',
  values: readonly string[] = [],
  more: { portal?: string; binary?: boolean } = {},
): ClientMessage {
  return {
    kind: 'bind',
    portal: more.portal ?? '',
    statement,
    parameterFormats: [],
    values: values.map((value) => new TextEncoder().encode(value)),
    resultFormats: more.binary ? [1] : [],
  }
}

export interface WireLogin {
  readonly minor?: number
  readonly parameters?: Readonly<Record<string, string>>
  /** TLS at once, with this ALPN list, instead of after an SSLRequest. */
  readonly direct?: readonly string[]
  /** Bytes ahead of everything else, such as a PROXY header. */
  readonly preface?: Uint8Array
  readonly port?: number
  readonly host?: string
}

export async function plain(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connectTcp({ port, host, noDelay: true })
  await new Promise((done, failed) => socket.once('connect', done).once('error', failed))
  return socket
}

/** One byte of the server's answer to SSLRequest or GSSENCRequest, or null where it closes the connection. */
export function oneByte(socket: Socket): Promise<string | null> {
  return new Promise((done) => {
    socket.once('data', (chunk: Buffer) => {
      socket.pause()
      done(chunk.toString('latin1'))
    })
    socket.once('close', () => done(null))
    socket.resume()
  })
}

/** Inside TLS, before the startup message. Rejects where the handshake is refused. */
export async function secured(stack: PostgresStack, login: WireLogin = {}): Promise<Socket> {
  const socket = await plain(login.port ?? stack.proxy.postgresPort, login.host)
  if (login.preface) socket.write(login.preface)
  if (!login.direct) {
    socket.write(encodeStartup({ kind: 'sslRequest' }))
    const answer = await oneByte(socket)
    if (answer !== 'S') throw new Error(`the answer to SSLRequest was ${answer}`)
  }
  const ca = readFileSync(stack.proxy.tls.ca)
  const options = { socket, ca, servername: 'localhost', ALPNProtocols: [...(login.direct ?? ['postgresql'])] }
  const tls = connectTls(options)
  await new Promise((done, failed) =>
    tls
      .once('secureConnect', done)
      .once('error', failed)
      .once('close', () => failed(new Error('closed'))),
  )
  return tls
}

/** The answers of a login, and the connection to go on with. */
export async function wireLogin(stack: PostgresStack, person: Person, login: WireLogin = {}) {
  const wire = wireOn(await secured(stack, login))
  const parameters = Object.entries({ user: emailOf(person), database: 'postgres', ...login.parameters })
  wire.raw(encodeStartup({ kind: 'startupMessage', minor: login.minor ?? 0, parameters }))
  const first = await wire.read('authenticationCleartextPassword', 'errorResponse')
  if (first.at(-1)?.kind === 'errorResponse') return { wire, greeting: first }
  wire.send({ kind: 'passwordMessage', password: new TextEncoder().encode(await stack.token(person)) })
  return { wire, greeting: [...first, ...(await wire.read('readyForQuery', 'errorResponse'))] }
}

export async function wireOf(stack: PostgresStack, person: Person, login: WireLogin = {}): Promise<Wire> {
  const { wire, greeting } = await wireLogin(stack, person, login)
  if (statusOf(greeting) !== 'I') throw new Error(`the login failed: ${JSON.stringify(errorOf(greeting))}`)
  return wire
}

/** What BackendKeyData gave for a later CancelRequest. */
export function cancelKeyOf(greeting: readonly ServerMessage[]): { readonly pid: number; readonly key: Uint8Array } {
  const data = greeting.find((message) => message.kind === 'backendKeyData')
  if (data?.kind !== 'backendKeyData') throw new Error('no cancel key')
  return data
}

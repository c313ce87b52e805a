import { readFileSync } from 'node:fs'
import { join as joinPath } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeAuthSwitchResponse } from '../../../src/wire/mysql/auth-switch.ts'
import type { StatementShape } from '../../../src/wire/mysql/com-stmt-execute.ts'
import { decodeCommand } from '../../../src/wire/mysql/command.ts'
import { type Packet, PacketFramer } from '../../../src/wire/mysql/framer.ts'
import { decodeLogin } from '../../../src/wire/mysql/handshake-response.ts'
import { decodeHandshakeV10 } from '../../../src/wire/mysql/handshake-v10.ts'
import { ResponseMachine, type ResponseTo } from '../../../src/wire/mysql/response.ts'
import { decodeServerLogin } from '../../../src/wire/mysql/server-login.ts'
import { type Traced, trace } from '../../../src/wire/mysql/trace.ts'
import { hex, join, toHex } from './samples.ts'

/** Sessions with servers, inside TLS, packet by packet: `F` from the client, `B` from the server. */
const SESSIONS = [
  'recorded-mariadb-10.11',
  'recorded-mariadb-10.11-classic',
  'recorded-mysql-9.7',
  'recorded-mysql-9.7-classic',
  'login-clear-password',
]
const MAX = { maxPayloadBytes: 1 << 16 }
const RESPONSES: Readonly<Record<string, ResponseTo>> = {
  query: 'query',
  processInfo: 'query',
  stmtExecute: 'stmtExecute',
  stmtPrepare: 'stmtPrepare',
  stmtFetch: 'stmtFetch',
  fieldList: 'fieldList',
  statistics: 'statistics',
  setOption: 'setOption',
  quit: 'none',
  stmtClose: 'none',
  stmtSendLongData: 'none',
}

type Side = 'F' | 'B'
const folder = joinPath(import.meta.dirname, 'golden')

function recorded(name: string): { side: Side; bytes: Uint8Array }[] {
  const lines = readFileSync(joinPath(folder, `${name}.hex`), 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => ({ side: line.slice(0, 1) as Side, bytes: hex(line.slice(2)) }))
}

function packetsOf(chunks: readonly Uint8Array[]): Packet[] {
  const framer = new PacketFramer(MAX)
  const packets: Packet[] = []
  for (const chunk of chunks) {
    framer.push(chunk)
    for (let packet = framer.next(); packet !== null; packet = framer.next()) packets.push(packet)
  }
  expect(framer.buffered).toBe(0)
  return packets
}

/** Follows a session as a proxy does: what a packet means depends on all that came before it. */
class Follower {
  #phase: 'handshake' | 'login' | 'auth' | 'commands' = 'handshake'
  #capabilities = 0
  #machine = new ResponseMachine('none', 0)
  readonly #statements = new Map<number, StatementShape>()

  read(side: Side, payload: Uint8Array): Traced {
    return side === 'F' ? { side, message: this.#client(payload) } : { side, message: this.#server(payload) }
  }

  #client(payload: Uint8Array) {
    if (this.#phase === 'login') {
      const login = decodeLogin(payload)
      this.#capabilities = login.capabilities
      if (login.kind === 'handshakeResponse') this.#phase = 'auth'
      return login
    }
    if (this.#phase === 'auth') return decodeAuthSwitchResponse(payload)
    const command = decodeCommand(payload, {
      capabilities: this.#capabilities,
      statement: (id) => this.#statements.get(id),
    })
    if (command.kind === 'stmtSendLongData') {
      const shape = this.#statements.get(command.statementId)!
      const longData = new Set([...(shape.longData as ReadonlySet<number>), command.parameter])
      this.#statements.set(command.statementId, { ...shape, longData })
    }
    expect(this.#machine.done).toBe(true)
    this.#machine = new ResponseMachine(RESPONSES[command.kind] ?? 'ok', this.#capabilities)
    return command
  }

  #server(payload: Uint8Array) {
    if (this.#phase === 'handshake') {
      this.#phase = 'login'
      return decodeHandshakeV10(payload)
    }
    if (this.#phase === 'auth') {
      const message = decodeServerLogin(payload, this.#capabilities)
      if (message.kind === 'ok') this.#phase = 'commands'
      return message
    }
    const classified = this.#machine.next(payload)
    if (classified.kind === 'prepareOk') {
      const { statementId, parameters } = classified.prepared
      this.#statements.set(statementId, { parameterCount: parameters, types: null, longData: new Set() })
    }
    return classified
  }
}

/** Which packet byte `at` of the stream belongs to. */
function cutAt(packets: readonly Uint8Array[], at: number): number {
  let end = 0
  for (const [i, packet] of packets.entries()) {
    end += packet.length
    if (at < end) return i
  }
  return packets.length - 1
}

describe.each(SESSIONS)('%s', (name) => {
  const told = recorded(name)

  it('reads as its golden trace', async () => {
    const follower = new Follower()
    const lines = told.map(({ side, bytes }) => {
      const packet = packetsOf([bytes])[0]!
      return trace(follower.read(side, packet.payload), packet)
    })
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(joinPath(folder, `${name}.txt`))
  })

  it.each(['F', 'B'] as const)('gives the same packets of side %s when split at every byte', (side) => {
    const mine = told.filter((packet) => packet.side === side).map(({ bytes }) => bytes)
    const bytes = join(mine)
    const wanted = mine.map(toHex)
    for (let at = 0; at <= bytes.length; at++) {
      const packets = packetsOf([bytes.subarray(0, at), bytes.subarray(at)])
      // The packet at the cut is the one that could differ: all of them each time would be quadratic.
      const index = cutAt(mine, at)
      expect(toHex(packets[index]!.bytes!)).toBe(wanted[index])
    }
    expect(packetsOf(Array.from(bytes, (byte) => Uint8Array.of(byte))).map((packet) => toHex(packet.bytes!))).toEqual(
      wanted,
    )
  })
})

import { describe, expect, it } from 'vitest'
import { MysqlMachine } from '../../src/session/mysql/machine.ts'
import { OFFERED } from '../../src/wire/mysql/capabilities.ts'
import { encodeColumn } from '../../src/wire/mysql/column.ts'
import { COLUMN_TYPE } from '../../src/wire/mysql/column-types.ts'
import { encodeCommand } from '../../src/wire/mysql/command.ts'
import { PacketFramer } from '../../src/wire/mysql/framer.ts'
import { encodeResultEnd } from '../../src/wire/mysql/outcome.ts'
import { CHUNK_BYTES, encodePackets, packetCount } from '../../src/wire/mysql/packets.ts'
import { encodeTextRow } from '../../src/wire/mysql/text-row.ts'
import { play, START, utf8, worldOf } from './fixture.ts'

const TEXT = 'SELECT note FROM orders'

describe('a row of several packets', () => {
  it('passes whole, and what follows it counts on', () => {
    const world = worldOf('mysql')
    const { gate, subject, role } = world
    const names = { schema: 'shop', table: 'orders', orgTable: 'orders', name: 'note', orgName: 'note' }
    const answer = [
      Uint8Array.of(1),
      encodeColumn({ ...names, charset: 45, type: COLUMN_TYPE.varString, flags: 0, decimals: 0 }),
      encodeTextRow([new Uint8Array(CHUNK_BYTES).fill(0x61)]),
      encodeTextRow([utf8('short')]),
      encodeResultEnd({ kind: 'eof', warnings: 0, status: 2 }, OFFERED),
    ]
    let sequence = 1
    const packets = answer.map((payload) => {
      const from = sequence
      sequence += packetCount(payload.length)
      return { from: 'server' as const, bytes: encodePackets(payload, from) }
    })
    const machine = new MysqlMachine({
      gate,
      subject,
      role,
      capabilities: OFFERED,
      status: 2,
      defaultDatabase: 'shop',
      mariadb: false,
      welcome: null,
      ownSessions: () => [{ number: 7, user: 'alice@example.test', running: true }],
      ownSession: () => null,
      now: START,
    })
    const query = encodeCommand(
      { kind: 'query', reading: 'utf8', text: TEXT, bytes: utf8(TEXT), attributes: [] },
      OFFERED,
    )
    const effects = play(world, machine, [{ from: 'client', bytes: encodePackets(query, 0) }, ...packets])
    const framer = new PacketFramer({ maxPayloadBytes: 2 * CHUNK_BYTES })
    for (const effect of effects) if (effect.kind === 'client') framer.push(effect.bytes)
    const seen = answer.map(() => framer.next())
    expect(seen.map((packet) => [packet?.firstSequence, packet?.sequence])).toEqual([
      [1, 1],
      [2, 2],
      [3, 4],
      [5, 5],
      [6, 6],
    ])
    expect(seen.map((packet) => packet?.payload.length)).toEqual(answer.map(({ length }) => length))
    expect(effects.map(({ kind }) => kind).filter((kind) => kind !== 'client')).toEqual(['record', 'sql', 'note'])
    expect(machine.idle).toBe(true)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Effect } from '../../src/session/effects.ts'
import type { Command } from '../../src/wire/mysql/command.ts'
import { encodePackets } from '../../src/wire/mysql/packets.ts'
import { breaches, join, roleOf, START, uncompleted, worldOf } from './fixture.ts'
import {
  binary,
  column,
  commandOf,
  count,
  end,
  execute,
  failed,
  machineOf,
  ok,
  packetsOf,
  prepare,
  prepared,
  query,
  row,
} from './mysql_story.ts'

const CLEAR = 'bob@example.test'
const ID = column('users.id')
const EMAIL = column('users.email')

const COMMANDS: readonly Command[] = [
  query('SELECT id, email FROM users'),
  query('SELECT 1'),
  query('SELECT * FROM secrets'),
  query("UPDATE users SET name = 'x' WHERE id = 1"),
  query('SHOW WARNINGS'),
  query('SHOW ERRORS'),
  query('KILL 7'),
  query('USE archive'),
  query('SELECT length(email) FROM shop.users'),
  prepare('SELECT id, email FROM shop.users'),
  execute(1),
  { kind: 'stmtClose', statementId: 1 },
  { kind: 'stmtFetch', statementId: 1, rows: 1 },
  { kind: 'ping' },
  { kind: 'resetConnection' },
  { kind: 'fieldList', table: 'users', wildcard: '' },
]

const MODES = [count(3), column('m'), column('c'), column('d'), row('', 'utf8mb4', 'shop'), end()]

/** The payloads that a server answers a command with; its diagnostics quote a clear value. */
function answerOf(payload: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(payload.subarray(1)).toString()
  switch (payload[0]) {
    case 0x19:
      return []
    case 0x04:
      return [ID, EMAIL, end()]
    case 0x16:
      return [prepared(2), ID, EMAIL]
    case 0x17:
      return [count(2), ID, EMAIL, binary('1', CLEAR), binary('2', null), end()]
    case 0x03:
      if (/@@SESSION/.test(text)) return MODES
      if (/^UPDATE/.test(text)) return [failed(1062, `Duplicate ${CLEAR}`)]
      if (/^SHOW/.test(text)) return [count(1), column('Message'), row('harmless'), end()]
      if (/^USE/.test(text)) return [ok()]
      if (/length/.test(text)) return [count(1), column('x'), row(null), end({ warnings: 2 })]
      if (/users/.test(text)) return [count(2), ID, EMAIL, row('1', CLEAR), row('2', null), end()]
      return [count(1), column('1'), row('1'), end()]
    default:
      return [ok()]
  }
}

function relayed(commands: readonly Command[], turns: Iterator<number>, limit: number) {
  const world = worldOf('mysql', roleOf({ limits: { maxRowsPerResult: limit } }))
  const machine = machineOf(world)
  const effects: Effect[] = []
  let fromClient = join(commands.map(commandOf))
  let fromServer: Uint8Array = new Uint8Array(0)
  let cancels = 0
  const cancelled = () => {
    cancels--
    machine.cancelled()
    return machine.onTick(START)
  }
  const relay = (turn: number) => {
    const size = 1 + (turn >> 1)
    const clientsTurn = fromServer.length === 0 || (turn % 2 === 0 && fromClient.length > 0)
    const made = clientsTurn
      ? machine.onClient(fromClient.subarray(0, size), START)
      : machine.onServer(fromServer.subarray(0, size), START)
    if (clientsTurn) fromClient = fromClient.subarray(size)
    else fromServer = fromServer.subarray(size)
    return made
  }
  while (fromClient.length + fromServer.length + cancels > 0) {
    const turn = turns.next().value as number
    const settles = cancels > 0 && (turn % 3 === 0 || fromClient.length + fromServer.length === 0)
    const made = settles ? cancelled() : relay(turn)
    for (const effect of made) {
      effects.push(effect)
      if (effect.kind === 'cancel' && effect.sessionId === 'session-1') cancels++
      if (effect.kind !== 'sql' && effect.kind !== 'server') continue
      const answers = packetsOf(effect.bytes).flatMap(({ payload }) =>
        answerOf(payload).map((packet, at) => encodePackets(packet, at + 1)),
      )
      fromServer = join([fromServer, ...answers])
    }
  }
  return { effects, abandoned: machine.abandoned(START) }
}

describe('any run of commands', () => {
  it('gets one whole answer each, numbered from 1, and nothing that is protected', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...COMMANDS), { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat({ max: 120 })),
        fc.constantFrom(0, 1),
        (commands, turns, limit) => {
          const { effects, abandoned } = relayed(commands, turns, limit)
          expect(breaches(effects)).toEqual([])
          const bytes = join(effects.flatMap((effect) => (effect.kind === 'client' ? [effect.bytes] : [])))
          expect(Buffer.from(bytes).includes(CLEAR)).toBe(false)
          const numbers = packetsOf(bytes).map(({ sequence }) => sequence)
          const broken = numbers.filter((number, at) => number !== 1 && number !== (numbers[at - 1] ?? 0) + 1)
          expect(broken).toEqual([])
          const answered = commands.filter(({ kind }) => kind !== 'stmtClose').length
          expect(numbers.filter((number) => number === 1)).toHaveLength(answered)
          expect(effects.filter(({ kind }) => kind === 'end')).toEqual([])
          expect(uncompleted([...effects, ...abandoned])).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })
})

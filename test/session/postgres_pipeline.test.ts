import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Effect } from '../../src/session/effects.ts'
import { type ClientMessage, decodeClient, encodeClient } from '../../src/wire/postgres/client.ts'
import { breaches, join, roleOf, START, uncompleted, type World, worldOf } from './fixture.ts'
import { BAD, PostgresBackend } from './postgres_backend.ts'
import { bind, execute, FLUSH, framesOf, machineOf, parse, query, SYNC, told } from './postgres_story.ts'

const TEXTS = [
  'SELECT 1',
  'SELECT 1/0',
  'SELECT id, email FROM shop.users',
  'SELECT * FROM shop.secrets',
  'SELECT id FROM orders',
  'SET search_path = archive',
  'SET search_path = shop',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
] as const
/** These mean the same under every path, so that they may be run again later. */
const KEPT = TEXTS.filter((text) => !text.includes('orders'))

const names = fc.constantFrom('s', 't')
const portals = fc.constantFrom('p', 'q')
const maxRows = fc.constantFrom(0, 1)
const triple = fc
  .tuple(fc.constantFrom(...TEXTS), maxRows)
  .map(([text, rows]): ClientMessage[] => [parse(text), bind(), execute('', rows)])
/** COPY data as a client may send it unasked; a Sync within is ignored where the COPY has begun, and counts else. */
const COPY = 'COPY shop.orders FROM STDIN'
const data = (byte: number): ClientMessage => ({ kind: 'copyData', data: Uint8Array.of(byte, 10) })
const END: readonly ClientMessage[] = [{ kind: 'copyDone' }]
const FAIL: readonly ClientMessage[] = [{ kind: 'copyFail', reason: 'no more' }]
const copied = fc
  .tuple(
    fc.array(fc.constantFrom(data(0x31), SYNC, FLUSH), { maxLength: 4 }),
    fc.constantFrom(END, FAIL, [data(BAD), ...END]),
  )
  .map(([sent, end]): ClientMessage[] => [...sent, ...end])
const copy = copied.map((sent): ClientMessage[] => [parse(COPY), bind(), execute(), ...sent])

const piece: fc.Arbitrary<readonly ClientMessage[]> = fc.oneof(
  triple,
  fc.tuple(fc.constantFrom(...KEPT), names).map(([text, name]) => [parse(text, name)]),
  fc.tuple(names, portals).map(([name, portal]) => [bind(name, portal)]),
  fc.tuple(portals, maxRows).map(([portal, rows]) => [execute(portal, rows)]),
  portals.map((name): ClientMessage[] => [{ kind: 'close', target: 'portal', name }]),
  names.map((name): ClientMessage[] => [{ kind: 'close', target: 'statement', name }]),
  fc.constant([FLUSH]),
  copy,
)
const batch = fc.oneof(
  fc.array(piece, { maxLength: 5 }).map((pieces) => [...pieces.flat(), SYNC]),
  fc.constantFrom(...TEXTS).map((text) => [query(text)]),
  copied.map((sent) => [query(COPY), ...sent]),
)

/** What the client would see of a server that refuses and masks by itself. */
function expected(messages: readonly ClientMessage[]): string[] {
  const server = new PostgresBackend(
    (text) => (text.includes('secrets') ? '42501' : null),
    (email) => `${email[0]}***@***.test`,
  )
  for (const message of messages) server.accept(message)
  return told(server.take().map((bytes): Effect => ({ kind: 'client', bytes })))
}

/** Both directions in pieces of random size and in random turns. */
function relayed(world: World, messages: readonly ClientMessage[], turns: Iterator<number>) {
  const machine = machineOf(world)
  const server = new PostgresBackend(
    () => null,
    (email) => email,
  )
  const effects: Effect[] = []
  let fromClient = join(messages.map(encodeClient))
  let fromServer: Uint8Array = new Uint8Array(0)
  const perform = (made: readonly Effect[]) => {
    for (const effect of made) {
      effects.push(effect)
      if (effect.kind !== 'sql' && effect.kind !== 'server') continue
      for (const frame of framesOf(effect.bytes)) server.accept(decodeClient(frame, 'ready'))
      fromServer = join([fromServer, ...server.take()])
    }
  }
  while (fromClient.length + fromServer.length > 0) {
    const turn = turns.next().value as number
    const size = 1 + (turn >> 1)
    const clientsTurn = fromServer.length === 0 || (turn % 2 === 0 && fromClient.length > 0)
    if (clientsTurn) {
      const chunk = fromClient.subarray(0, size)
      fromClient = fromClient.subarray(size)
      perform(machine.onClient(chunk, START))
    } else {
      const chunk = fromServer.subarray(0, size)
      fromServer = fromServer.subarray(size)
      perform(machine.onServer(chunk, START))
    }
  }
  return { effects, misread: server.misread, idle: machine.idle, abandoned: machine.abandoned(START) }
}

/** The code of an error and the shape of the rest: words of errors differ. */
const comparable = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith('<')).map((line) => line.replace(/^(< error \S+) .*/, '$1'))

describe('any pipeline', () => {
  it('looks to the client as if the server itself masked and refused', () => {
    fc.assert(
      fc.property(
        fc.array(batch, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat({ max: 200 })),
        (batches, turns) => {
          const messages = batches.flat()
          const { effects, misread, abandoned } = relayed(worldOf('postgres'), messages, turns)
          expect(comparable(told(effects))).toEqual(comparable(expected(messages)))
          expect(breaches(effects)).toEqual([])
          expect(misread).toEqual([])
          expect(unrecorded(effects)).toEqual([])
          expect(uncompleted([...effects, ...abandoned])).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** Executions that were sent without a decision in force: each first Execute of a run needs a record before it. */
function unrecorded(effects: readonly Effect[]): string[] {
  let decisions = 0
  const found: string[] = []
  for (const effect of effects) {
    if (effect.kind === 'record' && effect.event.kind === 'decision' && effect.event.effect === 'allow') decisions++
    const line = effect.kind === 'server' ? told([effect]).find((one) => one.startsWith('> execute')) : undefined
    if (line && decisions === 0) found.push(line)
  }
  return found
}

describe('any bytes', () => {
  const chunks = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 40 })), { maxLength: 30 })
  const wellFramed = fc
    .tuple(fc.constantFrom(...'QPBEDCSHXFdcfpTDZCE1231Nnst'), fc.uint8Array({ maxLength: 30 }))
    .map(([type, body]) => Uint8Array.from([type.charCodeAt(0), 0, 0, 0, body.length + 4, ...body]))
  const frames = fc.array(fc.tuple(fc.boolean(), wellFramed), { maxLength: 30 })

  it.each([
    ['random', chunks],
    ['framed', frames],
  ] as const)('%s, from either side, never throw; what they break ends the session', (_what, input) => {
    fc.assert(
      fc.property(input, fc.boolean(), (pieces, unrestricted) => {
        const world = worldOf('postgres', roleOf(unrestricted ? { unrestricted: true, scope: [] } : {}))
        const machine = machineOf(world)
        const effects = pieces.flatMap(([client, bytes]) =>
          client ? machine.onClient(bytes, START) : machine.onServer(bytes, START),
        )
        expect(breaches(effects)).toEqual([])
        expect(uncompleted([...effects, ...machine.abandoned(START)])).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})

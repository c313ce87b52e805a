import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Effect } from '../../src/session/effects.ts'
import { encodePackets } from '../../src/wire/mysql/packets.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import { breaches, join, play, START, type Step, uncompleted, utf8, worldOf } from './fixture.ts'
import {
  client,
  column,
  count,
  end,
  eof,
  execute,
  failed,
  machineOf,
  ok,
  prepare,
  prepared,
  query,
  row,
  server,
  told,
} from './mysql_story.ts'

/** A server that is not well-formed ends its session, with an error, and shows nothing. */

const CLEAR = 'bob@example.test'
const ID = column('users.id')
const EMAIL = column('users.email')
const MORE = STATUS.autocommit | STATUS.moreResults
const RESULT = [count(2), ID, EMAIL, row('1', CLEAR), end()]
const bytesOf = (...payloads: readonly Uint8Array[]) =>
  join(payloads.map((payload, at) => encodePackets(payload, at + 1)))
const raw = (bytes: Uint8Array): Step => ({ from: 'server', bytes })
const header = (length: number, sequence: number) =>
  Uint8Array.of(length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff, sequence)

function answered(...answers: readonly Step[]): { readonly lines: string[]; readonly effects: Effect[] } {
  const world = worldOf('mysql')
  const machine = machineOf(world)
  const effects = play(world, machine, [client(query('SELECT id, email FROM users')), ...answers])
  const all = [...effects, ...machine.abandoned(START)]
  return { lines: told(effects), effects: all }
}

const SPOILS: Readonly<Record<string, Step>> = {
  'rows ahead of their description': server(row('1', CLEAR), ...RESULT),
  'a description of fewer columns': server(count(1), EMAIL, row(CLEAR), end()),
  'a description of more columns': server(count(3), ID, EMAIL, EMAIL, row('1', CLEAR, CLEAR), end()),
  'a second result': server(count(2), ID, EMAIL, end({ status: MORE }), count(1), column('x'), row(CLEAR), end()),
  'a row of more cells than columns': server(count(2), ID, EMAIL, row('1', 'x', CLEAR), end()),
  'a row of fewer cells than columns': server(count(2), ID, EMAIL, row(CLEAR), end()),
  'a cell that is longer than its row': server(
    count(2),
    ID,
    EMAIL,
    join([Uint8Array.of(1, 0x31, 0xfd, 0xff, 0xff, 0x0f), utf8(CLEAR)]),
  ),
  'a second answer': server(...RESULT, ...RESULT),
  'an OK in the middle of a description': server(count(2), ID, ok(), row('1', CLEAR), end()),
  'a request for a file': server(join([Uint8Array.of(0xfb), utf8('/etc/passwd')])),
  'an empty packet': server(new Uint8Array(0)),
  'a packet out of turn': raw(
    join([
      encodePackets(count(2), 1),
      encodePackets(ID, 7),
      encodePackets(EMAIL, 9),
      encodePackets(row('1', CLEAR), 10),
    ]),
  ),
  'bytes that are none': raw(new Uint8Array(4096).fill(0xff)),
  zeros: raw(new Uint8Array(4096)),
  'no column at all': server(count(0), row('1', CLEAR), end()),
  'a million columns': server(Uint8Array.of(0xfd, 0x40, 0x42, 0x0f), row('1', CLEAR)),
  'a broken description': server(count(2), ID, EMAIL.subarray(0, 9), row('1', CLEAR)),
  'a length that is never reached': raw(join([bytesOf(count(2), ID, EMAIL), header(0xffffff, 4), utf8(CLEAR)])),
  'an EOF that nobody agreed to': server(count(2), ID, EMAIL, eof(), row('1', CLEAR), eof()),
  progress: server(join([Uint8Array.of(0xff, 0xff, 0xff, 1, 1, 1), utf8(CLEAR)])),
  'an error that quotes the value, in the middle of rows': server(
    count(2),
    ID,
    EMAIL,
    row('1', CLEAR),
    failed(1105, CLEAR),
  ),
}

describe('a server that sends', () => {
  it.each(Object.entries(SPOILS))('%s shows nothing that is protected', (_what, spoiled) => {
    const { lines, effects } = answered(spoiled)
    expect(lines.join('\n')).not.toContain(CLEAR)
    expect(breaches(effects.slice(0, lines.length))).toEqual([])
    expect(uncompleted(effects)).toEqual([])
  })

  it.each(['a second answer', 'a request for a file', 'an empty packet', 'zeros', 'progress', 'a second result'])(
    '%s ends the session with a clear error',
    (what) => {
      const { lines } = answered(SPOILS[what] as Step)
      expect(lines.at(-1)).toBe('end SP-PROTOCOL')
    },
  )

  it('anything at all never breaks more than the session', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (flips, binary) => {
          const bytes = bytesOf(...RESULT)
          for (const [at, value] of flips) bytes[at % bytes.length] = value
          const world = worldOf('mysql')
          const machine = machineOf(world)
          const opening = binary
            ? [client(prepare('SELECT id, email FROM users')), server(prepared(2), ID, EMAIL), client(execute())]
            : [client(query('SELECT id, email FROM users'))]
          const effects = play(world, machine, [...opening, raw(bytes)])
          expect(breaches(effects)).toEqual([])
          expect(uncompleted([...effects, ...machine.abandoned(START)])).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
  })
})

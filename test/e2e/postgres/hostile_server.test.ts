import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, HIDDEN, SHOWN_IN_PART } from './club.ts'
import { type Relay, type Spoil, startRelay } from './relay.ts'
import { cellsOf, errorOf, kindsOf, query, wireOf } from './wire.ts'

/** A database that is not well-formed ends its session, with an error, and shows nothing; the program goes on. */

const LENGTH_BYTES = 4

const message = (type: string, body: Uint8Array, length = body.length + LENGTH_BYTES): Buffer => {
  const head = Buffer.alloc(1 + LENGTH_BYTES)
  head.write(type, 'latin1')
  head.writeInt32BE(length | 0, 1)
  return Buffer.concat([head, body])
}
const int32 = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * LENGTH_BYTES)
  for (const [at, value] of values.entries()) bytes.writeInt32BE(value | 0, at * LENGTH_BYTES)
  return bytes
}
const text = (value: string) => Buffer.from(value, 'latin1')
const row = (value: string) => message('D', Buffer.concat([text('\0\x01'), int32(value.length), text(value)]))
const instead =
  (...parts: readonly Uint8Array[]): Spoil =>
  () => ({ bytes: Buffer.concat(parts), close: false })
const ahead =
  (...parts: readonly Uint8Array[]): Spoil =>
  (answer) => ({ bytes: Buffer.concat([...parts, answer]), close: false })
const closed =
  (cut: (answer: Buffer) => number): Spoil =>
  (answer) => ({ bytes: answer.subarray(0, cut(answer)), close: true })

const CLEAR = 'CANARY-UPSTREAM-1'
const SPOILS: Readonly<Record<string, Spoil>> = {
  'rows ahead of their description': ahead(row(CLEAR)),
  'an answer that nobody asked for': (answer) => ({
    bytes: Buffer.concat([answer, row(CLEAR), message('C', text('SELECT 1\0')), message('Z', text('I'))]),
    close: false,
  }),
  'a second description without origins': (answer) => {
    const at = answer.indexOf('D', 20, 'latin1')
    const plain = Buffer.concat([
      text('\0\x01email\0'),
      int32(0),
      text('\0\0'),
      int32(25),
      text('\xff\xff'),
      int32(-1),
      text('\0\0'),
    ])
    return {
      bytes: Buffer.concat([answer.subarray(0, at), message('T', plain), row(CLEAR), answer.subarray(at)]),
      close: false,
    }
  },
  'ReadyForQuery twice': (answer) => ({ bytes: Buffer.concat([answer, message('Z', text('I'))]), close: false }),
  'the end of a Parse': ahead(message('1', text(''))),
  'COPY data in a SELECT': ahead(message('H', text('\0\0\0')), message('d', text(CLEAR))),
  'a request for a password': ahead(message('R', int32(3))),
  'a cancel key': ahead(message('K', int32(1, 2))),
  'an unknown message': ahead(message('!', text(CLEAR))),
  'bytes that are none': instead(Buffer.alloc(4096, 0xff)),
  zeros: instead(Buffer.alloc(4096)),
  'a notification': ahead(message('A', Buffer.concat([int32(1), text('ch\0'), text(`${CLEAR}\0`)]))),
  'an end in the middle of a row': closed((answer) => answer.indexOf('CANARY-', 0, 'latin1') + 5),
  'an end in the middle of a description': closed(() => 9),
  'an end instead of an answer': closed(() => 0),
  'a message of two gigabytes, CVE-2024-27304': instead(message('D', text(CLEAR), 0x7fff_ffff)),
  'a message of minus one byte, CVE-2024-27304': instead(message('D', text(CLEAR), -1)),
  'a length below its own, CVE-2024-27304': instead(message('D', text(CLEAR), 3)),
  'a cell of minus two bytes, CVE-2026-4427': (answer) =>
    withRow(answer, message('D', Buffer.concat([text('\0\x01'), int32(-2), text(CLEAR)]))),
  'a cell that is longer than its row': (answer) =>
    withRow(answer, message('D', Buffer.concat([text('\0\x01'), int32(1 << 30), text(CLEAR)]))),
  'a row of more cells than columns': (answer) =>
    withRow(
      answer,
      message('D', Buffer.concat([text('\0\x02'), int32(1), text('x'), int32(CLEAR.length), text(CLEAR)])),
    ),
  'a row of fewer cells than columns': (answer) => withRow(answer, message('D', text('\0\0'))),
  'an error without SQLSTATE, CVE-2026-6666': instead(
    message('E', text(`SERROR\0M${CLEAR}\0\0`)),
    message('Z', text('I')),
  ),
  'an error without an end, CVE-2026-6666': instead(message('E', text(`SERROR\0M${CLEAR}`)), message('Z', text('I'))),
  'an empty error, CVE-2026-6666': instead(message('E', text('\0')), message('Z', text('I'))),
}

/** Ahead of the first row. */
function withRow(answer: Buffer, bad: Buffer): ReturnType<Spoil> {
  const rows = 1 + answer.readInt32BE(1)
  return { bytes: Buffer.concat([answer.subarray(0, rows), bad, answer.subarray(rows)]), close: false }
}

const MASKINGS = { 'in SQL': HIDDEN, 'on the wire': SHOWN_IN_PART }

describe.each(Object.entries(MASKINGS))('with masks %s, a server that sends', (_where, masking) => {
  let relay: Relay
  let stack: PostgresStack

  beforeAll(async () => {
    relay = await startRelay(SPOILS)
    const target = { port: relay.port, tls: { mode: 'disable' } }
    stack = await startPostgresStack({ setupSql: CLUB_SQL, roles: CLUB_ROLES, masking, grants: usualGrants, target })
    relay.upstream = stack.postgres.port
  })
  afterAll(async () => {
    await stack?.stop()
    await relay?.stop()
  })

  it.each(Object.keys(SPOILS))('%s', async (marker) => {
    const before = relay.spoiled()
    const wire = await wireOf(stack, 'alice')
    wire.send(query(`SELECT email /* ${marker} */ FROM club.members ORDER BY id LIMIT 1`))
    const got = await wire.read('readyForQuery').catch(() => wire.rest())
    wire.send(query('SELECT 42'))
    const after = await wire.read('readyForQuery').catch(() => wire.rest())
    expect(relay.spoiled()).toBe(before + 1)
    const shown = JSON.stringify([got, after], (_key, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    )
    expect(shown).not.toContain('CANARY')
    // Either the session has ended, or it is in step: what it says next belongs to what was asked next.
    if (kindsOf(after).includes('readyForQuery')) expect([['42'], undefined]).toContainEqual(cellsOf(after)[0])
    else expect(errorOf([...got, ...after]).S ?? 'FATAL').toBe('FATAL')
    wire.end()
    const next = await wireOf(stack, 'alice')
    expect(cellsOf(await next.ask(query('SELECT 41 + 1')))).toEqual([['42']])
    next.end()
  })

  it('anything at all: the program has not ended, and holds no connection of a session that has', async () => {
    expect(stack.proxy.child.exitCode).toBeNull()
    expect(stack.proxy.log()).not.toMatch(/TypeError|RangeError|unhandled/i)
    await expect.poll(() => relay.open(), { timeout: 10_000 }).toBeLessThanOrEqual(1)
  })
})

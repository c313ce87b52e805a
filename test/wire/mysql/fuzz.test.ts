import fc from 'fast-check'
import { describe, it } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import { readClearPassword } from '../../../src/wire/mysql/auth/clear-password.ts'
import { openidAnswer, readOpenidToken } from '../../../src/wire/mysql/auth/openid-connect.ts'
import { encodeAuthMoreData, encodeAuthSwitchRequest } from '../../../src/wire/mysql/auth-switch.ts'
import { binaryRowCells, encodeBinaryRow, rewriteBinaryRow } from '../../../src/wire/mysql/binary-row.ts'
import { CAPABILITY, negotiate } from '../../../src/wire/mysql/capabilities.ts'
import { decodeColumn, decodeColumnCount, encodeColumn } from '../../../src/wire/mysql/column.ts'
import { decodeCommand, encodeCommand } from '../../../src/wire/mysql/command.ts'
import { PacketFramer } from '../../../src/wire/mysql/framer.ts'
import { decodeLogin, encodeHandshakeResponse, encodeSslRequest } from '../../../src/wire/mysql/handshake-response.ts'
import { decodeHandshakeV10, encodeHandshakeV10 } from '../../../src/wire/mysql/handshake-v10.ts'
import { decodeEof, decodeErr, decodeOk, encodeEof, encodeErr, encodeOk } from '../../../src/wire/mysql/outcome.ts'
import { encodePackets, renumberPackets } from '../../../src/wire/mysql/packets.ts'
import { decodePrepareOk, encodePrepareOk } from '../../../src/wire/mysql/prepare-ok.ts'
import { ResponseMachine, type ResponseTo } from '../../../src/wire/mysql/response.ts'
import { rewriteBinaryRun, rewriteTextRun } from '../../../src/wire/mysql/row-run.ts'
import { decodeServerLogin } from '../../../src/wire/mysql/server-login.ts'
import { encodeTextRow, rewriteTextRow, textRowCells } from '../../../src/wire/mysql/text-row.ts'
import { CLASSIC, column, commands, hex, MODERN, SCRAMBLE, statement, text, toHex } from './samples.ts'

const RUNS = { numRuns: 1500 }
const TO: readonly ResponseTo[] = [
  'query',
  'processInfo',
  'stmtExecute',
  'stmtPrepare',
  'stmtFetch',
  'fieldList',
  'statistics',
  'setOption',
  'ok',
  'none',
]
const CAPABILITIES = [MODERN, CLASSIC, (MODERN | CAPABILITY.ssl) >>> 0]
const TYPES = [3, 0xfd, 0x0c, 0x06, 0x20]

/** Bytes of three kinds: small numbers (so that counts and lengths are plausible), any, and damaged samples. */
function payloads(...samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const byte = fc.oneof(fc.constantFrom(0, 0, 1, 2, 4, 65, 0xfb, 0xfc, 0xfd, 0xfe, 0xff), fc.nat(255))
  const plausible = fc.array(byte, { maxLength: 64 }).map((bytes) => Uint8Array.from(bytes))
  if (samples.length === 0) return fc.oneof(plausible, fc.uint8Array({ maxLength: 300 }))
  const damage = fc.tuple(fc.constantFrom(...samples), fc.nat(), byte, fc.integer({ min: -3, max: 3 }))
  const damaged = damage.map(([sample, place, value, cut]) => {
    const bytes = sample.slice()
    if (bytes.length > 0) bytes[place % bytes.length] = value
    return cut < 0 ? bytes.slice(0, cut) : Uint8Array.from([...bytes, ...new Uint8Array(cut)])
  })
  return fc.oneof(plausible, damaged, damaged, fc.uint8Array({ maxLength: 300 }))
}

/** Answers or throws a `SallyportError`; any other error is a crash and fails the test. */
function orRefused<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (error instanceof SallyportError) return undefined
    throw error
  }
}

const sampleOk = { affectedRows: 300n, lastInsertId: 1n, status: 0x4002, warnings: 0, info: text('info') }
const changes = [
  { kind: 'systemVariables', pairs: [['a', 'b']] },
  { kind: 'schema', name: 'shop' },
] as const
const ok = encodeOk({ ...sampleOk, changes }, MODERN)
const err = encodeErr({ errno: 1064, sqlState: '42000', message: 'no' })
const eof = encodeEof({ warnings: 0, status: 2 })
const login = encodeHandshakeResponse({
  capabilities: MODERN,
  maxPacketBytes: 1,
  collation: 45,
  extended: 0,
  user: 'alice/shop',
  authResponse: SCRAMBLE,
  database: 'shop',
  plugin: 'p',
  attributes: [['a', 'b']],
  zstdLevel: null,
})
const ssl = encodeSslRequest({ capabilities: CAPABILITIES[2]!, maxPacketBytes: 1, collation: 45, extended: 0 })
const handshake = encodeHandshakeV10({
  kind: 'handshakeV10',
  version: '8.4.0',
  connectionId: 1,
  scramble: SCRAMBLE,
  capabilities: MODERN,
  collation: 45,
  status: 2,
  plugin: 'p',
})
const textRow = encodeTextRow([text('a'), null, text('bc')])
const binaryRow = encodeBinaryRow(TYPES.slice(0, 4), [hex('01000000'), text('x'), hex('ea070b15'), null])
const definition = encodeColumn(column)
const prepared = encodePrepareOk({ statementId: 1, columns: 1, parameters: 1, warnings: 0 })

describe('every decoder decodes or refuses', () => {
  it.each<[string, (payload: Uint8Array) => unknown, readonly Uint8Array[]]>([
    ['handshake', decodeHandshakeV10, [handshake]],
    ['login', decodeLogin, [login, ssl]],
    ['columnCount', decodeColumnCount, [hex('01'), hex('fc0001')]],
    ['column', decodeColumn, [definition]],
    ['err', decodeErr, [err]],
    ['eof', decodeEof, [eof]],
    ['prepareOk', decodePrepareOk, [prepared]],
    ['clear password', readClearPassword, [hex('7000')]],
    ['OpenID token', readOpenidToken, [openidAnswer('e.y.J')]],
    ['text row', (payload) => textRowCells(payload, 3), [textRow]],
    ['text edits', (payload) => rewriteTextRow(payload, 3, new Map([[1, text('x')]])), [textRow]],
    ['binary row', (payload) => binaryRowCells(payload, TYPES), [binaryRow]],
    ['binary row of known types', (payload) => binaryRowCells(payload, TYPES.slice(0, 4)), [binaryRow]],
    ['binary edits', (payload) => rewriteBinaryRow(payload, TYPES, new Map([[0, null]])), [binaryRow]],
    ['text run', (run) => rewriteTextRun(run, 3, [0, 2], () => text('xx')), [encodePackets(textRow, 1)]],
    [
      'binary run',
      (run) => rewriteBinaryRun(run, TYPES.slice(0, 4), [0, 1], () => null),
      [encodePackets(binaryRow, 1)],
    ],
    ['renumbering', (run) => renumberPackets(run, 3), [encodePackets(textRow, 1)]],
  ])('%s', (_, decode, samples) => {
    const check = fc.property(payloads(...samples), (payload) => {
      orRefused(() => decode(payload))
    })
    fc.assert(check, RUNS)
  })

  it.each(commands.map((command) => [command.kind, command] as const))('command %s', (_, command) => {
    const samples = CAPABILITIES.map((capabilities) => encodeCommand(command, capabilities))
    const check = fc.property(
      payloads(...samples),
      fc.constantFrom(...CAPABILITIES),
      fc.boolean(),
      (bytes, capabilities, forced) => {
        if (bytes.length > 0 && forced) bytes[0] = samples[0]![0]!
        const decoded = orRefused(() => decodeCommand(bytes, { capabilities, statement }))
        if (decoded === undefined || decoded.kind === 'unknown') return
        // What was judged is what is sent on: reading it again says the same.
        const again = encodeCommand(decoded, capabilities)
        const twice = decodeCommand(again, { capabilities, statement })
        if (toHex(encodeCommand(twice, capabilities)) !== toHex(again)) throw new Error('a second reading differs')
      },
    )
    fc.assert(check, { numRuns: 600 })
  })

  it('OK and the login of a server', () => {
    const more = encodeAuthMoreData(hex('04'))
    const asked = encodeAuthSwitchRequest('p', SCRAMBLE)
    const check = fc.property(
      payloads(ok, err, more, asked),
      fc.constantFrom(...CAPABILITIES),
      (payload, capabilities) => {
        orRefused(() => decodeOk(payload, capabilities))
        orRefused(() => decodeServerLogin(payload, capabilities))
      },
    )
    fc.assert(check, { numRuns: 4000 })
  })

  it('answers', () => {
    const packet = fc.oneof(
      fc.constantFrom(ok, err, eof, prepared, definition, textRow, binaryRow, hex('01')),
      payloads(ok, prepared, definition),
    )
    const script = fc.array(packet, { maxLength: 8 })
    const check = fc.property(
      script,
      fc.constantFrom(...TO),
      fc.constantFrom(...CAPABILITIES),
      (packets, to, capabilities) => {
        const machine = new ResponseMachine(to, capabilities)
        orRefused(() => {
          for (const payload of packets) machine.next(payload)
        })
      },
    )
    fc.assert(check, { numRuns: 6000 })
  })

  it('the framer', () => {
    const check = fc.property(
      fc.array(payloads(encodePackets(textRow, 0)), { maxLength: 8 }),
      fc.boolean(),
      (chunks, runs) => {
        const framer = new PacketFramer({ maxPayloadBytes: 1000 })
        const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
        for (const chunk of chunks) framer.push(chunk)
        let taken = 0
        orRefused(() => {
          for (;;) {
            const got = (runs ? framer.takeRun((first) => first < 0xfe) : null) ?? framer.next()
            if (got === null) break
            taken += got.bytes?.length ?? Number.NaN
          }
          if (taken + framer.buffered !== total) throw new Error('bytes were lost')
        })
      },
    )
    fc.assert(check, { numRuns: 3000 })
  })

  it('capabilities', () => {
    const flags = fc.integer({ min: 0, max: 0xffffffff })
    const check = fc.property(flags, flags, (client, ours) => {
      const agreed = orRefused(() => negotiate(client, ours)) ?? 0
      if (agreed < 0 || (agreed & ~client) !== 0 || (agreed & ~ours) !== 0) throw new Error('more than both offered')
    })
    fc.assert(check, RUNS)
  })
})

import { describe, expect, it } from 'vitest'
import { openRecording } from '../../src/recording/open_recording.ts'
import type { Shown, ShownTable } from '../../src/recording/playback.ts'
import { playbackOf } from '../../src/recording/timeline.ts'
import { encodeBinaryRow } from '../../src/wire/mysql/binary-row.ts'
import { CAPABILITY } from '../../src/wire/mysql/capabilities.ts'
import { type ColumnInput, encodeColumn } from '../../src/wire/mysql/column.ts'
import { COLUMN_TYPE } from '../../src/wire/mysql/column-types.ts'
import { COMMAND } from '../../src/wire/mysql/command-codes.ts'
import { encodeEof, encodeErr, encodeOk } from '../../src/wire/mysql/outcome.ts'
import { encodePackets, packetCount } from '../../src/wire/mysql/packets.ts'
import { encodePrepareOk } from '../../src/wire/mysql/prepare-ok.ts'
import { STATUS } from '../../src/wire/mysql/server-status.ts'
import { encodeTextRow } from '../../src/wire/mysql/text-row.ts'
import { opener, recordingOf, text } from './fixture.ts'

const OLD = CAPABILITY.multiStatements | CAPABILITY.localFiles
const NEW = OLD | CAPABILITY.deprecateEof

const column = (name: string, type: number, charset = 45): Uint8Array => {
  const more: ColumnInput = {
    schema: 's',
    table: 't',
    orgTable: 't',
    name,
    orgName: name,
    charset,
    type,
    flags: 0,
    decimals: 0,
  }
  return encodeColumn(more)
}
const ok = (capabilities: number, status = 0, header: 0 | 0xfe = 0) =>
  encodeOk(
    { affectedRows: 2n, lastInsertId: 0n, status, warnings: 0, info: new Uint8Array(0), changes: [] },
    capabilities,
    header,
  )

/** A session on a MySQL connection: each command, and the payloads that answer it. */
async function told(
  capabilities: number,
  story: readonly {
    readonly ask?: string
    readonly command: readonly number[]
    readonly answer: readonly Uint8Array[]
  }[],
  maxBytesPerStatement = 100_000,
) {
  const started = await recordingOf({ head: { protocol: 'mysql', capabilities }, limits: { maxBytesPerStatement } })
  for (const [index, { ask, command, answer }] of story.entries()) {
    started.recording.fromClient(encodePackets(Uint8Array.from(command), 0))
    if (ask !== undefined) started.ask(String(index), ask)
    let sequence = 1
    for (const [at, payload] of answer.entries()) {
      if (ask !== undefined && at === answer.length - 1) started.done(String(index), 1)
      started.recording.toClient(encodePackets(payload, sequence))
      sequence = (sequence + packetCount(payload.length)) & 0xff
    }
    await started.recording.flush()
  }
  await started.recording.close('over')
  return playbackOf(openRecording(started.file.bytes, opener())).statements
}

const tables = (shown: readonly Shown[]) => shown.filter((one): one is ShownTable => one.kind === 'table')
const rowsOf = (shown: readonly Shown[]) => tables(shown).map(({ rows }) => rows)
const QUERY = [COMMAND.query, 0x53]

describe.each([
  [
    'with EOF packets',
    OLD,
    (status = 0) => encodeEof({ warnings: 0, status }),
    [encodeEof({ warnings: 0, status: 0 })],
  ],
  ['without them', NEW, (status = 0) => ok(NEW, status, 0xfe), []],
] as const)('answers %s', (_, capabilities, end, between) => {
  const result = (value: string, status = 0) => [
    Uint8Array.of(1),
    column('word', COLUMN_TYPE.varString),
    ...between,
    encodeTextRow([text(value)]),
    encodeTextRow([null]),
    end(status),
  ]

  it('are rows of text, OK, and errors', async () => {
    const statements = await told(capabilities, [
      { ask: 'SELECT word', command: QUERY, answer: result('hello') },
      { ask: 'UPDATE t', command: QUERY, answer: [ok(capabilities)] },
      { command: [COMMAND.ping], answer: [ok(capabilities)] },
      {
        ask: 'SELECT nope',
        command: QUERY,
        answer: [encodeErr({ errno: 1054, sqlState: '42S22', message: 'no column' })],
      },
    ])
    expect(rowsOf(statements[0]?.shown ?? [])).toEqual([[['hello'], [null]]])
    expect(statements[1]?.shown[0]).toMatchObject({ text: 'OK, 2 rows affected' })
    expect(statements[2]?.shown).toMatchObject([{ level: 'error', text: 'ERROR 1054 (42S22): no column' }])
  })

  it('are several results of one message', async () => {
    const answer = [...result('one', STATUS.moreResults), ...result('two')]
    const statements = await told(capabilities, [{ ask: 'CALL both()', command: QUERY, answer }])
    expect(rowsOf(statements[0]?.shown ?? [])).toEqual([
      [['one'], [null]],
      [['two'], [null]],
    ])
  })

  it('are values in binary form, of a statement that was prepared before', async () => {
    const types = [COLUMN_TYPE.longlong, COLUMN_TYPE.double, COLUMN_TYPE.datetime, COLUMN_TYPE.blob]
    const columns = [
      column('n', types[0] as number),
      column('d', types[1] as number),
      column('at', types[2] as number),
      column('raw', types[3] as number, 63),
    ]
    const double = new Uint8Array(8)
    new DataView(double.buffer).setFloat64(0, 2.5, true)
    const row = encodeBinaryRow(types, [
      Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      double,
      Uint8Array.of(0xee, 0x07, 1, 31, 9, 30, 0),
      Uint8Array.of(0, 1, 2),
    ])
    const statements = await told(capabilities, [
      {
        command: [COMMAND.stmtPrepare, 0x53],
        answer: [encodePrepareOk({ statementId: 1, columns: 4, parameters: 0, warnings: 0 }), ...columns, ...between],
      },
      {
        ask: 'EXECUTE',
        command: [COMMAND.stmtExecute, 1, 0, 0, 0, 0, 1, 0, 0, 0],
        answer: [Uint8Array.of(4), ...columns, ...between, row, end()],
      },
      { command: [COMMAND.stmtClose, 1, 0, 0, 0], answer: [] },
      { ask: 'SELECT word', command: QUERY, answer: result('after') },
    ])
    const shown = statements.map((one) => rowsOf(one.shown)).filter((rows) => rows.length > 0)
    expect(shown).toEqual([[[['-1', '2.5', '2030-01-31 09:30:00', '\\x000102']]], [[['after'], [null]]]])
  })

  it('leave rows beyond the limit out, and the next statement is read as ever', async () => {
    const wide = Array.from({ length: 50 }, () => encodeTextRow([text('x'.repeat(96))]))
    const answer = [Uint8Array.of(1), column('wide', COLUMN_TYPE.varString), ...between, ...wide, end()]
    const statements = await told(
      capabilities,
      [
        { ask: 'SELECT wide', command: QUERY, answer },
        { ask: 'SELECT word', command: QUERY, answer: result('after') },
      ],
      1_010,
    )
    expect(tables(statements[0]?.shown ?? [])).toMatchObject([{ rows: { length: 10 }, leftOut: { rows: 40 } }])
    expect(rowsOf(statements[1]?.shown ?? [])).toEqual([[['after'], [null]]])
  })
})

it('takes the packets of a file that the client sends for no commands', async () => {
  const started = await recordingOf({ head: { protocol: 'mysql', capabilities: NEW } })
  const { recording, ask, done } = started
  recording.fromClient(encodePackets(Uint8Array.from(QUERY), 0))
  ask('1', 'LOAD DATA LOCAL')
  recording.toClient(encodePackets(Uint8Array.of(0xfb, 0x66), 1))
  for (let sequence = 2; sequence < 300; sequence++) {
    recording.fromClient(encodePackets(Uint8Array.of(COMMAND.stmtExecute, 1), sequence & 0xff))
  }
  recording.fromClient(encodePackets(new Uint8Array(0), 300 & 0xff))
  done('1', 2)
  recording.toClient(encodePackets(ok(NEW), 301 & 0xff))
  recording.fromClient(encodePackets(Uint8Array.from(QUERY), 0))
  ask('2', 'SELECT word')
  done('2', 0)
  recording.toClient(encodePackets(encodeErr({ errno: 1, sqlState: null, message: 'stop' }), 1))
  await recording.close('over')
  const { statements } = playbackOf(openRecording(started.file.bytes, opener()))
  expect(statements[0]?.shown.at(-1)).toMatchObject({ text: 'OK, 2 rows affected' })
  expect(statements[1]?.shown).toMatchObject([{ text: 'ERROR 1: stop' }])
})

it('keeps as bytes what it can not follow, within the limit', async () => {
  const started = await recordingOf({
    head: { protocol: 'mysql', capabilities: NEW },
    limits: { maxBytesPerStatement: 1_024 },
  })
  started.recording.fromClient(encodePackets(Uint8Array.of(COMMAND.ping), 0))
  started.ask('1', 'SELECT 1')
  for (let at = 0; at < 100; at++) started.recording.toClient(encodePackets(text('what is this, and why'), 1))
  await started.recording.close('over')
  const { statements, wholeness } = playbackOf(openRecording(started.file.bytes, opener()))
  expect(wholeness.state).toBe('whole')
  expect(JSON.stringify(statements[0]?.shown)).toContain('can not be read')
  expect(started.file.bytes.length).toBeLessThan(5_000)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openRecording } from '../../src/recording/open_recording.ts'
import type { Playback, ShownTable } from '../../src/recording/playback.ts'
import { playbackOf } from '../../src/recording/timeline.ts'
import { encodeServer } from '../../src/wire/postgres/server.ts'
import { complete, described, failed, opener, otherOpener, ready, recordingOf, row } from './fixture.ts'

type Started = Awaited<ReturnType<typeof recordingOf>>

const played = ({ file }: Started): Playback => playbackOf(openRecording(file.bytes, opener()))
const tableOf = (playback: Playback, at = 0): ShownTable | undefined =>
  playback.statements[at]?.shown.find((shown): shown is ShownTable => shown.kind === 'table')

async function send({ recording }: Started, ...messages: Uint8Array[]): Promise<void> {
  for (const bytes of messages) recording.toClient(bytes)
  await recording.flush()
}

/** One session with a result, a refusal and an error. */
async function session(seed = 1): Promise<Started> {
  const started = await recordingOf({ seed })
  started.ask('1', 'SELECT id, email FROM users')
  await send(started, described(['id', 23], ['email', 25]), row('1', 'a***@example.test'), row('2', null))
  started.done('1', 2)
  await send(started, complete('SELECT 2'), ready())
  started.wait(5_000)
  started.ask('2', 'DROP TABLE users', { effect: 'deny', code: 'SP-VERB', reason: 'no DDL' })
  await send(started, failed('42501', 'SP-VERB: no DDL'), ready())
  started.ask('3', 'SELECT 1/0')
  started.done('3', 0)
  await send(started, failed('22012', 'division by zero'), ready())
  await started.recording.close('client closed the session')
  return started
}

it('gives back each statement with what the client saw of it, when, and how the session ended', async () => {
  const playback = played(await session())
  expect(playback.wholeness).toEqual({ state: 'whole' })
  expect(playback.statements.map(({ text, allowed, code, at }) => [text, allowed, code, at])).toEqual([
    ['SELECT id, email FROM users', true, null, 0],
    ['DROP TABLE users', false, 'SP-VERB', 5_000],
    ['SELECT 1/0', true, null, 5_000],
  ])
  expect(tableOf(playback)).toMatchObject({
    columns: [
      { name: 'id', number: true },
      { name: 'email', number: false },
    ],
    rows: [
      ['1', 'a***@example.test'],
      ['2', null],
    ],
  })
  const messages = playback.statements.map(({ shown }) => shown.filter(({ kind }) => kind === 'message').at(-1))
  expect(messages.map((one) => one?.kind === 'message' && [one.level, one.text])).toEqual([
    ['done', 'SELECT 2'],
    ['error', 'ERROR:  SP-VERB: no DDL\nSQLSTATE:  42501'],
    ['error', 'ERROR:  division by zero\nSQLSTATE:  22012'],
  ])
  expect(playback.end).toEqual({ at: 5_000, cause: 'client closed the session' })
})

it('keeps nothing readable in the file but its head', async () => {
  const { file } = await session()
  const readable = file.bytes.toString('latin1')
  expect(readable).toContain('alice@example.test')
  for (const secret of ['SELECT id', 'a***@', 'DROP TABLE', 'division']) expect(readable).not.toContain(secret)
  expect(openRecording(file.bytes, otherOpener()).wholeness).toMatchObject({ state: 'broken', frame: 0 })
})

it('gives answers to the statements in their order where they were sent ahead', async () => {
  const started = await recordingOf()
  for (const id of ['1', '2', '3']) started.ask(id, `SELECT ${id}`)
  for (const id of ['1', '2', '3']) {
    await send(started, described(['n', 23]), row(id))
    started.done(id, 1)
    await send(started, complete('SELECT 1'))
  }
  await send(started, ready())
  await started.recording.close('over')
  const playback = played(started)
  expect(playback.statements.map((_, at) => tableOf(playback, at)?.rows)).toEqual([[['1']], [['2']], [['3']]])
})

it('reads rows whose description the client had before, by the one that it is told', async () => {
  const started = await recordingOf()
  started.ask('1', 'SELECT $1::int8, $2')
  const description = described(['big', 20, 1], ['word', 25, 1])
  started.recording.described(description.subarray(5))
  const cells = encodeServer({
    kind: 'dataRow',
    body: Uint8Array.from([0, 2, 0, 0, 0, 8, ...Buffer.from('0000000000000539', 'hex'), 0, 0, 0, 2, 104, 105]),
  })
  await send(started, cells, complete('SELECT 1'))
  await started.recording.close('over')
  expect(tableOf(played(started))).toMatchObject({
    columns: [{ name: 'big' }, { name: 'word' }],
    rows: [['1337', 'hi']],
  })
})

describe('limits', () => {
  it('keeps whole rows up to the limit of a statement, counts the others, and begins anew with the next', async () => {
    const started = await recordingOf({ limits: { maxBytesPerStatement: 1_000 } })
    const wide = row('x'.repeat(89))
    for (const id of ['1', '2']) {
      started.ask(id, 'SELECT wide')
      await send(started, described(['wide', 25]))
      for (let batch = 0; batch < 10; batch++)
        await send(started, Buffer.concat(Array.from({ length: 10 }, () => wide)))
      started.done(id, 100)
      await send(started, complete('SELECT 100'), ready())
    }
    await started.recording.close('over')
    const playback = played(started)
    for (const at of [0, 1]) {
      expect(tableOf(playback, at)?.rows).toHaveLength(10)
      expect(tableOf(playback, at)?.leftOut).toEqual({ rows: 90, bytes: 90 * wide.length })
      expect(playback.statements[at]?.shown.at(-1)).toMatchObject({ text: 'SELECT 100' })
    }
    expect(started.file.bytes.length).toBeLessThan(8_000)
  })

  it('keeps statements, errors and ends beyond the limit of the session', async () => {
    const started = await recordingOf({ limits: { maxBytesPerSession: 1_024 } })
    for (const id of ['1', '2', '3']) {
      started.ask(id, `SELECT ${id}`)
      await send(started, described(['wide', 25]), row('y'.repeat(600)), complete('SELECT 1'), ready())
      started.done(id, 1)
    }
    started.ask('4', 'SELECT nope')
    await send(started, failed('42703', 'no such column'))
    await started.recording.close('over')
    const { statements } = played(started)
    expect(statements.map(({ text }) => text)).toEqual(['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT nope'])
    expect(statements[3]?.shown.at(-1)).toMatchObject({ level: 'error' })
    expect(JSON.stringify(statements[2]?.shown)).toContain('not in the recording')
  })

  it('bounds notices, of which one statement can raise any number', async () => {
    const started = await recordingOf({ limits: { maxBytesPerStatement: 1_024 } })
    const notice = encodeServer({
      kind: 'noticeResponse',
      fields: [
        ['S', 'NOTICE'],
        ['M', 'z'.repeat(100)],
      ],
    })
    started.ask('1', 'DO $$ ... $$')
    await send(started, ...Array.from({ length: 500 }, () => notice), complete('DO'))
    await started.recording.close('over')
    expect(started.file.bytes.length).toBeLessThan(5_000)
    expect(JSON.stringify(played(started).statements[0]?.shown)).toContain('not in the recording')
  })
})

describe('passwords', () => {
  it('stay out, as they stay out of the log', async () => {
    const started = await recordingOf()
    started.ask('1', "ALTER ROLE bob PASSWORD 'open sesame'")
    await started.recording.close('over')
    expect(played(started).statements[0]?.text).toBe("ALTER ROLE bob PASSWORD '***'")
  })
})

describe('a disk that takes no more', () => {
  it('says so, keeps what is whole, and writes nothing afterwards', async () => {
    const started = await recordingOf()
    started.ask('1', 'SELECT 1')
    await started.recording.flush()
    const whole = started.file.bytes.length
    started.file.room = 20
    started.recording.toClient(row('1'))
    await expect(started.recording.flush()).rejects.toThrow(/SP-RECORDING.*ENOSPC/)
    expect(started.recording.pending).toBe(true)
    started.file.room = Number.POSITIVE_INFINITY
    await expect(started.recording.flush()).rejects.toThrow('SP-RECORDING')
    const closed = await started.recording.close('the recording failed')
    expect(closed).toMatchObject({ why: 'ENOSPC', bytes: whole, frames: 1 })
    expect(started.file).toMatchObject({ closed: true })
    const opened = openRecording(started.file.bytes, opener())
    expect(opened).toMatchObject({ sha256: closed.sha256, frames: 1, wholeness: { state: 'torn' } })
  })
})

describe('what was changed', () => {
  const whole = async () => Buffer.from((await session()).file.bytes)
  const states = (file: Uint8Array) => openRecording(file, opener()).wholeness.state

  it('is found wherever a byte is flipped', async () => {
    const file = await whole()
    const end = file.indexOf(0x0a, file.indexOf(0x0a) + 1) + 1
    for (let at = end; at < file.length; at++) {
      const changed = Buffer.from(file)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(states(changed), `byte ${at}`).not.toBe('whole')
    }
    const head = Buffer.from(file)
    head[file.indexOf('alice@')] = 0x41
    expect(openRecording(head, opener()).wholeness).toMatchObject({ state: 'broken', frame: 0 })
  })

  it('is found where it is cut off, and what stands before is shown', async () => {
    const file = await whole()
    const end = file.indexOf(0x0a, file.indexOf(0x0a) + 1) + 1
    for (let at = end; at < file.length; at += 7) {
      const opened = openRecording(file.subarray(0, at), opener())
      expect(opened.wholeness.state).toBe('torn')
      expect(playbackOf(opened).statements.length).toBeLessThanOrEqual(3)
    }
  })

  it('is found where frames are dropped, swapped, repeated or another session’s', async () => {
    const file = await whole()
    const { head, frames } = framesOf(file)
    const other = framesOf((await session(99)).file.bytes).frames
    fc.assert(
      fc.property(fc.nat(frames.length - 1), fc.nat(frames.length - 1), (one, two) => {
        const without = frames.filter((_, at) => at !== one)
        expect(states(Buffer.concat([head, ...without]))).not.toBe('whole')
        expect(states(Buffer.concat([head, ...frames.slice(0, one + 1), ...frames.slice(one)]))).not.toBe('whole')
        if (one === two) return
        const swapped = frames.map((frame, at) => (at === one ? frames[two] : at === two ? frames[one] : frame))
        expect(states(Buffer.concat([head, ...(swapped as Buffer[])]))).not.toBe('whole')
      }),
      { numRuns: 30 },
    )
    for (const at of frames.keys()) {
      const mixed = frames.map((frame, place) => (place === at ? other[at] : frame))
      expect(states(Buffer.concat([head, ...(mixed as Buffer[])]))).toBe('broken')
    }
    expect(states(Buffer.concat([file, frames.at(-1) as Buffer]))).toBe('broken')
  })
})

function framesOf(file: Buffer): { readonly head: Buffer; readonly frames: readonly Buffer[] } {
  let at = file.indexOf(0x0a, file.indexOf(0x0a) + 1) + 1
  const head = file.subarray(0, at)
  const frames: Buffer[] = []
  while (at < file.length) {
    const next = at + 4 + file.readUInt32BE(at)
    frames.push(file.subarray(at, next))
    at = next
  }
  return { head, frames }
}

it('any results come back as they were, however they were cut into writes', async () => {
  const cell = fc.option(
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
    { nil: null },
  )
  const results = fc.array(fc.array(fc.tuple(cell, cell), { maxLength: 6 }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(results, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), async (all, flushes) => {
      const started = await recordingOf({ limits: { maxBytesPerStatement: 1_000_000 } })
      let step = 0
      const maybeFlush = async () => {
        if (flushes[step++ % flushes.length]) await started.recording.flush()
      }
      for (const [at, rows] of all.entries()) {
        started.ask(String(at), `SELECT ${at}`)
        started.recording.toClient(described(['a', 25], ['b', 25]))
        for (const [a, b] of rows) {
          started.recording.toClient(row(a, b))
          await maybeFlush()
        }
        started.done(String(at), rows.length)
        started.recording.toClient(complete(`SELECT ${rows.length}`))
      }
      await started.recording.close('over')
      const playback = played(started)
      expect(playback.wholeness.state).toBe('whole')
      expect(playback.statements.map((_, at) => tableOf(playback, at)?.rows)).toEqual(all)
    }),
    { numRuns: 60 },
  )
})

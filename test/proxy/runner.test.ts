import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { AuditEvent } from '../../src/audit/event.ts'
import { SallyportError } from '../../src/errors.ts'
import { Permit } from '../../src/policy/permit.ts'
import type { Machine } from '../../src/proxy/machine.ts'
import { Runner } from '../../src/proxy/runner.ts'
import type { SessionRecording } from '../../src/recording/session_recording.ts'
import type { Effect } from '../../src/session/effects.ts'
import { complete, recordingOf, row } from '../recording/fixture.ts'

const bytes = (text: string) => Buffer.from(text)

/** A socket that is read by hand and whose writes are seen. */
class FakeSocket extends EventEmitter {
  readonly written: string[] = []
  flowing = false
  destroyed = false
  ended = false
  writableNeedDrain = false

  write(data: Uint8Array): boolean {
    this.written.push(Buffer.from(data).toString())
    return !this.writableNeedDrain
  }
  resume(): void {
    this.flowing = true
  }
  pause(): void {
    this.flowing = false
  }
  cork(): void {}
  uncork(): void {}
  end(): void {
    this.ended = true
    this.destroyed = true
    this.emit('close')
  }
  destroy(): void {
    this.destroyed = true
  }
  get text(): string {
    return this.written.join('')
  }
}

/** Appends that are answered by hand. */
class FakeAudit {
  readonly healthy = true
  readonly seen: string[] = []
  readonly noted: string[] = []
  readonly waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  append(events: readonly AuditEvent[]): Promise<void> {
    this.seen.push(events.map(({ id }) => id).join('+'))
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }
  note(events: readonly AuditEvent[]): Promise<void> {
    this.noted.push(...events.map(({ id }) => id))
    return new Promise(() => {})
  }
  async close(): Promise<void> {}
  /** Answers the oldest append and lets what waited for it run. */
  async answer(error?: Error): Promise<void> {
    const first = this.waiting.shift()
    if (error) first?.reject(error)
    else first?.resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const eventOf = (id: string) => ({ kind: 'process', what: 'start', id, time: 0 }) as const
const record = (id: string): Effect => ({ kind: 'record', event: eventOf(id) })
const note = (id: string): Effect => ({ kind: 'note', event: eventOf(id) })
const sql = (text: string): Effect => ({ kind: 'sql', permit: Permit.issue(text, ''), bytes: bytes(text) })
const toServer = (text: string): Effect => ({ kind: 'server', bytes: bytes(text) })
const toClient = (text: string): Effect => ({ kind: 'client', bytes: bytes(text) })

/** A machine that answers each chunk by the effects written under its text. */
function runnerOf(script: Readonly<Record<string, readonly Effect[]>>, recording: SessionRecording | null = null) {
  const client = new FakeSocket()
  const upstream = new FakeSocket()
  const audit = new FakeAudit()
  const log: string[] = []
  const ended: Effect[] = [toClient('(ended)'), { kind: 'end', cause: 'told to', error: null }]
  const machine: Machine = {
    onClient: (chunk) => [...(script[Buffer.from(chunk).toString()] ?? [])],
    onServer: (chunk) => [...(script[Buffer.from(chunk).toString()] ?? [])],
    onTick: () => [...(script.tick ?? [])],
    end: (error) => {
      log.push(`end ${error.code}`)
      return ended
    },
    abandoned: () => [note('abandoned')],
    idle: true,
  }
  const runner = new Runner({
    client: client as unknown as Socket,
    upstream: upstream as unknown as Socket,
    machine,
    audit,
    recording,
    clock: { now: () => 0, monotonic: () => 0 },
    fromUpstream: new Uint8Array(0),
    fromClient: new Uint8Array(0),
    cancel: (id, statementOnly) => log.push(`cancel ${id} ${statementOnly}`),
    catalogStale: (reason) => log.push(`stale ${reason}`),
    ended: (cause) => log.push(`ended: ${cause}`),
    loginAgain: (command, sequence) => log.push(`login again ${Buffer.from(command)} ${sequence}`),
    failed: ({ code }) => log.push(`failed ${code}`),
    recorded: ({ id }) => log.push(`recorded ${id}`),
  })
  runner.start([])
  return { client, upstream, audit, log, runner }
}

describe('a record', () => {
  it('is durable before anything after it is written, to either side', async () => {
    const { client, upstream, audit, log } = runnerOf({ q: [record('a'), sql('SELECT'), toClient('x')] })
    client.emit('data', bytes('q'))
    await new Promise((resolve) => setImmediate(resolve))
    expect([upstream.text, client.text, audit.seen, log]).toEqual(['', '', ['a'], []])
    await audit.answer()
    expect(log).toEqual(['recorded a'])
    expect([upstream.text, client.text]).toEqual(['SELECT', 'x'])
  })

  it('goes with those beside it; one that stands later is waited for on its own', async () => {
    const script = { q: [record('a'), record('b'), sql('1;'), record('c'), sql('2;')] }
    const { client, upstream, audit } = runnerOf(script)
    client.emit('data', bytes('q'))
    await audit.answer()
    expect(audit.seen).toEqual(['a+b', 'c'])
    expect(upstream.text).not.toContain('2;')
    await audit.answer()
    expect(upstream.text).toBe('1;2;')
  })

  it('holds back both directions in one order', async () => {
    const { client, upstream, audit } = runnerOf({
      q: [record('a'), sql('1;')],
      r: [toClient('row')],
      s: [toServer('2;')],
    })
    client.emit('data', bytes('q'))
    upstream.emit('data', bytes('r'))
    client.emit('data', bytes('s'))
    expect([client.text, upstream.text]).toEqual(['', ''])
    await audit.answer()
    expect([client.text, upstream.text]).toEqual(['row', '1;2;'])
  })

  it('that fails ends the session: no SQL goes out, and the client is told', async () => {
    const { client, upstream, audit, log } = runnerOf({ q: [record('a'), sql('SELECT'), toClient('x')], s: [sql('2')] })
    client.emit('data', bytes('q'))
    client.emit('data', bytes('s'))
    await audit.answer(new SallyportError('SP-AUDIT', 'disk full'))
    expect(upstream.text).toBe('')
    expect(client.text).toBe('(ended)')
    expect(log).toEqual(['failed SP-AUDIT', 'end SP-AUDIT', 'ended: told to'])
    expect([client.ended, upstream.ended]).toEqual([true, true])
    client.emit('data', bytes('s'))
    expect(upstream.text).toBe('')
  })

  it('that is still under way when the session ends comes to nothing', async () => {
    const { client, upstream, audit, runner, log } = runnerOf({ q: [record('a'), sql('SELECT')] })
    client.emit('data', bytes('q'))
    runner.end(new SallyportError('SP-GRANT-ENDED', ''))
    await audit.answer()
    expect(upstream.text).toBe('')
    expect(log.filter((line) => line.startsWith('ended'))).toHaveLength(1)
  })
})

describe('a note', () => {
  it('is not waited for', () => {
    const { client, audit } = runnerOf({ q: [toClient('1'), note('n'), toClient('2')] })
    client.emit('data', bytes('q'))
    expect(client.text).toBe('12')
    expect([audit.seen, audit.noted]).toEqual([[], ['n']])
  })
})

describe('a slow reader', () => {
  it('stops the writer at the other end until it has read', () => {
    const { client, upstream } = runnerOf({ rows: [toClient('rows')] })
    client.writableNeedDrain = true
    upstream.emit('data', bytes('rows'))
    expect([upstream.flowing, client.flowing]).toEqual([false, true])
    client.writableNeedDrain = false
    client.emit('drain')
    expect(upstream.flowing).toBe(true)
  })

  it('upstream stops the client', () => {
    const { client, upstream } = runnerOf({ copy: [toServer('data')] })
    upstream.writableNeedDrain = true
    client.emit('data', bytes('copy'))
    expect([upstream.flowing, client.flowing]).toEqual([true, false])
  })

  it('is not forgotten while a record is under way', async () => {
    const { client, upstream, audit } = runnerOf({ q: [record('a'), toClient('x')] })
    client.writableNeedDrain = true
    client.emit('data', bytes('q'))
    await audit.answer()
    expect(upstream.flowing).toBe(false)
  })

  it('that sends on while a record is under way is paused', async () => {
    const { client, upstream, audit } = runnerOf({ q: [record('a')], s: [] })
    client.emit('data', bytes('q'))
    for (let i = 0; i < 16; i++) client.emit('data', bytes('s'))
    expect([upstream.flowing, client.flowing]).toEqual([false, false])
    await audit.answer()
    expect([upstream.flowing, client.flowing]).toEqual([true, true])
  })
})

describe('the end', () => {
  it.each(['close', 'end'])('comes when a side sends %s; what was running is noted', (signal) => {
    const { client, upstream, audit, log } = runnerOf({})
    upstream.emit(signal)
    expect(log).toEqual(['ended: the upstream closed the connection'])
    expect([...audit.seen, ...audit.noted]).toEqual(['abandoned'])
    expect(client.ended).toBe(true)
  })

  it('comes once, and nothing is performed after it', () => {
    const over: Effect = { kind: 'end', cause: 'over', error: null }
    const { client, upstream, runner, log } = runnerOf({
      q: [toServer('quit'), over, sql('late')],
      tick: [sql('tick')],
    })
    client.emit('data', bytes('q'))
    client.emit('error', new Error('reset'))
    upstream.emit('close')
    runner.tick()
    runner.end(new SallyportError('SP-DRAIN', ''))
    expect(upstream.text).toBe('quit')
    expect(log).toEqual(['ended: over'])
  })

  it('performs cancels and stale catalogs where they stand', () => {
    const cancel: Effect = { kind: 'cancel', sessionId: 's', statementOnly: true }
    const { runner, log } = runnerOf({ tick: [cancel, { kind: 'catalog_stale', reason: 'r', certain: true }] })
    runner.tick()
    expect(log).toEqual(['cancel s true', 'stale r'])
  })

  it('does not tick while a record is under way', async () => {
    const { client, upstream, audit, runner } = runnerOf({ q: [record('a')], tick: [toServer('tick')] })
    client.emit('data', bytes('q'))
    runner.tick()
    expect([upstream.text, runner.idle]).toEqual(['', false])
    await audit.answer()
    runner.tick()
    expect([upstream.text, runner.idle]).toEqual(['tick', true])
  })
})

describe('a rate', () => {
  it('keeps the database waiting, and not the client, until it is over', () => {
    vi.useFakeTimers()
    try {
      const { client, upstream } = runnerOf({ rows: [toClient('rows'), { kind: 'pace', ms: 500 }], q: [toServer('q')] })
      upstream.emit('data', bytes('rows'))
      expect([client.text, upstream.flowing, client.flowing]).toEqual(['rows', false, true])
      client.emit('drain')
      client.emit('data', bytes('q'))
      expect([upstream.text, upstream.flowing]).toEqual(['q', false])
      vi.advanceTimersByTime(499)
      expect(upstream.flowing).toBe(false)
      vi.advanceTimersByTime(1)
      expect(upstream.flowing).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends with the session', () => {
    vi.useFakeTimers()
    try {
      const { client, upstream } = runnerOf({ rows: [{ kind: 'pace', ms: 500 }] })
      upstream.emit('data', bytes('rows'))
      client.emit('close')
      // One for each side, to cut a peer that does not close its own.
      expect(vi.getTimerCount()).toBe(2)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a client that logs in anew', () => {
  it('keeps its connection, unread, and the session ends with the one to the database', () => {
    const again: Effect = { kind: 'login_again', command: bytes('c'), sequence: 3 }
    const { client, upstream, audit, log } = runnerOf({ q: [toClient('x'), again, toClient('never')] })
    client.emit('data', bytes('q'))
    expect(log).toEqual(['ended: the client logs in anew', 'login again c 3'])
    expect([client.text, client.flowing, client.destroyed, upstream.destroyed]).toEqual(['x', false, false, true])
    expect(audit.seen).toEqual(['abandoned'])
    client.emit('data', bytes('q'))
    client.emit('close')
    expect(log).toHaveLength(2)
  })
})

describe('a recorded session', () => {
  const rows: Effect = { kind: 'client', bytes: row('1') }
  const end: Effect = { kind: 'client', bytes: complete('SELECT 1') }
  const all = Buffer.concat([row('1'), complete('SELECT 1')]).toString()
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it('sends its client nothing that does not stand in the recording', async () => {
    const { recording, file } = await recordingOf()
    const { client, upstream } = runnerOf({ rows: [rows, end], more: [rows] }, recording)
    const before = file.bytes.length
    upstream.emit('data', bytes('rows'))
    upstream.emit('data', bytes('more'))
    expect(client.text).toBe('')
    await settled()
    expect(client.text).toBe(all + Buffer.from(row('1')).toString())
    expect(file.bytes.length).toBeGreaterThan(before)
  })

  it('waits for the record and the recording both', async () => {
    const { recording } = await recordingOf()
    const { client, upstream, audit } = runnerOf({ q: [record('a'), sql('SELECT'), rows] }, recording)
    client.emit('data', bytes('q'))
    await settled()
    expect(upstream.text).toBe('')
    await audit.answer()
    await settled()
    expect([upstream.text, client.text]).toEqual(['SELECT', Buffer.from(row('1')).toString()])
  })

  it('ends, with a word for it, where the recording takes nothing more, and what was not recorded stays here', async () => {
    const { recording, file } = await recordingOf()
    const { client, upstream, log } = runnerOf({ rows: [rows, end], q: [sql('SELECT')] }, recording)
    file.room = 3
    upstream.emit('data', bytes('rows'))
    client.emit('data', bytes('q'))
    await settled()
    expect([client.text, upstream.text]).toEqual(['(ended)', ''])
    expect(log).toEqual(['failed SP-RECORDING', 'end SP-RECORDING', 'ended: told to'])
  })

  it('is recorded to its end where its client logs in anew, and only then handed over', async () => {
    const { recording, file } = await recordingOf()
    const again: Effect = { kind: 'login_again', command: bytes('c'), sequence: 3 }
    const { client, log } = runnerOf({ q: [rows, again] }, recording)
    const before = file.bytes.length
    client.emit('data', bytes('q'))
    expect([client.text, log]).toEqual(['', []])
    await settled()
    expect(client.text).toBe(Buffer.from(row('1')).toString())
    expect(file.bytes.length).toBeGreaterThan(before)
    expect(log).toEqual(['ended: the client logs in anew', 'login again c 3'])
  })

  it('that is ended while it waits tells its client so, after what was recorded', async () => {
    const { recording } = await recordingOf()
    const { client, upstream, runner, log } = runnerOf({ rows: [rows, end], late: [rows] }, recording)
    upstream.emit('data', bytes('rows'))
    upstream.emit('data', bytes('late'))
    runner.end(new SallyportError('SP-REVOKED', ''))
    await settled()
    await settled()
    expect(client.text).toBe(`${all}(ended)`)
    expect(log.filter((line) => line.startsWith('ended'))).toHaveLength(1)
  })
})

import { rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { LogReader } from '../../src/auditlog/log_reader.ts'
import { plainPath } from '../../src/auditlog/segments.ts'
import { type Item, type Refused, type Sender, SinkError } from '../../src/sinks/sender.ts'
import { ROOMY, startRun, type World, world } from './harness.ts'
import { TestLog } from './test_log.ts'

/** Takes everything, but for what `refuses` says. */
class Taker implements Sender {
  readonly limits
  readonly taken: Item[] = []
  readonly batches: number[] = []
  closed = 0
  readonly #before: (items: readonly Item[], signal: AbortSignal) => Promise<readonly Refused[]>

  constructor(before: Taker['send'] = async () => [], limits = ROOMY) {
    this.#before = before
    this.limits = limits
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> {
    const refused = await this.#before(items, signal)
    this.batches.push(items.length)
    this.taken.push(...items.filter((item) => !refused.some((one) => one.item === item)))
    return refused
  }

  async close(): Promise<void> {
    this.closed++
  }

  get uids(): string[] {
    return this.taken.map(({ uid }) => uid)
  }
}

async function stored({ state }: World): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(state, 'siem.json'), 'utf8')) as Record<string, unknown>
}

describe('a sink on its way along the log', () => {
  it('gets every line once, in order, and a new start goes on from there', async () => {
    const here = world()
    here.log.append(1200)
    const taker = new Taker()
    await startRun(here, () => taker).run.drain()
    expect(taker.uids).toEqual(here.log.uids)
    expect(Math.max(...taker.batches)).toBeLessThanOrEqual(500)
    here.log.append(3)
    const later = new Taker()
    await startRun(here, () => later).run.drain()
    expect(later.uids).toEqual(here.log.uids.slice(1200))
    expect(await stored(here)).toMatchObject({ next: 1203, last: { writer: 'node-1' }, failure: null })
  })

  it('that is behind reads the log once, not anew for each batch', async () => {
    const here = world()
    here.log.append(600)
    const read = vi.spyOn(LogReader.prototype, 'read')
    const taker = new Taker()
    await startRun(here, () => taker, { batch: { maxItems: 10, maxBytes: 1_000_000, maxWaitMs: 0 } }).run.drain()
    expect(taker.uids).toEqual(here.log.uids)
    expect(taker.batches.length).toBeGreaterThan(60)
    expect(read.mock.calls.length).toBeLessThan(5)
    read.mockRestore()
  })

  it('follows the log over its segments, and leaves alone what is not on disk', async () => {
    const here = world()
    const taker = new Taker()
    const { run } = startRun(here, () => taker)
    here.log.append(2)
    await vi.waitFor(() => expect(taker.uids).toEqual(here.log.uids))
    here.log.rotate()
    here.log.append(2)
    await vi.waitFor(() => expect(taker.uids).toEqual(here.log.uids))
    here.log.append(1)
    Atomics.store(here.log.progress, 1, 4n)
    await run.drain()
    expect(taker.uids).toEqual(here.log.uids.slice(0, 4))
  })

  it('waits for more up to maxWait, and for no longer where there is enough', async () => {
    const here = world()
    const taker = new Taker()
    const batch = { maxItems: 10, maxBytes: 1_000_000, maxWaitMs: 600_000 }
    const { run } = startRun(here, () => taker, { batch })
    here.log.append(15)
    await vi.waitFor(() => expect(taker.taken.length).toBeGreaterThan(0))
    expect(taker.taken.length).toBeLessThan(11)
    await run.drain()
    expect(taker.uids).toEqual(here.log.uids)
  })

  it('sends the newest checkpoint after the lines that it covers, and later ones alone', async () => {
    const here = world()
    here.log.append(2)
    here.log.note()
    here.log.append(1)
    const note = here.log.note()
    here.log.append(2)
    const taker = new Taker()
    const { run } = startRun(here, () => taker)
    await vi.waitFor(() => expect(taker.taken).toHaveLength(6))
    expect(taker.taken.map(({ code }) => code)).toEqual([...Array(5).fill('db.decision'), 'log.checkpoint'])
    const record = JSON.parse(taker.taken[5]?.text ?? '') as Record<string, unknown>
    expect(record).toMatchObject({
      class_uid: 6002,
      type_uid: 600299,
      raw_data: note,
      metadata: { event_code: 'log.checkpoint' },
    })
    const last = here.log.note()
    await vi.waitFor(() => expect(taker.taken).toHaveLength(7), { timeout: 5_000 })
    expect(JSON.parse(taker.taken[6]?.text ?? '')).toMatchObject({ raw_data: last, metadata: { sequence: 4 } })
    await run.drain()
    expect(taker.taken).toHaveLength(7)
    expect(await stored(here)).toMatchObject({ next: 5, checkpoint: 5 })
  })

  it.each([
    [{ events: ['grant.*'] }, { code: 'grant.created' }],
    [{ events: ['db.decision'] }, { code: 'db.decision' }],
    [{ targets: ['pay*'] }, { target: 'payments' }],
    [{ classes: [3002] }, { classUid: 3002 }],
    [{ minSeverity: 3 }, { severity: 4 }],
  ])('passes %o alone', async (filter, record) => {
    const here = world()
    here.log.append(3, { code: 'session.login', severity: 1 })
    here.log.append(1, { code: 'session.login', ...record })
    here.log.append(3, { code: 'session.login', severity: 1 })
    const taker = new Taker()
    const all = { events: [], targets: [], classes: [], minSeverity: 1, ...filter }
    await startRun(here, () => taker, { filter: all }).run.drain()
    expect(taker.uids).toEqual(['uid-3'])
    expect(await stored(here)).toMatchObject({ next: 7 })
  })

  it('sends what is too large in pieces, from which the line can be put together', async () => {
    const here = world()
    const text = `"quoted" \\ ${'ä🙂é'.repeat(900)}`
    here.log.append(1, { text })
    const line = await readFile(plainPath(here.log.directory, 0), 'utf8')
    const taker = new Taker(undefined, { maxItems: 3, maxBytes: 4_000, maxItemBytes: 1_500 })
    await startRun(here, () => taker).run.drain()
    expect(Math.max(...taker.batches)).toBeLessThanOrEqual(3)
    expect(new Set(taker.uids)).toEqual(new Set(['uid-0']))
    for (const one of taker.taken) expect(Buffer.byteLength(one.text)).toBeLessThanOrEqual(1_500)
    expect(taker.taken.map(({ piece }) => piece)).toEqual(
      taker.taken.map((_, index) => ({ index, count: taker.taken.length })),
    )
    const parts = taker.taken.map((one) => (JSON.parse(one.text) as { raw_data: string }).raw_data)
    expect(`${parts.join('')}\n`).toBe(line)
  })

  it('tries again until the sink takes the batch, and tells that it fails after a while, and that it is over', async () => {
    const here = world()
    here.log.append(5)
    let failures = 4
    const taker = new Taker(async () => {
      if (failures-- > 0) throw new SinkError('answered with status 503')
      return []
    })
    const { run, news } = startRun(here, () => taker)
    await vi.waitFor(() => expect(taker.uids).toEqual(here.log.uids))
    await run.drain()
    expect(news.map(({ what }) => what)).toEqual(['failing', 'recovered'])
    expect(news[0]?.detail).toBe('the sink takes nothing: answered with status 503')
    expect(run.status).toMatchObject({ sent: 5, retries: 4, failure: null })
  })

  it('says in its file why it stands still', async () => {
    const here = world()
    here.log.append(1)
    const taker = new Taker(async () => {
      throw new SinkError('answered with status 503')
    })
    const { run } = startRun(here, () => taker, {}, { random: () => 1 })
    await vi.waitFor(async () =>
      expect(await stored(here)).toMatchObject({
        next: 0,
        failure: { why: 'the sink takes nothing: answered with status 503' },
      }),
    )
    await run.stop()
  })

  it('reads secrets anew and opens another sender where it was not believed', async () => {
    const here = world()
    here.log.append(1)
    const senders: Taker[] = []
    let forgotten = 0
    const open = () => {
      const first = senders.length === 0
      const taker = new Taker(async () => {
        if (first) throw new SinkError('answered with status 401', { authentication: true })
        return []
      })
      senders.push(taker)
      return taker
    }
    const { run } = startRun(here, open, {}, { forgetSecrets: () => void forgotten++ })
    await vi.waitFor(() => expect(senders[1]?.uids).toEqual(['uid-0']))
    await run.drain()
    expect([forgotten, senders[0]?.closed]).toEqual([1, 1])
  })

  it('notes what is refused for good, without its text, and goes on', async () => {
    const here = world()
    here.log.append(4, { text: 'SELECT secret' })
    const taker = new Taker(async (items) =>
      items.filter(({ uid }) => uid === 'uid-2').map((item) => ({ item, why: 'answered with status 400' })),
    )
    const { run, news } = startRun(here, () => taker)
    await run.drain()
    expect(taker.uids).toEqual(['uid-0', 'uid-1', 'uid-3'])
    expect(news).toEqual([
      {
        what: 'dead_letters',
        sink: 'siem',
        detail: '1 refused for good, the first is db.decision at 2: answered with status 400',
      },
    ])
    expect(await readFile(join(here.state, 'siem.dead.ndjson'), 'utf8')).toBe(
      '{"time":0,"sequence":2,"uid":"uid-2","code":"db.decision","why":"answered with status 400"}\n',
    )
    expect(run.status).toMatchObject({ sent: 3, refused: 1, next: 4 })
  })

  it('gives up a sender that hangs, and asks another one', async () => {
    const here = world()
    here.log.append(1)
    const senders: Taker[] = []
    const open = () => {
      const first = senders.length === 0
      const taker = new Taker(() => (first ? new Promise(() => undefined) : Promise.resolve([])))
      senders.push(taker)
      return taker
    }
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { run } = startRun(here, open)
      await vi.waitFor(() => expect(senders).toHaveLength(1))
      await vi.advanceTimersByTimeAsync(8_000)
      await vi.waitFor(() => expect(senders[1]?.uids).toEqual(['uid-0']))
      await run.stop()
    } finally {
      vi.useRealTimers()
    }
    expect(senders[0]?.closed).toBe(1)
  })

  it('stops at once, whatever the sink does', async () => {
    const here = world()
    here.log.append(1)
    const asked = Promise.withResolvers<void>()
    const taker = new Taker(() => {
      asked.resolve()
      return new Promise(() => undefined)
    })
    const { run } = startRun(here, () => taker)
    await asked.promise
    await run.stop()
    expect(await stored(here)).toMatchObject({ next: 0 })
  })

  it('tries a failing sink once more before the end, and no longer', async () => {
    const here = world()
    here.log.append(1)
    let tries = 0
    const taker = new Taker(async () => {
      tries++
      throw new SinkError('away')
    })
    const { run } = startRun(here, () => taker, {}, { random: () => 1 })
    await vi.waitFor(() => expect(tries).toBe(1))
    await run.drain()
    expect(tries).toBe(2)
  })
})

describe('a position', () => {
  it('of another log is noticed, and the sink begins again', async () => {
    const here = world()
    here.log.append(3)
    await startRun(here, () => new Taker()).run.drain()
    rmSync(here.log.directory, { recursive: true })
    const other = new TestLog(here.log.directory, 'node-2')
    other.append(5)
    const taker = new Taker()
    const { run, news } = startRun({ ...here, log: other }, () => taker)
    await run.drain()
    expect(taker.uids).toEqual(other.uids)
    expect(news).toMatchObject([
      {
        what: 'strange_position',
        detail: 'the log is of node-2, not of node-1; the sink begins again at the first line',
      },
    ])
  })

  it.each([
    ['a shorter log', (log: TestLog) => log.append(1), 'the log ends before line 3'],
    ['another line', (log: TestLog) => log.append(3, { text: 'other' }), 'line 2 is another one than was delivered'],
  ])('in %s is noticed', async (_, write, why) => {
    const here = world()
    here.log.append(3)
    await startRun(here, () => new Taker()).run.drain()
    rmSync(here.log.directory, { recursive: true })
    const other = new TestLog(here.log.directory)
    write(other)
    const { run, news } = startRun({ ...here, log: other }, () => new Taker())
    await run.drain()
    expect(news[0]?.detail).toContain(why)
  })

  it('that can not be understood begins again', async () => {
    const here = world()
    here.log.append(2)
    await startRun(here, () => new Taker()).run.drain()
    writeFileSync(join(here.state, 'siem.json'), '{"next":-1')
    const taker = new Taker()
    const { run, news } = startRun(here, () => taker)
    await run.drain()
    expect(taker.uids).toEqual(here.log.uids)
    expect(news).toMatchObject([{ what: 'strange_position' }])
  })

  it('before lines that are gone is told as a gap', async () => {
    const here = world()
    here.log.append(3)
    here.log.rotate()
    here.log.append(2)
    await startRun(here, () => new Taker(), {
      from: 'first',
      batch: { maxItems: 2, maxBytes: 1, maxWaitMs: 0 },
    }).run.stop()
    rmSync(plainPath(here.log.directory, 0))
    const taker = new Taker()
    const { run, news } = startRun(here, () => taker)
    await run.drain()
    expect(taker.uids).toEqual(['uid-3', 'uid-4'])
    expect(news).toMatchObject([{ what: 'gap', detail: 'lines 0 to 2 were deleted before the sink had them' }])
  })

  it('of a new sink is the next line where it is told so, and stays there', async () => {
    const here = world()
    here.log.append(3)
    const { run } = startRun(here, () => new Taker(), { from: 'now' })
    await vi.waitFor(async () => expect(await stored(here)).toMatchObject({ next: 3 }))
    await run.stop()
    here.log.append(2)
    const taker = new Taker()
    await startRun(here, () => taker, { from: 'now' }).run.drain()
    expect(taker.uids).toEqual(['uid-3', 'uid-4'])
  })
})

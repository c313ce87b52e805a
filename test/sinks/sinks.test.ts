import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { SinkSettings } from '../../src/session/sink_settings.ts'
import { createSinkMetrics } from '../../src/sinks/sink_metrics.ts'
import type { SinkNews } from '../../src/sinks/sink_status.ts'
import { createSinks, type Sinks } from '../../src/sinks/sinks.ts'
import { SINK, type World, world } from './harness.ts'

const open: Sinks[] = []

afterEach(async () => {
  for (const sinks of open.splice(0)) await sinks.close(5_000)
})

interface Ran {
  readonly sinks: Sinks
  readonly printed: string[]
  readonly news: SinkNews[]
  readonly deaths: unknown[]
  readonly registry: Registry
}

function start({ log, state }: World, secret: (reference: string) => Promise<string> = async () => 'secret'): Ran {
  const ran = { printed: [] as string[], news: [] as SinkNews[], deaths: [] as unknown[], registry: new Registry() }
  const sinks: Sinks = createSinks({
    directory: log.directory,
    state,
    progress: log.progress,
    node: 'node-1',
    version: '0.0.0',
    secret,
    print: async (text) => void ran.printed.push(text),
    onNews: (news) => void ran.news.push(news),
    onStatus: (statuses) => metrics.follow(statuses),
    onDeath: (error) => void ran.deaths.push(error),
  })
  const metrics = createSinkMetrics(ran.registry, () => sinks.statuses())
  open.push(sinks)
  return { ...ran, sinks }
}

function fileSink(name: string, path: string): SinkSettings {
  return { ...SINK, name, kind: 'file', path, maxBytes: null, keep: 1, fsync: false }
}

const STDOUT: SinkSettings = { ...SINK, name: 'out', kind: 'stdout' }

function uidsIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid)
}

describe('the sinks of a node', () => {
  it('follow the log on a thread of their own, and count for the metrics', async () => {
    const here = world()
    const { sinks, printed, registry } = start(here)
    const path = join(here.directory, 'copy.ndjson')
    await sinks.configure([fileSink('copy', path), STDOUT])
    here.log.append(20)
    await vi.waitFor(() => expect(sinks.statuses().map(({ next }) => next)).toEqual([20, 20]), { timeout: 5_000 })
    expect(uidsIn(readFileSync(path, 'utf8'))).toEqual(here.log.uids)
    expect(uidsIn(printed.join(''))).toEqual(here.log.uids)
    expect(sinks.deliveredUpTo()).toBe(20)
    const metrics = await registry.metrics()
    expect(metrics).toContain('sallyport_audit_sink_sent_total{sink="copy"} 20')
    expect(metrics).toContain('sallyport_audit_sink_up{sink="out"} 1')
    expect(metrics).toContain('sallyport_audit_sink_lag_records{sink="out"} 0')
  })

  it('that hang hold up no other, and hold back what may be deleted', async () => {
    const here = world()
    const { sinks } = start(here, () => new Promise(() => undefined))
    const path = join(here.directory, 'copy.ndjson')
    const { name, ...base } = SINK
    const network = { tls: { ca: null, cert: null, key: null, serverName: null }, allowNetworks: null }
    const hangs: SinkSettings = {
      ...{ ...base, ...network, name: 'hangs', kind: 'webhook', url: 'http://127.0.0.1:1/', body: 'array' },
      ...{ secret: `env:${name}`, headers: {}, maxItemBytes: 65_535 },
    }
    await sinks.configure([hangs, fileSink('copy', path)])
    here.log.append(5)
    await vi.waitFor(() => expect(sinks.statuses()[1]?.next).toBe(5), { timeout: 5_000 })
    expect(sinks.statuses()[0]).toMatchObject({ next: 0, lagRecords: 5 })
    expect(sinks.deliveredUpTo()).toBe(0)
    // The deadline holds against it too.
    await sinks.close(100)
  })

  it('change with the configuration, and go on where they were', async () => {
    const here = world()
    const { sinks } = start(here)
    expect(sinks.deliveredUpTo()).toBe(Number.POSITIVE_INFINITY)
    const [one, other] = [join(here.directory, 'one'), join(here.directory, 'other')]
    here.log.append(3)
    await sinks.configure([fileSink('copy', one)])
    await vi.waitFor(() => expect(sinks.deliveredUpTo()).toBe(3), { timeout: 5_000 })
    await sinks.configure([fileSink('copy', other)])
    here.log.append(2)
    await vi.waitFor(() => expect(sinks.deliveredUpTo()).toBe(5), { timeout: 5_000 })
    expect(uidsIn(readFileSync(one, 'utf8'))).toEqual(here.log.uids.slice(0, 3))
    expect(uidsIn(readFileSync(other, 'utf8'))).toEqual(here.log.uids.slice(3))
    await sinks.configure([])
    expect(sinks.statuses()).toEqual([])
    expect(sinks.deliveredUpTo()).toBe(Number.POSITIVE_INFINITY)
  })

  it('are known by their files before the thread says anything', async () => {
    const here = world()
    here.log.append(3)
    const first = start(here).sinks
    await first.configure([STDOUT])
    await first.close(5_000)
    const { sinks } = start(here)
    const configured = sinks.configure([STDOUT, { ...STDOUT, name: 'new' }])
    expect(sinks.deliveredUpTo()).toBe(0)
    await sinks.configure([STDOUT])
    expect(sinks.deliveredUpTo()).toBe(3)
    await configured
  })

  it('get what is left at the end, within the deadline', async () => {
    const here = world()
    const { sinks, printed } = start(here)
    await sinks.configure([{ ...STDOUT, batch: { maxItems: 500, maxBytes: 1_000_000, maxWaitMs: 600_000 } }])
    here.log.append(7)
    await sinks.close(5_000)
    expect(uidsIn(printed.join(''))).toEqual(here.log.uids)
  })

  it('can be tried with a record that is not in the log', async () => {
    const here = world()
    const { sinks, printed } = start(here)
    await sinks.configure([STDOUT])
    const answer = await sinks.test('out')
    expect(answer).toMatchObject({ ok: true, detail: 'the sink has taken it' })
    expect(JSON.parse(printed.join(''))).toMatchObject({ metadata: { uid: answer.uid, event_code: 'sink.test' } })
    await expect(sinks.test('nobody')).rejects.toMatchObject({ code: 'SP-NOT-FOUND' })
    await sinks.configure([fileSink('nowhere', join(here.directory, 'no', 'such'))])
    expect(await sinks.test('nowhere')).toMatchObject({ ok: false, detail: 'the record could not be sent' })
  })
})

import { randomUUID } from 'node:crypto'
import type { SinkFormat } from '../session/sink_settings.ts'
import { projected } from './projected.ts'
import { type Item, type Sender, SinkError } from './sender.ts'
import { shippingEvent } from './shipping_event.ts'
import type { SinkTest } from './sink_status.ts'

/** Shorter than the patience of who pressed the button. */
const DEADLINE_MS = 10_000

export interface SinkTestWork {
  readonly name: string
  readonly node: string
  readonly format: SinkFormat
  /** Null where there is no such sink. */
  readonly open: (() => Promise<Sender>) | null
}

/** Sends one record that is not in the log, on a connection of its own, and says what came of it. */
export async function testSink({ name, node, format, open }: SinkTestWork): Promise<SinkTest> {
  const uid = randomUUID()
  const began = performance.now()
  const answer =
    open === null
      ? { ok: false, detail: `no sink is called ${name}` }
      : await tried(open, testItem(uid, name, node, format))
  return { ...answer, uid, durationMs: Math.round(performance.now() - began) }
}

async function tried(open: () => Promise<Sender>, item: Item): Promise<Pick<SinkTest, 'ok' | 'detail'>> {
  let sender: Sender | null = null
  try {
    sender = await open()
    const [refused] = await within(sender.send([item], AbortSignal.timeout(DEADLINE_MS)))
    return refused === undefined ? { ok: true, detail: 'the sink has taken it' } : { ok: false, detail: refused.why }
  } catch (error) {
    return { ok: false, detail: error instanceof SinkError ? error.message : 'the record could not be sent' }
  } finally {
    await sender?.close().catch(() => undefined)
  }
}

function testItem(uid: string, name: string, node: string, format: SinkFormat): Item {
  const time = Date.now()
  const code = 'sink.test'
  const message = `a test of the sink ${name} by ${node}`
  const text = shippingEvent({ uid, code, sequence: 0, time, severity: 1, message })
  return { uid, sequence: 0, time, code, severity: 1, text: projected(text, format) }
}

/** A sender that does not heed its signal must not hold whoever waits. */
async function within<T>(sending: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new SinkError('did not answer in time')), DEADLINE_MS + 1_000)
  try {
    return await Promise.race([sending, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

import * as z from 'zod'
import { parseJson } from '../../outbound/json_answer.ts'
import type { Item } from '../sender.ts'

/** What is told of an alert, from its record: see `audit/alert_record.ts`. */
const record = z.object({
  message: z.string(),
  unmapped: z.object({
    jit: z.object({
      alert: z.object({
        signal: z.string(),
        state: z.enum(['raised', 'resolved']),
        severity: z.enum(['info', 'low', 'medium', 'high', 'critical']),
        key: z.string(),
        title: z.string(),
        count: z.number(),
        suppressed: z.number(),
        owner: z.string(),
        runbook: z.string(),
        channels: z.array(z.string()),
        about: z.record(z.string(), z.string().nullable()),
        evidence: z.array(z.string()),
      }),
    }),
  }),
})

export type AlertItem = z.output<typeof record>['unmapped']['jit']['alert'] & {
  readonly summary: string
  readonly uid: string
  readonly time: number
}

/** Somebody tries the sink: see `sinks/test_record.ts`. */
const SINK_TEST = 'sink.test'

/**
 * The alert, where the item is one that this sink is a channel of. Null for all else: checkpoints, pieces of records, and
 * alerts that others bring.
 */
export function alertFor(sink: string, item: Item): AlertItem | null {
  const { code, text, uid, time, piece } = item
  if (code === SINK_TEST) return testOf(sink, item)
  if (!code.startsWith('alert.') || piece !== undefined) return null
  const read = record.safeParse(parseJson(text))
  if (!read.success) return null
  const { alert } = read.data.unmapped.jit
  return alert.channels.includes(sink) ? { ...alert, summary: read.data.message, uid, time } : null
}

function testOf(sink: string, { uid, time }: Item): AlertItem {
  const what = { signal: 'sink_test', key: `sink_test/${sink}`, title: '[TEST] A test of this channel' }
  const none = { count: 1, suppressed: 0, owner: 'nobody', runbook: 'docs/sinks.md', channels: [sink], evidence: [] }
  const summary = 'Somebody tries whether alerts come through. Nothing has happened.'
  return { ...what, ...none, state: 'raised', severity: 'info', about: {}, summary, uid, time }
}

/** What belongs to an alert, for people to read. */
export function factsOf({ about, suppressed, key }: AlertItem): Record<string, string> {
  const told: Record<string, string> = { key }
  for (const [name, value] of Object.entries(about)) if (value !== null) told[name] = value
  if (suppressed > 0) told.kept_back_before = String(suppressed)
  return told
}

export function isAddress(text: string): boolean {
  return text.startsWith('https://') && URL.canParse(text)
}

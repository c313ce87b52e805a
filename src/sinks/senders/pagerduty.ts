import { member, parseJson } from '../../outbound/json_answer.ts'
import type { PagerDutySinkSettings } from '../../session/sink_settings_alerts.ts'
import { createHttpClient, type HttpAnswer } from '../http_client.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { type AlertItem, alertFor, factsOf, isAddress } from './alert_item.ts'
import { deliverRest } from './batch_progress.ts'
import { below, troubleOf } from './http_exchange.ts'

const SERVICE = 'PagerDuty'
const MAX_ITEMS = 100
const MAX_BYTES = 8 * 1024 * 1024
const MAX_ITEM_BYTES = 65_535
const ACCEPTED = 202
const BAD_REQUEST = 400
/** Events API v2, "PD-CEF": a summary has at most so many characters. */
const MAX_SUMMARY_CHARACTERS = 1024

const SEVERITY: Readonly<Record<AlertItem['severity'], 'info' | 'warning' | 'error' | 'critical'>> = {
  info: 'info',
  low: 'info',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
}

/** Events API v2: an alert triggers an incident, or adds to the open one of its key; what is over resolves it. */
export function createPagerDutySender(settings: PagerDutySinkSettings, deps: SenderDeps): Sender {
  const client = createHttpClient(settings, deps)
  const refusalOf = async (item: Item, signal: AbortSignal): Promise<Refused['why'] | null> => {
    const alert = alertFor(settings.name, item)
    if (alert === null) return null
    const body = JSON.stringify({ routing_key: await deps.secret(settings.routingKey), ...eventOf(alert, deps.node) })
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    return refusal(
      await client.send({ url: below(settings.address, '/v2/enqueue'), headers, body, signal }),
      deps.now(),
    )
  }
  return {
    limits: { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: MAX_ITEM_BYTES },
    send: async (items, signal) =>
      await deliverRest(settings, items, async (progress) => {
        for (const item of progress.left(items)) {
          const why = await refusalOf(item, signal)
          if (why === null) progress.take([item])
          else progress.refuse(item, why)
        }
      }),
    close: async () => client.close(),
  }
}

/** Null where it was taken, else why it never will be. Throws where it may be taken later. */
function refusal(answer: HttpAnswer, now: number): string | null {
  if (answer.status === ACCEPTED) return null
  if (answer.status !== BAD_REQUEST) throw troubleOf(SERVICE, answer, now)
  // A wrong key is no fault of the event: it waits until somebody has put the key right.
  if (/routing.?key/i.test(JSON.stringify(member(parseJson(answer.text), 'errors') ?? ''))) {
    throw new SinkError('PagerDuty did not accept the routing key', { authentication: true })
  }
  return 'PagerDuty takes the event for invalid (400)'
}

function eventOf(alert: AlertItem, node: string): object {
  const { key, state, title, summary, severity, signal, time, owner, runbook, uid, count, evidence } = alert
  const dedup_key = `sallyport:${key}`
  if (state === 'resolved') return { event_action: 'resolve', dedup_key }
  return {
    event_action: 'trigger',
    dedup_key,
    client: 'Sallyport',
    payload: {
      summary: `${title}: ${summary}`.slice(0, MAX_SUMMARY_CHARACTERS),
      source: node,
      severity: SEVERITY[severity],
      timestamp: new Date(time).toISOString(),
      component: alert.about.target ?? 'sallyport',
      class: signal,
      custom_details: { ...factsOf(alert), count, owner, runbook, alert: uid, evidence },
    },
    ...(isAddress(runbook) && { links: [{ href: runbook, text: 'Runbook' }] }),
  }
}

import { type Heard, type Listening, listen, type Told } from './listening.ts'

export interface PagerDutyEvent {
  readonly routing_key: string
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve'
  readonly dedup_key?: string
  readonly payload?: {
    readonly summary: string
    readonly source: string
    readonly severity: string
    readonly timestamp?: string
    readonly custom_details?: Readonly<Record<string, unknown>>
  }
  readonly links?: readonly { readonly href: string; readonly text: string }[]
}

const MAX_KEY_CHARACTERS = 255
const MAX_SUMMARY_CHARACTERS = 1024
const SEVERITIES = ['critical', 'error', 'warning', 'info']

export interface PagerDuty extends Listening {
  readonly events: PagerDutyEvent[]
  /** By dedup key: how many triggers its open incident has. */
  readonly open: Map<string, number>
}

/** A server that behaves as the Events API v2 does. */
export async function listenAsPagerDuty(routingKey: string): Promise<PagerDuty> {
  const events: PagerDutyEvent[] = []
  const open = new Map<string, number>()
  const service = ({ method, url, body }: Heard): Told => {
    if (method !== 'POST' || url.pathname !== '/v2/enqueue') return { status: 404 }
    const event = JSON.parse(body.toString('utf8')) as PagerDutyEvent
    const errors = errorsIn(event, routingKey)
    if (errors.length > 0)
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } }
    events.push(event)
    const { dedup_key = '', event_action } = event
    if (event_action === 'trigger') open.set(dedup_key, (open.get(dedup_key) ?? 0) + 1)
    else if (event_action === 'resolve') open.delete(dedup_key)
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key } }
  }
  return Object.assign(await listen(service), { events, open })
}

function errorsIn({ routing_key, event_action, dedup_key, payload }: PagerDutyEvent, expected: string): string[] {
  const errors: string[] = []
  if (routing_key !== expected) errors.push('Invalid routing key')
  if ((dedup_key ?? '').length > MAX_KEY_CHARACTERS) errors.push("'dedup_key' is too long (maximum is 255 characters)")
  if (event_action === 'resolve')
    return dedup_key === undefined ? [...errors, "'dedup_key' is missing or blank"] : errors
  if (payload === undefined) return [...errors, "'payload' is missing or blank"]
  const { summary, source, severity, timestamp } = payload
  if (summary === '' || summary.length > MAX_SUMMARY_CHARACTERS) errors.push("'payload.summary' is missing or blank")
  if (source === '') errors.push("'payload.source' is missing or blank")
  if (!SEVERITIES.includes(severity)) errors.push("'payload.severity' is invalid (must be one of critical, ...)")
  if (timestamp !== undefined && Number.isNaN(Date.parse(timestamp))) errors.push("'payload.timestamp' is invalid")
  return errors
}

import type { IncidentProviderSettings, PresetSettings, WebhookSettings } from '../access/incident_settings.ts'
import { parseJson } from '../outbound/json_answer.ts'
import { fitsPattern } from './answer.ts'
import { oneText, pointTo } from './json_pointer.ts'
import { PAGERDUTY_CLOSED, PAGERDUTY_ID, PAGERDUTY_OPEN } from './pagerduty.ts'
import { expandPreset } from './presets.ts'
import { signatureFits, type WebhookRequest } from './webhook_signature.ts'

/** What a provider told. It is a reason to ask it, since what was sent earlier may arrive later. */
export type WebhookAnswer =
  | {
      readonly kind: 'incident'
      readonly provider: string
      readonly incidentId: string
      readonly status: 'open' | 'closed' | 'changed'
      readonly eventId: string
    }
  /** Genuine, but nothing to do: sent again, or not about an incident. */
  | { readonly kind: 'ignored'; readonly detail: string }
  /** Not from the provider, as far as can be seen. */
  | { readonly kind: 'refused'; readonly detail: string }

const MAX_BODY_BYTES = 512 * 1024
const MAX_SEEN = 10_000
const MAX_EVENT_ID_CHARACTERS = 256

/** Events by their ids, the oldest forgotten first. */
export class SeenEvents {
  readonly #seen = new Set<string>()

  /** False where it was seen before. */
  add(provider: string, event: string): boolean {
    const key = JSON.stringify([provider, event])
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    const [oldest] = this.#seen
    if (this.#seen.size > MAX_SEEN && oldest !== undefined) this.#seen.delete(oldest)
    return true
  }
}

export interface WebhookContext {
  readonly provider: string
  readonly settings: IncidentProviderSettings
  readonly secret: (reference: string) => Promise<string>
  readonly nowMs: number
  readonly seen: SeenEvents
}

/** Checks the signature before anything is read. Rejects as reading the secret does. */
export async function readWebhook(context: WebhookContext, request: WebhookRequest): Promise<WebhookAnswer> {
  const { settings, provider, secret, nowMs } = context
  const webhook = settings.kind === 'static' ? null : settings.webhook
  if (webhook === null) return refused('the provider has no webhook in the configuration')
  if (request.body.length > MAX_BODY_BYTES) return refused('the body is too large')
  const secrets = await Promise.all(webhook.secrets.map(secret))
  if (!signatureFits(webhook, secrets, request, nowMs)) return refused('the signature does not fit')
  const document = parseJson(new TextDecoder().decode(request.body))
  const eventId = eventOf(webhook, request, document)
  if (eventId === null) return ignored('the event has no id')
  const read = vocabularyOf(settings)
  const incidentId = oneText(document, webhook.id)
  if (read === null || incidentId === null || !fitsPattern(incidentId, read.idPattern)) {
    return ignored('the event is not about an incident')
  }
  if (webhook.signature === 'pagerduty' && pointTo(document, '/event/data/type')[0] !== 'incident') {
    return ignored('the event is not about an incident')
  }
  if (!context.seen.add(provider, eventId)) return ignored('the event was seen before')
  return { kind: 'incident', provider, incidentId, status: statusOf(oneText(document, webhook.status), read), eventId }
}

interface Vocabulary {
  readonly idPattern: string
  readonly active: readonly string[]
  readonly closed: readonly string[] | null
}

function vocabularyOf(settings: IncidentProviderSettings): Vocabulary | null {
  switch (settings.kind) {
    case 'static':
      return null
    case 'pagerduty':
      return { idPattern: PAGERDUTY_ID, active: PAGERDUTY_OPEN, closed: PAGERDUTY_CLOSED }
    case 'http':
      return { idPattern: settings.idPattern, ...settings.read }
    default:
      return vocabularyOf(expandPreset(settings satisfies PresetSettings))
  }
}

/** A status that is neither is a change that has to be asked for. */
function statusOf(status: string | null, { active, closed }: Vocabulary): 'open' | 'closed' | 'changed' {
  if (status === null) return 'changed'
  if (active.includes(status)) return 'open'
  return closed?.includes(status) === true ? 'closed' : 'changed'
}

function eventOf(webhook: WebhookSettings, { headers }: WebhookRequest, document: unknown): string | null {
  const event =
    webhook.signature === 'standard'
      ? (headers['webhook-id'] ?? headers['svix-id'] ?? null)
      : oneText(document, webhook.event)
  return event !== null && event.length <= MAX_EVENT_ID_CHARACTERS ? event : null
}

function ignored(detail: string): WebhookAnswer {
  return { kind: 'ignored', detail }
}

function refused(detail: string): WebhookAnswer {
  return { kind: 'refused', detail }
}

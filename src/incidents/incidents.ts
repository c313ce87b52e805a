import type { IncidentProviderSettings, StaticSettings } from '../access/incident_settings.ts'
import type { IncidentAnswer, Incidents } from '../access/ports.ts'
import { asSallyportError } from '../errors.ts'
import { NoAnswer } from '../outbound/request.ts'
import type { Clock } from '../session/ports.ts'
import { known, unknown, unreachable } from './answer.ts'
import { askHttp } from './http_provider.ts'
import { askPagerDuty } from './pagerduty.ts'
import { expandPreset } from './presets.ts'
import { readWebhook, SeenEvents, type WebhookAnswer } from './webhook.ts'
import type { WebhookRequest } from './webhook_signature.ts'

export interface IncidentsOptions {
  /** Those in force, by name. */
  readonly providers: () => ReadonlyMap<string, IncidentProviderSettings>
  /** The text of a secret by its reference. */
  readonly secret: (reference: string) => Promise<string>
  readonly clock: Clock
}

export interface LiveIncidents extends Incidents {
  /** What the configuration says for when the provider is unreachable; an unknown provider denies. */
  onUnverified(provider: string): 'deny' | 'allow_and_flag'
  /** Checks and reads what a provider sent. Never rejects. */
  receive(provider: string, request: WebhookRequest): Promise<WebhookAnswer>
}

export function createIncidents({ providers, secret, clock }: IncidentsOptions): LiveIncidents {
  const seen = new SeenEvents()
  return {
    async check(provider, id) {
      const settings = providers().get(provider)
      if (settings === undefined) return unknown('no such provider is configured')
      try {
        return await ask(settings, id, secret)
      } catch (error) {
        return unreachable(whyNot(error))
      }
    },
    onUnverified: (provider) => providers().get(provider)?.onUnverified ?? 'deny',
    async receive(provider, request) {
      const settings = providers().get(provider)
      if (settings === undefined) return { kind: 'refused', detail: 'no such provider is configured' }
      try {
        return await readWebhook({ provider, settings, secret, nowMs: clock.now(), seen }, request)
      } catch (error) {
        return { kind: 'refused', detail: whyNot(error) }
      }
    },
  }
}

function ask(
  settings: IncidentProviderSettings,
  id: string,
  secret: (reference: string) => Promise<string>,
): Promise<IncidentAnswer> {
  switch (settings.kind) {
    case 'pagerduty':
      return askPagerDuty(settings, id, { secret })
    case 'http':
      return askHttp(settings, id, { secret })
    case 'static':
      return Promise.resolve(listedIncident(settings, id))
    default:
      return askHttp(expandPreset(settings), id, { secret })
  }
}

function listedIncident(settings: StaticSettings, id: string): IncidentAnswer {
  const found = settings.incidents.find((incident) => incident.id === id)
  return found === undefined ? unknown('no such incident is listed') : known({ ...found, url: null }, settings)
}

function whyNot(error: unknown): string {
  return error instanceof NoAnswer ? `the provider ${error.message}` : asSallyportError(error).detail
}

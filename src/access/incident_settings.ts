/** What the configuration says of the providers of incidents. Secrets stand in it by reference. */

export type IncidentProviderSettings = PagerDutySettings | HttpIncidentSettings | PresetSettings | StaticSettings

interface Everyone {
  /** What break-glass does while the provider can't be asked: an incident that it doesn't know is refused in any case. */
  readonly onUnverified: 'deny' | 'allow_and_flag'
  /** The provider's ids of people to their emails, for providers that name no emails. */
  readonly people: ReadonlyMap<string, string>
  /** The provider's ids or names of services to values of the label `service`. */
  readonly services: ReadonlyMap<string, string>
}

interface Asked extends Everyone {
  /** PEM; null for the built-in authorities. */
  readonly ca: string | null
  readonly timeoutMs: number
  readonly webhook: WebhookSettings | null
}

export interface PagerDutySettings extends Asked {
  readonly kind: 'pagerduty'
  readonly address: string
  readonly token: string
}

export interface HttpIncidentSettings extends Asked {
  readonly kind: 'http'
  /** With `{id}` where the id goes, encoded. */
  readonly url: string
  readonly headers: readonly IncidentHeader[]
  /** The whole id has to match, before anything is asked. */
  readonly idPattern: string
  readonly read: IncidentPointers
}

export interface IncidentHeader {
  readonly name: string
  /** `basic`: of user and secret; else the prefix and the secret; without a secret the prefix is the whole value. */
  readonly basicUser: string | null
  readonly prefix: string
  readonly secret: string | null
}

/** JSON pointers (RFC 6901) into the answer; a part `*` stands for each item of a list. */
export interface IncidentPointers {
  /** Where it is missing in an answer with status 200, the incident is unknown; null: it is always there. */
  readonly found: string | null
  /** Has to be the id that was asked for; null where the answer doesn't name it. */
  readonly id: string | null
  readonly status: string
  readonly active: readonly string[]
  /** A status that is neither active nor closed can't be judged. Null: whatever is not active is closed. */
  readonly closed: readonly string[] | null
  readonly assignees: readonly string[]
  readonly onCall: readonly string[]
  readonly services: readonly string[]
  readonly title: string | null
  readonly url: string | null
  readonly closedAt: string | null
}

export const INCIDENT_PRESETS = ['opsgenie', 'servicenow', 'jira', 'incident_io'] as const

export interface PresetSettings extends Asked {
  readonly kind: (typeof INCIDENT_PRESETS)[number]
  readonly address: string
  /** With a user: HTTP Basic authentication. */
  readonly user: string | null
  readonly token: string
  readonly idPattern: string | null
  /** What is read elsewhere than usual. */
  readonly read: Partial<IncidentPointers>
}

export interface StaticSettings extends Everyone {
  readonly kind: 'static'
  readonly incidents: readonly StaticIncident[]
}

export interface StaticIncident {
  readonly id: string
  readonly open: boolean
  readonly title: string
  readonly assignees: readonly string[]
  readonly onCall: readonly string[]
  readonly services: readonly string[]
  readonly closedAt: number | null
}

/** How the provider tells of changes. */
export interface WebhookSettings {
  /**
   * pagerduty: `X-PagerDuty-Signature: v1=HEX,...`. standard: Standard Webhooks (`webhook-id`, `webhook-timestamp`,
   * `webhook-signature: v1,BASE64 ...`). hmac: HMAC-SHA256 of the body in hex, in a header of any name.
   */
  readonly signature: 'pagerduty' | 'standard' | 'hmac'
  /** For hmac. */
  readonly header: string
  /** For hmac: what stands before the hex, such as `sha256=`. */
  readonly prefix: string
  /** Several while one is exchanged for another. */
  readonly secrets: readonly string[]
  /** Pointers into the body; PagerDuty's are known. */
  readonly id: string
  readonly status: string
  /** The event's own id, the same when it is sent again; standard has it in a header. */
  readonly event: string | null
}

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookSettings } from '../access/incident_settings.ts'

/** What came in: names of headers in lower case, and the body byte by byte. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

const TOLERANCE_SECONDS = 300
const MAX_SIGNATURES = 16
/** Standard Webhooks marks its secrets so; what follows is base64. */
const STANDARD_PREFIX = 'whsec_'

/**
 * Whether any of the signatures was made with any of the secrets. All pairs are compared, each in constant time, so the
 * time tells neither which one fits nor how much of it.
 */
export function signatureFits(
  settings: WebhookSettings,
  secrets: readonly string[],
  { headers, body }: WebhookRequest,
  nowMs: number,
): boolean {
  switch (settings.signature) {
    case 'pagerduty': {
      const given = listed(headers['x-pagerduty-signature'], ',', 'v1=')
      return anyEqual(
        given,
        secrets.map((secret) => digest(secret, [body], 'hex')),
      )
    }
    case 'hmac': {
      const given = listed(headers[settings.header], ',', settings.prefix).map((text) => text.toLowerCase())
      return anyEqual(
        given,
        secrets.map((secret) => digest(secret, [body], 'hex')),
      )
    }
    case 'standard':
      return standardFits(secrets, headers, body, nowMs)
  }
}

/** Standard Webhooks: `id.timestamp.body` under the decoded secret, not older than five minutes. */
function standardFits(
  secrets: readonly string[],
  headers: WebhookRequest['headers'],
  body: Uint8Array,
  nowMs: number,
): boolean {
  const id = headers['webhook-id'] ?? headers['svix-id'] ?? ''
  const timestamp = headers['webhook-timestamp'] ?? headers['svix-timestamp'] ?? ''
  const given = listed(headers['webhook-signature'] ?? headers['svix-signature'], ' ', 'v1,')
  if (id === '' || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false
  const keys = secrets.map((secret) => Buffer.from(secret.replace(STANDARD_PREFIX, ''), 'base64'))
  return anyEqual(
    given,
    keys.map((key) => digest(key, [`${id}.${timestamp}.`, body], 'base64')),
  )
}

function listed(header: string | undefined, separator: string, prefix: string): readonly string[] {
  const parts = (header ?? '').split(separator, MAX_SIGNATURES).map((part) => part.trim())
  return parts.filter((part) => part.startsWith(prefix)).map((part) => part.slice(prefix.length))
}

/** An empty key would let anybody sign. */
function digest(
  key: string | Uint8Array,
  parts: readonly (string | Uint8Array)[],
  encoding: 'hex' | 'base64',
): string | null {
  if (key.length === 0) return null
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest(encoding)
}

function anyEqual(given: readonly string[], expected: readonly (string | null)[]): boolean {
  let fits = false
  for (const one of given) {
    for (const other of expected) if (other !== null && equal(one, other)) fits = true
  }
  return fits
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

import { createHmac } from 'node:crypto'
import type { SinkHeader, WebhookSinkSettings } from '../../session/sink_settings.ts'
import { createHttpClient, type HttpAnswer, retryAfterMs } from '../http_client.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'

const MAX_ITEMS = 10_000
const MAX_BYTES = 16 * 1024 * 1024
const MS_PER_SECOND = 1000
/** Who asks does so wrongly, whatever is in the body: it is the configuration, or the receiver, that has to change. */
const NOT_ABOUT_RECORDS: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 410, 411, 415, 421, 426, 451])
/** Request Timeout, Too Early, Too Many Requests. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429])
const NOT_BELIEVED: ReadonlySet<number> = new Set([401, 403, 407])

/** POST of several records; any 2xx takes them all. A batch that is refused is split until the record is found. */
export function createWebhookSender(settings: WebhookSinkSettings, deps: SenderDeps): Sender {
  const client = createHttpClient(settings, deps)
  const post = async (items: readonly Item[], signal: AbortSignal) => {
    const body = bodyOf(items, settings.body)
    const headers = await headersOf(body, settings, deps)
    return await client.send({ url: settings.url, headers, body, signal })
  }
  const send = async (items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> => {
    const answer = await post(items, signal)
    if (isTaken(answer, deps.now())) return []
    const [item] = items
    if (item === undefined) return []
    if (items.length === 1) return [{ item, why: `answered with status ${answer.status}` }]
    const middle = items.length >> 1
    const before = await send(items.slice(0, middle), signal)
    return [...before, ...(await send(items.slice(middle), signal))]
  }
  return {
    limits: { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: settings.maxItemBytes },
    send,
    close: async () => client.close(),
  }
}

/** False where the records are refused. Throws where it is not about them. */
function isTaken(answer: HttpAnswer, now: number): boolean {
  const { status } = answer
  if (status >= 200 && status < 300) return true
  if (status >= 400 && status < 500 && !LATER.has(status) && !NOT_ABOUT_RECORDS.has(status)) return false
  const afterMs = retryAfterMs(answer, now)
  throw new SinkError(`answered with status ${status}`, { afterMs, authentication: NOT_BELIEVED.has(status) })
}

function bodyOf(items: readonly Item[], form: WebhookSinkSettings['body']): string {
  const texts = items.map(({ text }) => text)
  return form === 'array' ? `[${texts.join(',')}]` : `${texts.join('\n')}\n`
}

async function headersOf(
  body: string,
  { body: form, secret, headers }: WebhookSinkSettings,
  deps: SenderDeps,
): Promise<Record<string, string>> {
  const made: Record<string, string> = {
    'content-type': form === 'array' ? 'application/json' : 'application/x-ndjson',
  }
  for (const [name, header] of Object.entries(headers)) made[name.toLowerCase()] = await headerText(header, deps)
  if (secret !== null) made['sallyport-signature'] = signatureOf(body, await deps.secret(secret), deps.now())
  return made
}

async function headerText({ prefix, secret, text }: SinkHeader, deps: SenderDeps): Promise<string> {
  return secret === null ? `${prefix}${text ?? ''}` : `${prefix}${await deps.secret(secret)}`
}

/** As for the API's webhooks: `t=SECONDS,v1=HEX`, HMAC-SHA256 over the seconds, a dot and the body. */
function signatureOf(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / MS_PER_SECOND)
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

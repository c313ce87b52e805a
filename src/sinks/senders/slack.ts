import { member, parseJson, textMember } from '../../outbound/json_answer.ts'
import type { SlackSinkSettings } from '../../session/sink_settings_alerts.ts'
import { createHttpClient, type HttpAnswer, type HttpClient } from '../http_client.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { type AlertItem, alertFor } from './alert_item.ts'
import { type BatchProgress, deliverRest } from './batch_progress.ts'
import { below, troubleOf } from './http_exchange.ts'
import { slackAlert } from './slack_alert.ts'

const SERVICE = 'Slack'
const MAX_ITEMS = 100
const MAX_BYTES = 8 * 1024 * 1024
const MAX_ITEM_BYTES = 65_535

/** Errors of chat.postMessage and of incoming webhooks that are about the message itself. */
const MESSAGE_REFUSED: ReadonlySet<string> = new Set([
  'invalid_payload',
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_too_long',
  'no_text',
  'too_many_attachments',
])
/** Those that a new token mends. */
const NOT_BELIEVED: ReadonlySet<string> = new Set([
  'invalid_auth',
  'not_authed',
  'token_revoked',
  'token_expired',
  'account_inactive',
  'missing_scope',
  'invalid_token',
  'no_service',
])
/** Those that somebody has to put right in Slack or in the configuration. */
const SETTINGS_WRONG: ReadonlySet<string> = new Set([
  'channel_not_found',
  'not_in_channel',
  'is_archived',
  'channel_is_archived',
  'action_prohibited',
  'restricted_action',
  'posting_to_general_channel_denied',
  'team_disabled',
])

/** A message for each alert, by an incoming webhook or by chat.postMessage of the Web API. */
export function createSlackSender(settings: SlackSinkSettings, deps: SenderDeps): Sender {
  const client = createHttpClient(settings, deps)
  return {
    limits: { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: MAX_ITEM_BYTES },
    send: async (items, signal) => {
      return await deliverRest(settings, items, async (progress) => {
        for (const item of progress.left(items)) await sendOne(item, signal, { settings, deps, client, progress })
      })
    },
    close: async () => client.close(),
  }
}

interface Sending {
  readonly settings: SlackSinkSettings
  readonly deps: SenderDeps
  readonly client: HttpClient
  readonly progress: BatchProgress
}

async function sendOne(item: Item, signal: AbortSignal, sending: Sending): Promise<void> {
  const { settings, deps, progress } = sending
  const alert = alertFor(settings.name, item)
  const why = alert === null ? null : refusal(await post(alert, signal, sending), settings, deps.now())
  if (why === null) progress.take([item])
  else progress.refuse(item, why)
}

async function post(alert: AlertItem, signal: AbortSignal, sending: Sending): Promise<HttpAnswer> {
  const { way } = sending.settings
  const { client, deps } = sending
  const message = slackAlert(alert)
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  if (way.by === 'webhook') {
    return await client.send({ url: await deps.secret(way.webhook), headers, body: JSON.stringify(message), signal })
  }
  const authorization = `Bearer ${await deps.secret(way.token)}`
  const body = JSON.stringify({ channel: way.channel, unfurl_links: false, ...message })
  return await client.send({
    url: below(way.address, '/chat.postMessage'),
    headers: { ...headers, authorization },
    body,
    signal,
  })
}

/** Null where it was taken, else why this message never will be. Throws where it may be taken later. */
function refusal(answer: HttpAnswer, { way }: SlackSinkSettings, now: number): Refused['why'] | null {
  if (isTaken(answer, way.by)) return null
  // Only words that are known are said again: an answer may hold anything.
  const error = way.by === 'webhook' ? answer.text.trim() : (textMember(parseJson(answer.text), 'error') ?? '')
  if (MESSAGE_REFUSED.has(error)) return `Slack refused the message (${error})`
  if (NOT_BELIEVED.has(error)) {
    throw new SinkError(`Slack did not accept the credentials (${error})`, { authentication: true })
  }
  if (SETTINGS_WRONG.has(error)) throw new SinkError(`Slack does not let it in (${error})`)
  throw troubleOf(SERVICE, answer, now)
}

/** A webhook says `ok`; the Web API says so in a field, and answers 200 in any case. */
function isTaken({ status, text }: HttpAnswer, by: 'webhook' | 'bot'): boolean {
  if (status !== 200) return false
  return by === 'webhook' ? text.trim() === 'ok' : member(parseJson(text), 'ok') === true
}

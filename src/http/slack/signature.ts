import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import { SallyportError } from '../../errors.ts'
import type { Clock } from '../../session/ports.ts'
import { sameText } from '../console_sessions.ts'

const WINDOW_MS = 300_000
const MAX_SEEN = 10_000
const MS_PER_SECOND = 1000

/**
 * Slack's signing of requests, version 0: HMAC-SHA256 over `v0:timestamp:body`, in a window of five minutes. Within the
 * window each signature is taken once.
 */
export function createSlackVerifier(signingSecret: string, clock: Clock) {
  const seen = new LRUCache<string, true>({ max: MAX_SEEN, ttl: 2 * WINDOW_MS })
  return (headers: IncomingHttpHeaders, body: Uint8Array): void => {
    const { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature } = headers
    if (typeof timestamp !== 'string' || typeof signature !== 'string' || !/^\d{1,12}$/.test(timestamp))
      throw refused('the signature of Slack is missing')
    if (Math.abs(clock.now() - Number(timestamp) * MS_PER_SECOND) > WINDOW_MS)
      throw refused('the signature of Slack is too old')
    const made = `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest('hex')}`
    if (!sameText(made, signature)) throw refused('the signature of Slack is wrong')
    if (seen.has(signature)) throw refused('the message of Slack came before')
    seen.set(signature, true)
  }
}

function refused(detail: string): SallyportError {
  return new SallyportError('SP-AUTH', detail)
}

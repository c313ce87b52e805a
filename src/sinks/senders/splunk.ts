import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { isRecord, member, parseJson } from '../../outbound/json_answer.ts'
import type { SplunkSettings } from '../../session/sink_settings_remote.ts'
import { createHttpClient, type HttpAnswer, type HttpClient } from '../http_client.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { type BatchProgress, deliverRest, sendInHalves, type Unwanted } from './batch_progress.ts'
import { below, post, troubleOf } from './http_exchange.ts'

const SERVICE = 'Splunk'
const MAX_ITEMS = 1000
/** Splunk Cloud, and older versions of Splunk Enterprise, take a megabyte; some of it goes to what is around events. */
const MAX_BYTES = 800_000
const SUCCESS = 0
const TOO_LARGE = 413
const FIRST_POLL_MS = 100
const MAX_POLL_MS = 5000
/** "Possible error codes" of the HTTP Event Collector: those that are about one event, which is named by its number. */
const EVENT_REFUSED: ReadonlyMap<number, string> = new Map([
  [6, 'Splunk takes it for invalid data (code 6)'],
  [12, 'Splunk misses its event field (code 12)'],
  [13, 'Splunk finds its event field blank (code 13)'],
  [15, 'Splunk can not handle its indexed fields (code 15)'],
])
/** Disabled, missing or wrong tokens. */
const TOKEN_CODES: ReadonlySet<number> = new Set([1, 2, 3, 4, 16, 21, 22])
/** Those that somebody has to put right in Splunk or in the configuration. */
const SETTING_CODES: ReadonlyMap<number, string> = new Map([
  [7, 'the token may not write to that index (code 7)'],
  [10, 'Splunk misses the channel (code 10)'],
  [11, 'Splunk does not accept the channel (code 11)'],
  [14, 'the token has no indexer acknowledgement (code 14)'],
])

/** Splunk's HTTP Event Collector: events one after the other, `/services/collector/event`. */
export function createSplunkSender(settings: SplunkSettings, deps: SenderDeps): Sender {
  return new SplunkSender(settings, deps)
}

class SplunkSender implements Sender {
  readonly limits
  readonly #settings: SplunkSettings
  readonly #deps: SenderDeps
  readonly #client: HttpClient
  /** Acknowledgements are counted by channel (RFC 9562 UUID). */
  readonly #channel = randomUUID()
  /** Of each event, up to its time. */
  readonly #around: string

  constructor(settings: SplunkSettings, deps: SenderDeps) {
    const { host, source, sourcetype, index, maxItemBytes } = settings
    this.limits = { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes }
    this.#settings = settings
    this.#deps = deps
    this.#client = createHttpClient(settings, deps)
    const fixed = { host: host ?? deps.node, source, sourcetype, ...(index === null ? {} : { index }) }
    this.#around = JSON.stringify(fixed).slice(0, -1)
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> {
    return await deliverRest(this.#settings, items, (progress) =>
      sendInHalves(items, progress, signal, (part) => this.#part(part, progress, signal)),
    )
  }

  async #part(part: readonly Item[], progress: BatchProgress, signal: AbortSignal): Promise<Unwanted | null> {
    for (let left = progress.left(part); left.length > 0; left = progress.left(part)) {
      const body = left.map((item) => this.#event(item)).join('')
      const answer = await this.#post('/services/collector/event', body, signal, this.#settings.gzip)
      if (answer.status === TOO_LARGE) return { unwanted: 'it is too large for Splunk (status 413)' }
      const fault = faultOf(answer, left)
      if (fault === null) {
        await this.#received(answer, signal)
        return null
      }
      // What stood before it may have been indexed, and what follows was not looked at: all but it goes out again.
      progress.refuse(fault.item, fault.why)
    }
    return null
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  #event(item: Item): string {
    return `${this.#around},"time":${(item.time / 1000).toFixed(3)},"event":${item.text}}\n`
  }

  async #post(path: string, body: string, signal: AbortSignal, gzip = false): Promise<HttpAnswer> {
    const { url, token } = this.#settings
    const authorization = `Splunk ${await this.#deps.secret(token)}`
    const headers = { authorization, 'content-type': 'application/json', 'x-splunk-request-channel': this.#channel }
    const answer = await post(this.#client, { url: below(url, path), headers, body, signal }, gzip)
    const trouble = this.#troubleOf(answer)
    if (trouble !== null) throw trouble
    return answer
  }

  #troubleOf(answer: HttpAnswer): SinkError | null {
    const code = codeOf(answer)
    if (TOKEN_CODES.has(code)) {
      return new SinkError(`Splunk did not accept the token (code ${code})`, { authentication: true })
    }
    const setting = SETTING_CODES.get(code)
    if (setting !== undefined) return new SinkError(setting)
    if (answer.status === TOO_LARGE || (answer.status === 400 && EVENT_REFUSED.has(code))) return null
    if (answer.status !== 200) return troubleOf(SERVICE, answer, this.#deps.now())
    // Whatever stands between may answer 200 with a page of its own.
    return isRecord(parseJson(answer.text)) ? null : new SinkError('Splunk answered with something other than JSON')
  }

  async #received(answer: HttpAnswer, signal: AbortSignal): Promise<void> {
    if (codeOf(answer) !== SUCCESS) throw new SinkError('Splunk answered without a code')
    if (this.#settings.acknowledge) await this.#acknowledged(answer, signal)
  }

  /** Asks until the indexers have the batch. What is not known to Splunk, after a restart of it, stays unanswered. */
  async #acknowledged(answer: HttpAnswer, signal: AbortSignal): Promise<void> {
    const id = member(parseJson(answer.text), 'ackId')
    if (typeof id !== 'number') throw new SinkError('the token has no indexer acknowledgement')
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 2, MAX_POLL_MS)) {
      await wait(pause, null, { signal }).catch(() => {
        throw new SinkError('the indexers did not acknowledge the batch in time')
      })
      const path = `/services/collector/ack?channel=${this.#channel}`
      const polled = await this.#post(path, JSON.stringify({ acks: [id] }), signal)
      if (member(member(parseJson(polled.text), 'acks'), String(id)) === true) return
    }
  }
}

/** The event that is at fault, or null where all were taken. */
function faultOf(answer: HttpAnswer, items: readonly Item[]): Refused | null {
  if (answer.status === 200) return null
  const why = EVENT_REFUSED.get(codeOf(answer)) ?? 'Splunk refused it'
  const number = member(parseJson(answer.text), 'invalid-event-number')
  const item = items.length === 1 ? items[0] : typeof number === 'number' ? items[number] : undefined
  if (item === undefined) throw new SinkError('Splunk refused an event without saying which')
  return { item, why }
}

function codeOf(answer: HttpAnswer): number {
  const code = member(parseJson(answer.text), 'code')
  return typeof code === 'number' ? code : -1
}

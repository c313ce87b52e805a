import { isRecord, member, parseJson } from '../../outbound/json_answer.ts'
import type { OtlpSettings } from '../../session/sink_settings_remote.ts'
import { createHttpClient, type HttpAnswer, type HttpClient } from '../http_client.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { type BatchProgress, deliverRest, sendInHalves, type Unwanted } from './batch_progress.ts'
import { headersOf, post, troubleOf } from './http_exchange.ts'
import { attribute, logRecord } from './otlp_records.ts'

const SERVICE = 'the OpenTelemetry collector'
const MAX_ITEMS = 2000
/** Collectors take 20 MiB by default; as a structure a record is up to four times as long. */
const MAX_BYTES = 2 * 1024 * 1024
const SCOPE = 'sallyport.audit'

/** OpenTelemetry logs, OTLP/HTTP with JSON (opentelemetry.io/docs/specs/otlp). */
export function createOtlpSender(settings: OtlpSettings, deps: SenderDeps): Sender {
  return new OtlpSender(settings, deps)
}

class OtlpSender implements Sender {
  readonly limits
  readonly #settings: OtlpSettings
  readonly #deps: SenderDeps
  readonly #client: HttpClient
  readonly #url: string

  constructor(settings: OtlpSettings, deps: SenderDeps) {
    this.limits = { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: settings.maxItemBytes }
    this.#settings = settings
    this.#deps = deps
    this.#client = createHttpClient(settings, deps)
    const url = new URL(settings.url)
    if (url.pathname === '/') url.pathname = '/v1/logs'
    this.#url = url.href
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> {
    return await deliverRest(this.#settings, items, (progress) =>
      sendInHalves(items, progress, signal, (part) => this.#part(part, progress, signal)),
    )
  }

  async #part(part: readonly Item[], progress: BatchProgress, signal: AbortSignal): Promise<Unwanted | null> {
    const answer = await this.#post(part, signal)
    if (answer.status >= 200 && answer.status < 300) return this.#judge(part, progress, answer)
    if (answer.status === 400) return { unwanted: 'the collector takes it for invalid (status 400)' }
    if (answer.status === 413) return { unwanted: 'it is too large for the collector (status 413)' }
    throw troubleOf(SERVICE, answer, this.#deps.now())
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  async #post(items: readonly Item[], signal: AbortSignal): Promise<HttpAnswer> {
    const own = await headersOf(this.#settings.headers, this.#deps)
    const headers = { ...own, 'content-type': 'application/json' }
    return await post(
      this.#client,
      { url: this.#url, headers, body: this.#request(items), signal },
      this.#settings.gzip,
    )
  }

  #request(items: readonly Item[]): string {
    const { serviceName, body } = this.#settings
    const { node, version, now } = this.#deps
    const observed = now()
    const attributes = [
      attribute('service.name', serviceName),
      attribute('service.version', version),
      attribute('service.instance.id', node),
    ]
    const logRecords = items.map((item) => logRecord(item, body, observed))
    const scopeLogs = [{ scope: { name: SCOPE, version }, logRecords }]
    return JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs }] })
  }

  /**
   * Partial success has the number of rejected records, not which they are, and what it answers must not be sent again:
   * all of the batch goes to the dead letters, where some of it is with the collector too.
   */
  #judge(part: readonly Item[], progress: BatchProgress, { text }: HttpAnswer): null {
    const document = text === '' ? {} : parseJson(text)
    if (!isRecord(document)) throw new SinkError('the collector answered with something other than JSON')
    const rejected = Number(member(member(document, 'partialSuccess'), 'rejectedLogRecords') ?? 0)
    if (!(rejected > 0)) return null
    const why = `the collector rejected ${rejected} of the ${part.length} records that it was sent with`
    for (const item of part) progress.refuse(item, why)
    return null
  }
}

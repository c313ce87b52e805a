import { member, parseJson, textMember } from '../../outbound/json_answer.ts'
import type { ElasticsearchSettings } from '../../session/sink_settings_remote.ts'
import { createHttpClient, type HttpAnswer, type HttpClient, retryAfterMs } from '../http_client.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { type BatchProgress, deliverRest, sendInHalves, type Unwanted } from './batch_progress.ts'
import { below, post, troubleOf } from './http_exchange.ts'
import { identityOf } from './identity.ts'

const SERVICE = 'Elasticsearch'
const MAX_ITEMS = 10_000
/** The smallest limit that is common: managed clusters take requests of 10 MiB. */
const MAX_BYTES = 5 * 1024 * 1024
/** The answer has what is read of it, and no more. */
const WANTED = 'errors,items.*.status,items.*.error.type'
const CONFLICT = 409
/**
 * Of a record: permissions, indices that are missing or blocked, shards that are busy. All of them pass, or are put right
 * in the cluster.
 */
const PASSING: ReadonlySet<number> = new Set([401, 403, 404, 408, 429])

/** Elasticsearch and OpenSearch: `_bulk` with `create`, so that a record that is sent again makes no second document. */
export function createElasticsearchSender(settings: ElasticsearchSettings, deps: SenderDeps): Sender {
  return new ElasticsearchSender(settings, deps)
}

class ElasticsearchSender implements Sender {
  readonly limits
  readonly #settings: ElasticsearchSettings
  readonly #deps: SenderDeps
  readonly #client: HttpClient
  readonly #url: string

  constructor(settings: ElasticsearchSettings, deps: SenderDeps) {
    this.limits = { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: settings.maxItemBytes }
    this.#settings = settings
    this.#deps = deps
    this.#client = createHttpClient(settings, deps)
    const query = new URLSearchParams({ filter_path: WANTED })
    if (settings.pipeline !== null) query.set('pipeline', settings.pipeline)
    this.#url = below(settings.url, `/_bulk?${query}`)
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> {
    return await deliverRest(this.#settings, items, (progress) =>
      sendInHalves(items, progress, signal, (part) => this.#part(part, progress, signal)),
    )
  }

  async #part(part: readonly Item[], progress: BatchProgress, signal: AbortSignal): Promise<Unwanted | null> {
    const answer = await this.#post(part, signal)
    if (answer.status === 200) return this.#judge(part, progress, answer)
    if (answer.status === 413) return { unwanted: 'it is too large for Elasticsearch (status 413)' }
    if (answer.status === 400) return { unwanted: 'Elasticsearch takes it for invalid (status 400)' }
    throw troubleOf(SERVICE, answer, this.#deps.now())
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  async #post(items: readonly Item[], signal: AbortSignal): Promise<HttpAnswer> {
    const headers = { ...(await this.#authorization()), 'content-type': 'application/x-ndjson' }
    const body = items.map((item) => this.#action(item)).join('')
    return await post(this.#client, { url: this.#url, headers, body, signal }, this.#settings.gzip)
  }

  async #authorization(): Promise<Record<string, string>> {
    const { auth } = this.#settings
    if (auth.method === 'none') return {}
    if (auth.method === 'apiKey') return { authorization: `ApiKey ${await this.#deps.secret(auth.key)}` }
    const pair = `${auth.user}:${await this.#deps.secret(auth.password)}`
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
  }

  #action(item: Item): string {
    const action = { create: { _index: indexOf(this.#settings.index, item.time), _id: identityOf(item) } }
    return `${JSON.stringify(action)}\n${timed(item, this.#settings.format)}\n`
  }

  /** Each record by its own status. Throws where some have to come again: those that are settled do not. */
  #judge(part: readonly Item[], progress: BatchProgress, answer: HttpAnswer): null {
    const statuses = statusesOf(answer)
    if (statuses.length !== part.length) throw new SinkError('Elasticsearch answered for other records than were sent')
    const passing: number[] = []
    for (const [at, item] of part.entries()) {
      const { status, type } = statuses[at]!
      if (isTaken(status)) progress.take([item])
      else if (status < 500 && status >= 400 && !PASSING.has(status)) progress.refuse(item, whyOf(status, type))
      else passing.push(status)
    }
    if (passing.length === 0) return null
    const [status = 0] = passing
    throw new SinkError(`Elasticsearch put off ${passing.length} of ${part.length} records (status ${status})`, {
      afterMs: retryAfterMs(answer, this.#deps.now()),
      authentication: status === 401 || status === 403,
    })
  }
}

interface ItemStatus {
  readonly status: number
  readonly type: string | null
}

function statusesOf(answer: HttpAnswer): readonly ItemStatus[] {
  const items = member(parseJson(answer.text), 'items')
  if (!Array.isArray(items)) throw new SinkError('Elasticsearch answered without a status for each record')
  return items.map((item: unknown) => {
    const created = member(item, 'create')
    const status = member(created, 'status')
    return { status: typeof status === 'number' ? status : 0, type: textMember(member(created, 'error'), 'type') }
  })
}

/** A document of that id is there already: this record, from an earlier try. */
function isTaken(status: number): boolean {
  return (status >= 200 && status < 300) || status === CONFLICT
}

/** Names of errors are Elasticsearch's own; its reasons quote the document. */
function whyOf(status: number, type: string | null): string {
  const named = type !== null && /^[a-z_]{1,64}$/.test(type) ? `${type}, ` : ''
  return `Elasticsearch refused it (${named}status ${status})`
}

function indexOf(pattern: string, time: number): string {
  const [year = '', month = '', day = ''] = new Date(time).toISOString().slice(0, 10).split('-')
  return pattern.replaceAll('{yyyy}', year).replaceAll('{MM}', month).replaceAll('{dd}', day)
}

/** Data streams demand `@timestamp`, which ECS has by itself. */
function timed({ text, time }: Item, format: string): string {
  return format === 'ecs' ? text : `{"@timestamp":"${new Date(time).toISOString()}",${text.slice(1)}`
}

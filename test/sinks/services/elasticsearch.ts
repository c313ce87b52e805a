import { type Heard, listen, type Told } from './listening.ts'

export interface ElasticOptions {
  readonly authorization: string | null
  /** What a request may have at most. */
  readonly maxBytes?: number
}

export interface Stored {
  readonly index: string
  readonly document: { readonly [name: string]: unknown }
}

/** What becomes of an item instead of a document: the status, and the type of its error. */
export type Unwell = readonly [status: number, type: string]

/** A server that behaves as `_bulk` of Elasticsearch and OpenSearch does. */
export async function listenAsElasticsearch(options: ElasticOptions) {
  const stored = new Map<string, Stored>()
  const pipelines: (string | null)[] = []
  /** By id: done instead, once for each entry. */
  const unwell = new Map<string, Unwell[]>()
  const service = ({ method, url, headers, body }: Heard): Told => {
    if ((headers.authorization ?? null) !== options.authorization) {
      return { status: 401, body: { error: { type: 'security_exception', reason: 's3cr3t' }, status: 401 } }
    }
    if (method !== 'POST' || url.pathname !== '/_bulk') return { status: 405, body: { error: 'no handler' } }
    if (headers['content-type'] !== 'application/x-ndjson') return { status: 406, body: { error: 's3cr3t' } }
    if (body.length > (options.maxBytes ?? Number.POSITIVE_INFINITY)) return { status: 413, body: '' }
    const lines = body.toString('utf8').split('\n')
    if (lines.pop() !== '' || lines.length === 0) return { status: 400, body: { error: { type: 'illegal_argument' } } }
    pipelines.push(url.searchParams.get('pipeline'))
    const items = []
    for (let at = 0; at < lines.length; at += 2) items.push(create(lines[at] ?? '', lines[at + 1] ?? ''))
    return { status: 200, body: { errors: items.some(({ create: { error } }) => error !== undefined), items } }
  }
  const create = (action: string, line: string) => {
    const { _index: index, _id: id } = (JSON.parse(action) as { create: { _index: string; _id: string } }).create
    const [status, type] = unwell.get(id)?.shift() ?? [0, '']
    if (status !== 0) return { create: { status, error: { type, reason: 's3cr3t' } } }
    if (stored.has(`${index}/${id}`)) {
      return { create: { status: 409, error: { type: 'version_conflict_engine_exception', reason: 's3cr3t' } } }
    }
    stored.set(`${index}/${id}`, { index, document: JSON.parse(line) as Stored['document'] })
    return { create: { status: 201 } }
  }
  return { server: await listen(service), stored, unwell, pipelines }
}

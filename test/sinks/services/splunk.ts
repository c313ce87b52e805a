import { type Heard, listen, type Told } from './listening.ts'

/** An event as the collector has it. */
export interface HecEvent {
  readonly time: number
  readonly host: string
  readonly source: string
  readonly sourcetype: string
  readonly index?: string
  readonly event: unknown
}

export interface HecOptions {
  readonly token: string
  readonly acknowledge?: boolean
  /** Indices that the token may write to; empty: all. */
  readonly indexes?: readonly string[]
  /** How many questions are answered with false before the indexers have a batch; Infinity: they never do. */
  readonly polls?: number
  readonly tls?: boolean
}

/** What "Possible error codes" of the HTTP Event Collector says. */
const TEXTS: Readonly<Record<number, readonly [number, string]>> = {
  0: [200, 'Success'],
  2: [401, 'Token is required'],
  3: [401, 'Invalid authorization'],
  4: [403, 'Invalid token'],
  5: [400, 'No data'],
  6: [400, 'Invalid data format'],
  7: [400, 'Incorrect index'],
  10: [400, 'Data channel is missing'],
  12: [400, 'Event field is required'],
  13: [400, 'Event field cannot be blank'],
  14: [400, 'ACK is disabled'],
}

/** A server that behaves as the HTTP Event Collector does. */
export async function listenAsSplunk(options: HecOptions) {
  const indexed: HecEvent[] = []
  const acks = new Map<string, { polls: number; channel: string }>()
  const service = (heard: Heard): Told => {
    const refused = unauthorized(heard, options.token)
    if (refused !== null) return refused
    if (heard.url.pathname === '/services/collector/ack') return poll(heard)
    if (heard.url.pathname !== '/services/collector/event') return { status: 404, body: 'no such page' }
    return take(heard)
  }
  const take = ({ headers, body }: Heard): Told => {
    const channel = headers['x-splunk-request-channel']
    if (options.acknowledge === true && channel === undefined) return code(10)
    const events = objectsIn(body.toString('utf8'))
    if (events.length === 0) return code(5)
    for (const [at, event] of events.entries()) {
      const wrong = wrongWith(event, options)
      if (wrong !== null) return code(wrong, { 'invalid-event-number': at })
      indexed.push(event as HecEvent)
    }
    if (options.acknowledge !== true) return code(0)
    acks.set(String(acks.size), { polls: options.polls ?? 0, channel: channel ?? '' })
    return code(0, { ackId: acks.size - 1 })
  }
  const poll = ({ url, body }: Heard): Told => {
    if (options.acknowledge !== true) return code(14)
    const asked = JSON.parse(body.toString('utf8')) as { readonly acks: readonly number[] }
    const states = asked.acks.map((id) => {
      const known = acks.get(String(id))
      if (known === undefined || known.channel !== url.searchParams.get('channel')) return [String(id), false]
      if (known.polls-- > 0) return [String(id), false]
      // What was told to be there is forgotten.
      acks.delete(String(id))
      return [String(id), true]
    })
    return { status: 200, body: { acks: Object.fromEntries(states) as Record<string, boolean> } }
  }
  const server = await listen(service, { tls: options.tls ?? false })
  return { server, indexed, restart: () => acks.clear() }
}

function unauthorized({ headers }: Heard, token: string): Told | null {
  const { authorization } = headers
  if (authorization === undefined) return code(2)
  if (!authorization.startsWith('Splunk ')) return code(3)
  return authorization === `Splunk ${token}` ? null : code(4)
}

function wrongWith(event: unknown, { indexes = [] }: HecOptions): number | null {
  if (typeof event !== 'object' || event === null) return 6
  if (!('event' in event)) return 12
  if (event.event === '' || event.event === null) return 13
  if (indexes.length > 0 && 'index' in event && !indexes.includes(String(event.index))) return 7
  return null
}

function code(number: number, more: object = {}): Told {
  const [status, text] = TEXTS[number] ?? [500, 'Internal server error']
  return { status, body: { text, code: number, ...more } }
}

/** JSON texts one after the other, with or without anything between them; null for what is none. */
function objectsIn(text: string): unknown[] {
  const found: unknown[] = []
  let depth = 0
  let start = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (quoted) {
      if (sign === '\\') at++
      else if (sign === '"') quoted = false
    } else if (sign === '"') quoted = true
    else if (sign === '{' && depth++ === 0) start = at
    else if (sign === '}' && --depth === 0) found.push(JSON.parse(text.slice(start, at + 1)))
  }
  return found
}

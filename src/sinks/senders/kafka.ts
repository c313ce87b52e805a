import { isIP } from 'node:net'
import type { Producer, ProducerOptions } from '@platformatic/kafka'
import { SallyportError } from '../../errors.ts'
import { createAddressGuard, PRIVATE_NETWORKS } from '../../outbound/address.ts'
import { parseJson } from '../../outbound/json_answer.ts'
import type { KafkaSettings } from '../../session/sink_settings_remote.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { deliverRest, sendInHalves, type Unwanted } from './batch_progress.ts'
import { identityOf } from './identity.ts'
import { isTimeRefused, kafkaTrouble, unwantedBy } from './kafka_errors.ts'
import { firstOf } from './record_fields.ts'

type Message = Parameters<Producer<string, string, string, string>['send']>[0]['messages'][number]

const MAX_ITEMS = 1000
/** Key, headers and lengths of one record; what it comes to is checked by the broker. */
const AROUND_ITEM_BYTES = 256
const CONNECT_MS = 10_000
/** How long brokers may take for their own copies: below the deadline, so that their answer is heard. */
const ANSWER_SHARE = 0.8
const LAST_PORT = 65_535

const KEYS: Readonly<Record<'session' | 'person' | 'target', readonly string[]>> = {
  session: ['actor/session/uid', 'session/uid', 'metadata/correlation_uid', 'labels/session_id'],
  person: ['actor/user/uid', 'user/uid', 'user/id', 'actor/user/name', 'user/name'],
  target: ['dst_endpoint/svc_name', 'database/uid', 'service/target/name'],
}

/**
 * A topic of Kafka: every replica that is in step has a record before it counts as taken. One batch is under way at a
 * time, so what has the same key stays in order.
 */
export function createKafkaSender(settings: KafkaSettings, deps: SenderDeps): Sender {
  return new KafkaSender(settings, deps)
}

class KafkaSender implements Sender {
  readonly limits
  readonly #settings: KafkaSettings
  readonly #deps: SenderDeps
  readonly #guard
  #producer: Producer<string, string, string, string> | null = null

  constructor(settings: KafkaSettings, deps: SenderDeps) {
    const room = Math.floor(settings.maxMessageBytes / 2)
    const maxItems = Math.max(1, Math.min(MAX_ITEMS, Math.floor(room / AROUND_ITEM_BYTES)))
    this.limits = { maxItems, maxBytes: room, maxItemBytes: room - AROUND_ITEM_BYTES }
    this.#settings = settings
    this.#deps = deps
    this.#guard = createAddressGuard(settings.allowNetworks ?? PRIVATE_NETWORKS, 'allowNetworks of the sink')
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> {
    return await deliverRest(this.#settings, items, (progress) =>
      sendInHalves(items, progress, signal, (part) => this.#part(part, signal)),
    )
  }

  async #part(part: readonly Item[], signal: AbortSignal): Promise<Unwanted | null> {
    try {
      await this.#timed(part, signal)
      return null
    } catch (error) {
      const unwanted = unwantedBy(error)
      if (unwanted !== null) return { unwanted }
      await this.close()
      throw error instanceof SinkError ? error : kafkaTrouble(error)
    }
  }

  /** Whatever comes of it: what the brokers did not confirm comes again. */
  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = null
    await producer?.close(true).catch(() => undefined)
  }

  /** What is too old for the topic, after a long outage, is written with the time of now: its own stands in the record. */
  async #timed(items: readonly Item[], signal: AbortSignal): Promise<void> {
    try {
      await this.#produce(items, signal, ({ time }) => Math.min(time, this.#deps.now()))
    } catch (error) {
      if (!isTimeRefused(error)) throw error
      await this.#produce(items, signal, () => this.#deps.now())
    }
  }

  async #produce(items: readonly Item[], signal: AbortSignal, timeOf: (item: Item) => number): Promise<void> {
    this.#producer ??= await this.#open()
    const messages = items.map((item) => this.#message(item, timeOf(item)))
    await beforeAbort(this.#producer.send({ messages, acks: -1, compression: this.#settings.compression }), signal)
  }

  #message(item: Item, time: number): Message {
    const { topic, key } = this.#settings
    const headers = { uid: identityOf(item), code: item.code, 'content-type': 'application/json' }
    const message = { topic, value: item.text, timestamp: BigInt(Math.trunc(time)), headers }
    return key === 'none' ? message : { ...message, key: keyOf(item, key) }
  }

  /** The client is loaded when a sink asks for it. */
  async #open(): Promise<Producer<string, string, string, string>> {
    const kafka = await import('@platformatic/kafka')
    const options = { ...(await this.#options()), serializers: kafka.stringSerializers }
    const { key } = this.#settings
    // The partition that clients in Java choose for a key too.
    return new kafka.Producer(key === 'none' ? options : { ...options, partitioner: kafka.compatibilityPartitioner })
  }

  async #options(): Promise<ProducerOptions<string, string, string, string>> {
    const { brokers, clientId, sasl, timeoutMs, transport } = this.#settings
    const bootstrapBrokers = brokers.map((broker) => this.#address(broker))
    return {
      clientId,
      bootstrapBrokers,
      connectTimeout: Math.min(CONNECT_MS, timeoutMs),
      requestTimeout: timeoutMs,
      timeout: Math.floor(timeoutMs * ANSWER_SHARE),
      maxInflights: 1,
      retries: 0,
      autocreateTopics: false,
      ...(transport === 'tcp' ? {} : await this.#tls(bootstrapBrokers)),
      ...(sasl === null ? {} : { sasl: await this.#sasl(sasl) }),
    }
  }

  async #sasl({ mechanism, user, password }: NonNullable<KafkaSettings['sasl']>) {
    return { mechanism, username: user, password: await this.#deps.secret(password) }
  }

  async #tls(brokers: readonly { readonly host: string }[]) {
    const { ca, cert, key, serverName } = this.#settings.tls
    const own = cert === null || key === null ? {} : { cert, key: await this.#deps.secret(key) }
    // An address is no server name (RFC 6066, 3).
    const named = brokers.every(({ host }) => isIP(host) === 0)
    return {
      tls: { ...(ca === null ? {} : { ca }), ...own, lookup: this.#guard.lookup },
      ...(serverName === null && !named ? {} : { tlsServerName: serverName ?? true }),
    }
  }

  #address(broker: string): { host: string; port: number } {
    const colon = broker.lastIndexOf(':')
    const host = broker.slice(0, colon).replace(/^\[|\]$/g, '')
    const port = Number(broker.slice(colon + 1))
    if (!(port >= 1 && port <= LAST_PORT)) throw new SinkError('a broker has no port that there is')
    try {
      this.#guard.checkHost(host)
    } catch (error) {
      throw new SinkError(error instanceof SallyportError ? error.detail : 'the address of a broker can not be used')
    }
    return { host, port }
  }
}

/** What has none, such as a checkpoint, is spread by its own identity; its pieces stay together. */
function keyOf({ text, uid }: Item, key: keyof typeof KEYS): string {
  return String(firstOf(parseJson(text), KEYS[key]) ?? uid)
}

/** The client takes no signal. What is under way then may still be written, and comes again. */
async function beforeAbort(sent: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(new SinkError('the brokers did not answer in time'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  sent.catch(() => undefined)
  try {
    await Promise.race([sent, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

import { expect, it } from 'vitest'
import type { KafkaSettings } from '../../src/session/sink_settings_remote.ts'
import { projected } from '../../src/sinks/projected.ts'
import { createKafkaSender } from '../../src/sinks/senders/kafka.ts'
import { KafkaCluster, type KafkaFault, type KafkaOptions } from './services/kafka.ts'
import { DEPS, deliver, item, items, NETWORK, NOW, SECRET, troubleOf } from './services/sending.ts'

const SETTINGS: KafkaSettings = {
  ...NETWORK,
  kind: 'kafka',
  brokers: [],
  topic: 'audit',
  transport: 'tcp',
  sasl: null,
  clientId: 'sallyport',
  key: 'session',
  compression: 'zstd',
  maxMessageBytes: 1_000_000,
}

async function kafka(options: Partial<KafkaOptions> = {}, settings: Partial<KafkaSettings> = {}) {
  const cluster = await new KafkaCluster({ topic: 'audit', partitions: 3, ...options }).listen()
  const own = { ...SETTINGS, brokers: cluster.brokers.slice(0, 1), ...settings }
  return { cluster, sender: createKafkaSender(own, DEPS) }
}

const of = (session: string, n: number) =>
  item(n, { text: JSON.stringify({ n, actor: { session: { uid: session }, user: { uid: `u-${session}` } } }) })

it.each(['none', 'gzip', 'zstd'] as const)(
  'produces records that all replicas have, compressed by %s',
  async (compression) => {
    const { cluster, sender } = await kafka({}, { compression })
    const batch = items(3).map((one, n) => (n === 0 ? { ...one, time: NOW - 1 } : one))
    expect(await deliver(sender, batch)).toEqual([])
    expect(cluster.records.map(({ value }) => value)).toEqual(items(3).map(({ text }) => text))
    expect(cluster.records.map(({ time }) => time)).toEqual([NOW - 1, NOW, NOW])
    expect(cluster.records[1]).toMatchObject({
      key: 'sess_1',
      headers: { uid: 'uid-1', code: 'db.decision', 'content-type': 'application/json' },
    })
    expect(cluster.acks).toEqual([-1])
    await sender.close()
  },
)

it('keeps what has the same key in one partition and in order', async () => {
  const { cluster, sender } = await kafka()
  const batch = Array.from({ length: 60 }, (_, n) => of(`s${n % 7}`, n))
  await deliver(sender, batch.slice(0, 30))
  await deliver(sender, batch.slice(30))
  const partitions = new Map<string, Set<number>>()
  for (const { key, partition } of cluster.records) {
    partitions.set(key ?? '', (partitions.get(key ?? '') ?? new Set()).add(partition))
  }
  expect(partitions.size).toBe(7)
  for (const found of partitions.values()) expect(found.size).toBe(1)
  const order = Map.groupBy(cluster.records, ({ key }) => key)
  for (const records of order.values()) {
    const numbers = records.map(({ value }) => (JSON.parse(value ?? '') as { n: number }).n)
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
  }
  await sender.close()
})

it.each([
  ['person', 'u-s1'],
  ['session', 's1'],
  ['target', 'uid-1'],
] as const)('has the %s as the key', async (key, expected) => {
  const { cluster, sender } = await kafka({}, { key })
  await deliver(sender, [of('s1', 1)])
  expect(cluster.records[0]?.key).toBe(expected)
  await sender.close()
})

it.each([
  ['person', 'u-alice'],
  ['session', 'sess_1'],
  ['target', 'orders-prod'],
] as const)('finds the %s in ECS too', async (key, expected) => {
  const { cluster, sender } = await kafka({}, { key, format: 'ecs' })
  await deliver(sender, [item(1, { text: projected(item(1).text, 'ecs') })])
  expect(cluster.records[0]?.key).toBe(expected)
  await sender.close()
})

it('spreads records without a key', async () => {
  const { cluster, sender } = await kafka({}, { key: 'none' })
  await deliver(sender, items(6))
  expect(cluster.records.map(({ key }) => key)).toEqual(Array.from({ length: 6 }, () => null))
  expect(new Set(cluster.records.map(({ partition }) => partition)).size).toBe(3)
  await sender.close()
})

it('finds the new leader of a partition', async () => {
  const { cluster, sender } = await kafka()
  await deliver(sender, items(2))
  cluster.leader = 1
  expect(await deliver(sender, items(2, 2))).toEqual([])
  expect(cluster.records.map(({ headers }) => headers.uid)).toEqual(['uid-0', 'uid-1', 'uid-2', 'uid-3'])
  await sender.close()
})

it('refuses the record that is too large, and delivers the others', async () => {
  const { cluster, sender } = await kafka({ maxBytes: 4000 }, { compression: 'none' })
  const huge = item(3, { text: JSON.stringify({ text: 'x'.repeat(5000) }) })
  const refused = await deliver(sender, [...items(3), huge, ...items(3, 4)])
  expect(refused).toEqual([{ item: huge, why: 'it is larger than the topic takes (MESSAGE_TOO_LARGE)' }])
  expect(new Set(cluster.records.map(({ headers }) => headers.uid)).size).toBe(6)
  await sender.close()
})

it.each([
  [18, 'it is larger than the segments of the topic (RECORD_LIST_TOO_LARGE)'],
  [87, 'the broker takes it for invalid (INVALID_RECORD)'],
])('error %i is about the record', async (code, why) => {
  const { cluster, sender } = await kafka()
  cluster.instead.push(code)
  const [one] = items(1)
  expect(await deliver(sender, items(1))).toEqual([{ item: one, why }])
  await sender.close()
})

it('writes with the time of now what is too old, and blames the clock where that does not help', async () => {
  const { cluster, sender } = await kafka()
  cluster.instead.push(32)
  const old = item(1, { time: NOW - 1_000_000 })
  expect(await deliver(sender, [old])).toEqual([])
  expect(cluster.records[0]).toMatchObject({ time: NOW, value: old.text })
  cluster.instead.push(32, 32)
  expect(await troubleOf(deliver(sender, [old]))).toMatchObject({
    message: "the clock of this node and the brokers' are far apart",
  })
  await sender.close()
})

it.each<[KafkaFault, string]>([
  [7, 'the brokers can not take it: REQUEST_TIMED_OUT'],
  [19, 'the brokers can not take it: NOT_ENOUGH_REPLICAS'],
  [29, 'the brokers can not take it: TOPIC_AUTHORIZATION_FAILED'],
  [56, 'the brokers can not take it: KAFKA_STORAGE_ERROR'],
  [-1, 'the brokers can not take it: UNKNOWN_SERVER_ERROR'],
  ['silence', 'the brokers did not answer in time'],
  ['reset', 'the connection to the brokers broke'],
  ['cut', 'the connection to the brokers broke'],
  ['garbage', 'the connection to the brokers broke'],
])('%s is worth another try', async (fault, message) => {
  const { cluster, sender } = await kafka()
  cluster.instead.push(fault)
  expect(await troubleOf(deliver(sender, items(2), fault === 'silence' ? 300 : 5000))).toMatchObject({
    message,
    authentication: false,
  })
  expect(await deliver(sender, items(2))).toEqual([])
  await sender.close()
})

it('says that there is no such topic, and that nobody is there', async () => {
  const { sender, cluster } = await kafka({}, { topic: 'other' })
  expect(await troubleOf(deliver(sender, items(1)))).toMatchObject({
    message: 'the brokers have no such topic, or do not show it',
  })
  expect(cluster.records).toEqual([])
  const nobody = createKafkaSender({ ...SETTINGS, brokers: ['127.0.0.1:1'] }, DEPS)
  expect(await troubleOf(deliver(nobody, items(1)))).toMatchObject({
    message: 'the brokers can not take it: ECONNREFUSED',
  })
  const forbidden = createKafkaSender({ ...SETTINGS, brokers: ['169.254.169.254:9092'] }, DEPS)
  expect(await troubleOf(deliver(forbidden, items(1)))).toMatchObject({
    message: 'the address is of a private network or of this machine: see allowNetworks of the sink',
  })
})

it('is known by its password over TLS, and knows the brokers by their authority', async () => {
  const account = { user: 'audit', password: SECRET }
  const sasl = { mechanism: 'PLAIN', user: 'audit', password: 'env:P' } as const
  const cluster = await new KafkaCluster({ topic: 'audit', partitions: 1, tls: true, account }).listen()
  const settings = { ...SETTINGS, brokers: cluster.brokers, transport: 'tls', sasl } as const
  const sender = createKafkaSender({ ...settings, tls: { ...NETWORK.tls, ca: cluster.ca } }, DEPS)
  expect(await deliver(sender, items(2))).toEqual([])
  expect(cluster.records).toHaveLength(2)
  await sender.close()
  const wrong = createKafkaSender(
    { ...settings, sasl: { ...sasl, user: 'eve' }, tls: { ...NETWORK.tls, ca: cluster.ca } },
    DEPS,
  )
  expect(await troubleOf(deliver(wrong, items(1)))).toMatchObject({
    message: 'the brokers did not accept the credentials',
    authentication: true,
  })
  const trusting = createKafkaSender(settings, DEPS)
  expect((await troubleOf(deliver(trusting, items(1)))).message).toMatch(/^the brokers can not take it: \w+CERT/)
})

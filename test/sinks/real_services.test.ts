import { randomUUID } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { Admin, Consumer, stringDeserializers } from '@platformatic/kafka'
import { expect, it, onTestFinished } from 'vitest'
import { createElasticsearchSender } from '../../src/sinks/senders/elasticsearch.ts'
import { createKafkaSender } from '../../src/sinks/senders/kafka.ts'
import { createS3Sender } from '../../src/sinks/senders/s3.ts'
import { listenAsElasticsearch } from './services/elasticsearch.ts'
import { KafkaCluster } from './services/kafka.ts'
import { listenAsS3 } from './services/s3.ts'
import { DEPS, deliver, items, NETWORK } from './services/sending.ts'

/** The same is asked of a real service where one is named, else of the test's own; the title says which. */
const { SALLYPORT_TEST_KAFKA: broker, SALLYPORT_TEST_ELASTICSEARCH: search, SALLYPORT_TEST_S3: s3 } = process.env
const { AWS_ACCESS_KEY_ID: keyId = 'id', AWS_SECRET_ACCESS_KEY: key = 'key' } = process.env
const which = (real: string | undefined, variable: string) =>
  real === undefined ? `no real service: ${variable} is not set` : `the real service at ${real}`
const TEXTS = items(20).map(({ text }) => text)

it(`Kafka: ${which(broker, 'SALLYPORT_TEST_KAFKA')}`, async () => {
  const topic = `sallyport-${randomUUID()}`
  const cluster = await new KafkaCluster({ topic, partitions: 3 }).listen()
  const brokers = broker === undefined ? cluster.brokers : [broker]
  const made = broker === undefined ? null : await makeTopic(broker, topic)
  const sender = createKafkaSender(
    {
      ...{ ...NETWORK, kind: 'kafka', brokers, topic, transport: 'tcp', sasl: null, clientId: 'sallyport-test' },
      ...{ key: 'session', compression: 'zstd', maxMessageBytes: 1_000_000, timeoutMs: 10_000 },
    },
    { ...DEPS, now: Date.now },
  )
  expect(await deliver(sender, items(20), 10_000)).toEqual([])
  await sender.close()
  const found = made === null ? cluster.records.map(({ value }) => value) : await made.read()
  expect([...new Set(found)]).toEqual(TEXTS)
})

it(`Elasticsearch: ${which(search, 'SALLYPORT_TEST_ELASTICSEARCH')}`, async () => {
  const index = `sallyport-${randomUUID()}`
  const own = await listenAsElasticsearch({ authorization: null })
  const url = search ?? own.server.url
  const sender = createElasticsearchSender(
    {
      ...{ ...NETWORK, kind: 'elasticsearch', url, index, pipeline: null, auth: { method: 'none' }, gzip: true },
      ...{ maxItemBytes: 65_535, timeoutMs: 30_000 },
    },
    DEPS,
  )
  for (let i = 0; i < 2; i++) expect(await deliver(sender, items(20), 30_000)).toEqual([])
  await sender.close()
  expect(search === undefined ? own.stored.size : await countIn(`${search}/${index}`)).toBe(20)
}, 60_000)

it(`S3: ${which(s3, 'SALLYPORT_TEST_S3')}`, async () => {
  const bucket = `sallyport-${randomUUID()}`
  const own = await listenAsS3({ bucket, accessKeyId: 'id', objectLock: true })
  const endpoint = s3 ?? own.server.url
  const credentials = { accessKeyId: keyId, secretAccessKey: key }
  const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true, credentials })
  onTestFinished(() => client.destroy())
  if (s3 !== undefined) await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }))
  const references = { accessKeyId: 'env:ID', secretAccessKey: 'env:KEY' }
  const sender = createS3Sender(
    {
      ...{ ...NETWORK, kind: 's3', bucket, prefix: 'a/', region: 'us-east-1', endpoint, forcePathStyle: true },
      ...{
        credentials: references,
        compress: 'gzip',
        lock: { mode: 'GOVERNANCE', retainMs: 86_400_000 },
        kmsKey: null,
      },
    },
    { ...DEPS, now: Date.now, secret: async (reference) => (reference === 'env:ID' ? keyId : key) },
  )
  for (let i = 0; i < 2; i++) expect(await deliver(sender, items(20), 10_000)).toEqual([])
  await sender.close()
  const bodies =
    s3 === undefined ? [...own.objects.values()].flat().map(({ body }) => body) : await objectsOf(client, bucket)
  expect(bodies.map((body) => gunzipSync(body).toString())).toEqual([`${TEXTS.join('\n')}\n`])
})

/** A topic of a real broker, and all that is in it. */
async function makeTopic(address: string, topic: string) {
  const admin = new Admin({ clientId: 'sallyport-test', bootstrapBrokers: [address] })
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
  onTestFinished(async () => {
    await admin.deleteTopics({ topics: [topic] })
    await admin.close()
  })
  return {
    read: async () => {
      const consumer = new Consumer({
        ...{ groupId: topic, clientId: 'sallyport-test', bootstrapBrokers: [address] },
        deserializers: stringDeserializers,
      })
      const found: (string | undefined)[] = []
      for await (const { value } of await consumer.consume({ topics: [topic], mode: 'earliest' })) {
        if (found.push(value) >= TEXTS.length) break
      }
      await consumer.close(true)
      return found
    },
  }
}

async function countIn(index: string): Promise<unknown> {
  await fetch(`${index}/_refresh`, { method: 'POST' })
  const { count } = (await (await fetch(`${index}/_count`)).json()) as { readonly count: unknown }
  await fetch(index, { method: 'DELETE' })
  return count
}

async function objectsOf(client: S3Client, bucket: string): Promise<Uint8Array[]> {
  const { Contents: contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
  return await Promise.all(
    contents.map(async ({ Key }) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      return (await Body?.transformToByteArray()) ?? new Uint8Array()
    }),
  )
}

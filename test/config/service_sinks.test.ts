import { expect, it } from 'vitest'
import { sinksSection } from '../../src/config/schema_sinks.ts'

const SPLUNK = { kind: 'splunk', name: 'one', url: 'https://splunk.example.test:8088', token: 'env:T' } as const
const ELASTIC = { kind: 'elasticsearch', name: 'one', url: 'https://e.example.test', auth: { method: 'none' } } as const
const KAFKA = { kind: 'kafka', name: 'one', brokers: ['k.example.test:9093'], topic: 'audit' } as const
const OTLP = { kind: 'otlp', name: 'one', url: 'https://otel.example.test:4318' } as const
const S3 = { kind: 's3', name: 'one', bucket: 'example-audit' } as const

it.each<[object, object]>([
  [SPLUNK, { source: 'sallyport', sourcetype: 'sallyport:audit', gzip: true, acknowledge: false, format: 'ocsf' }],
  [ELASTIC, { index: 'sallyport-audit-{yyyy}.{MM}.{dd}', gzip: true, format: 'ocsf' }],
  [KAFKA, { transport: 'tls', key: 'session', compression: 'zstd', maxMessageBytes: 1_000_000 }],
  [OTLP, { body: 'kvlist', serviceName: 'sallyport', headers: {} }],
  [S3, { prefix: '', region: 'us-east-1', forcePathStyle: false, compress: 'gzip', timeout: 120_000 }],
  [S3, { batch: { maxItems: 50_000, maxBytes: 16 * 1024 * 1024, maxWait: 300_000 } }],
  [{ ...S3, lock: {} }, { lock: { mode: 'COMPLIANCE', retain: 2557 * 86_400_000 } }],
])('%o has defaults', (given, expected) => {
  expect(sinksSection.parse([given])[0]).toMatchObject(expected)
})

it.each<[string, object, string]>([
  ['a token that stands in the file', { ...SPLUNK, token: 'hunter2' }, 'must be a reference'],
  ['an address without TLS', { ...SPLUNK, url: 'http://splunk.example.test' }, 'must be an https URL'],
  ['an address with a password', { ...OTLP, url: 'https://a:hunter2@otel.example.test' }, 'must be an https URL'],
  [
    'a password that stands in the file',
    { ...ELASTIC, auth: { method: 'apiKey', key: 'hunter2' } },
    'must be a reference',
  ],
  ['no word on how the cluster knows us', { ...ELASTIC, auth: undefined }, ''],
  ['an index with capitals', { ...ELASTIC, index: 'Audit' }, 'must be the name of an index'],
  ['an index with another placeholder', { ...ELASTIC, index: 'audit-{user}' }, 'must be the name of an index'],
  ['an index that climbs', { ...ELASTIC, index: 'a/../_all' }, 'must be the name of an index'],
  ['no broker', { ...KAFKA, brokers: [] }, ''],
  ['a broker without a port', { ...KAFKA, brokers: ['k.example.test'] }, 'must be HOST:PORT'],
  ['a topic with a space', { ...KAFKA, topic: 'a b' }, 'must be 1 to 249'],
  ['a topic that is ..', { ...KAFKA, topic: '..' }, 'must be 1 to 249'],
  [
    'a password in clear on the network',
    { ...KAFKA, transport: 'tcp', sasl: { mechanism: 'PLAIN', user: 'a', password: 'env:P' } },
    'PLAIN would send the password in clear',
  ],
  ['an unknown way to sign', { ...KAFKA, sasl: { mechanism: 'GSSAPI', user: 'a', password: 'env:P' } }, ''],
  ['a bucket with capitals', { ...S3, bucket: 'Audit' }, 'must be the name of a bucket'],
  ['a prefix without its slash', { ...S3, prefix: 'audit' }, 'must be empty, or a path that ends in a slash'],
  ['a prefix that begins with one', { ...S3, prefix: '/audit/' }, 'must be empty, or a path that ends in a slash'],
  ['a lock of less than a day', { ...S3, lock: { retain: '1h' } }, 'must be at least 1d'],
  ['half of the credentials', { ...S3, credentials: { accessKeyId: 'env:ID' } }, ''],
  ['a field that is not known', { ...S3, acl: 'public-read' }, ''],
])('%s is refused', (_, given, why) => {
  const { error } = sinksSection.safeParse([given])
  expect(error?.message).toContain(why)
  expect(error?.message).not.toContain('hunter2')
})

import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { OtlpSettings } from '../../src/session/sink_settings_remote.ts'
import { projected } from '../../src/sinks/projected.ts'
import { createOtlpSender } from '../../src/sinks/senders/otlp.ts'
import { FAULTS } from './services/listening.ts'
import { attributesOf, listenAsCollector, plain } from './services/otlp.ts'
import { DEPS, deliver, item, items, NETWORK, NOW, SECRET, troubleOf } from './services/sending.ts'

const SETTINGS: OtlpSettings = {
  ...NETWORK,
  kind: 'otlp',
  url: '',
  headers: {
    Authorization: { prefix: 'Bearer ', secret: 'env:T', text: null },
    'x-scope-orgid': { prefix: '', secret: null, text: 'security' },
  },
  body: 'kvlist',
  serviceName: 'sallyport',
  gzip: true,
  maxItemBytes: 65_535,
}

async function collector(
  settings: Partial<OtlpSettings> = {},
  options: Parameters<typeof listenAsCollector>[0] = {},
  path = '',
) {
  const service = await listenAsCollector(options)
  return { ...service, sender: createOtlpSender({ ...SETTINGS, url: service.server.url + path, ...settings }, DEPS) }
}

it('sends records as structures, with the attributes of the conventions', async () => {
  const { sender, server, records, resources } = await collector()
  const text = JSON.stringify({ ...JSON.parse(item(0).text), none: null, share: 0.5, flags: [true, 'x', []] })
  expect(await deliver(sender, [item(0, { text }), item(1, { severity: 6 })])).toEqual([])
  expect(server.heard[0]?.headers).toMatchObject({ authorization: `Bearer ${SECRET}`, 'x-scope-orgid': 'security' })
  const [first, second] = records
  expect(plain(first?.body)).toEqual({ ...JSON.parse(text), none: null })
  expect(first).toMatchObject({
    timeUnixNano: `${NOW}000000`,
    observedTimeUnixNano: `${NOW}000000`,
    severityNumber: 13,
    severityText: 'WARN',
    eventName: 'db.decision',
  })
  expect(second).toMatchObject({ severityNumber: 21, severityText: 'FATAL' })
  expect(attributesOf(first?.attributes ?? [])).toEqual({
    'log.record.uid': 'uid-0',
    'db.system.name': 'postgresql',
    'db.namespace': 'orders',
    'db.operation.name': 'Query',
    'server.address': 'orders.example.test',
    'server.port': 5432,
    'client.address': '10.0.0.5',
    'client.port': 51_111,
    'session.id': 'sess_1',
    'user.id': 'u-alice',
    'user.name': 'alice',
    'user.email': 'alice@example.test',
  })
  const [resource] = resources as { attributes: { key: string; value: unknown }[] }[]
  expect(attributesOf(resource?.attributes ?? [])).toEqual({
    'service.name': 'sallyport',
    'service.version': '1.2.3',
    'service.instance.id': 'node-1',
  })
  await sender.close()
})

it('sends records as texts, uncompressed, to the path that is set, and pieces with what they are pieces of', async () => {
  const { sender, server, records } = await collector({ body: 'string', gzip: false }, {}, '/v1/logs')
  await deliver(sender, [item(0, { piece: { index: 1, count: 3 } })])
  expect(plain(records[0]?.body)).toBe(item(0).text)
  expect(server.heard[0]?.headers['content-encoding']).toBeUndefined()
  expect(attributesOf(records[0]?.attributes ?? [])).toMatchObject({
    'log.record.uid': 'uid-0/1',
    'sallyport.record.uid': 'uid-0',
    'sallyport.piece.index': 1,
    'sallyport.piece.count': 3,
  })
})

it('finds the attributes in ECS too, and none of databases in what is about none', async () => {
  const { sender, records } = await collector({ format: 'ecs' })
  const login = item(1, { text: JSON.stringify({ class_uid: 3002, activity_name: 'Logon', user: { uid: 'u-alice' } }) })
  await deliver(sender, [item(0, { text: projected(item(0).text, 'ecs') }), login])
  expect(attributesOf(records[0]?.attributes ?? [])).toEqual({
    'log.record.uid': 'uid-0',
    'db.system.name': 'postgresql',
    'db.operation.name': 'Query',
    'server.address': 'orders.example.test',
    'server.port': 5432,
    'client.address': '10.0.0.5',
    'client.port': 51_111,
    'session.id': 'sess_1',
    'user.id': 'u-alice',
    'user.name': 'alice',
    'user.email': 'alice@example.test',
  })
  expect(attributesOf(records[1]?.attributes ?? [])).toEqual({ 'log.record.uid': 'uid-1', 'user.id': 'u-alice' })
})

it('turns any JSON into structures that stand for the same', async () => {
  const { sender, records } = await collector()
  // A key without a name is none (opentelemetry-proto, KeyValue).
  const named = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('"":'))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ minLength: 1 }), named), async (record) => {
      const text = JSON.stringify(record)
      await deliver(sender, [item(0, { text })])
      expect(JSON.stringify(plain(records.at(-1)?.body))).toBe(text)
    }),
    { numRuns: 50 },
  )
})

it.each([
  [{}, 0],
  [{ partialSuccess: {} }, 0],
  [{ partialSuccess: { errorMessage: 's3cr3t' } }, 0],
  [{ partialSuccess: { rejectedLogRecords: '0', errorMessage: 's3cr3t' } }, 0],
  [{ partialSuccess: { rejectedLogRecords: '2', errorMessage: 's3cr3t' } }, 3],
  [{ partialSuccess: { rejectedLogRecords: 3 } }, 3],
  ['', 0],
])('%j: %i of three records go to the dead letters, and none is sent again', async (body, count) => {
  const { sender, server } = await collector()
  server.instead.push({ status: 200, body })
  const refused = await deliver(sender, items(3))
  expect(refused).toHaveLength(count)
  for (const { why } of refused) {
    expect(why).toMatch(/^the collector rejected [23] of the 3 records that it was sent with$/)
  }
  expect(server.heard).toHaveLength(1)
})

it('finds the records that a collector takes for invalid', async () => {
  const bad = new Set([2, 5].map((n) => `${NOW + n}000000`))
  const { sender, records } = await collector({}, { isBad: ({ timeUnixNano }) => bad.has(timeUnixNano) })
  const batch = items(8)
  const refused = await deliver(sender, batch)
  expect(refused.map(({ item }) => item)).toEqual([batch[2], batch[5]])
  expect(records.map(({ timeUnixNano }) => timeUnixNano)).toEqual([0, 1, 3, 4, 6, 7].map((n) => `${NOW + n}000000`))
})

it.each([
  [429, 4000, false],
  [502, 4000, false],
  [503, 4000, false],
  [504, 4000, false],
  [500, 4000, false],
  [404, 4000, false],
  [401, undefined, true],
  [403, undefined, true],
])('status %i is worth another try', async (status, afterMs, authentication) => {
  const { sender, server, records } = await collector()
  server.instead.push({ status, headers: { 'retry-after': '4' }, body: { message: 's3cr3t' } })
  expect(await troubleOf(deliver(sender, items(2)))).toMatchObject({ afterMs, authentication })
  expect(await deliver(sender, items(2))).toEqual([])
  expect(records).toHaveLength(2)
})

it.each(FAULTS)('survives a server that is %s', async (fault) => {
  const { sender, server, records } = await collector()
  server.instead.push(fault)
  await troubleOf(deliver(sender, items(2), 300))
  expect(await deliver(sender, items(2))).toEqual([])
  expect(records).toHaveLength(2)
})

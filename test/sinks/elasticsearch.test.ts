import { expect, it } from 'vitest'
import type { ElasticsearchSettings } from '../../src/session/sink_settings_remote.ts'
import { createElasticsearchSender } from '../../src/sinks/senders/elasticsearch.ts'
import { type ElasticOptions, listenAsElasticsearch } from './services/elasticsearch.ts'
import { FAULTS } from './services/listening.ts'
import { DEPS, deliver, item, items, NETWORK, SECRET, troubleOf } from './services/sending.ts'

const SETTINGS: ElasticsearchSettings = {
  ...NETWORK,
  kind: 'elasticsearch',
  url: '',
  index: 'sallyport-audit-{yyyy}.{MM}.{dd}',
  pipeline: null,
  auth: { method: 'apiKey', key: 'env:KEY' },
  gzip: true,
  maxItemBytes: 65_535,
}

async function elastic(options: Partial<ElasticOptions> = {}, settings: Partial<ElasticsearchSettings> = {}) {
  const service = await listenAsElasticsearch({ authorization: `ApiKey ${SECRET}`, ...options })
  const own = { ...SETTINGS, url: service.server.url, ...settings }
  return { ...service, sender: createElasticsearchSender(own, DEPS), again: () => createElasticsearchSender(own, DEPS) }
}

it('creates a document for each record, in the index of its day', async () => {
  const { sender, stored, server } = await elastic()
  const late = item(2, { time: Date.parse('2030-01-03T00:00:00Z') })
  expect(await deliver(sender, [...items(2), late])).toEqual([])
  expect([...stored.keys()]).toEqual([
    'sallyport-audit-2030.01.02/uid-0',
    'sallyport-audit-2030.01.02/uid-1',
    'sallyport-audit-2030.01.03/uid-2',
  ])
  const [first] = stored.values()
  expect(first?.document).toEqual({ '@timestamp': '2030-01-02T03:04:05.678Z', ...JSON.parse(item(0).text) })
  expect(server.heard[0]?.url.searchParams.get('filter_path')).toBe('errors,items.*.status,items.*.error.type')
  await sender.close()
})

it('leaves the time of ECS as it is, and names the pipeline', async () => {
  const { sender, stored, pipelines } = await elastic(
    {},
    { format: 'ecs', pipeline: 'audit', index: 'one', gzip: false },
  )
  await deliver(sender, [item(0, { text: '{"@timestamp":"t"}' })])
  expect(stored.get('one/uid-0')?.document).toEqual({ '@timestamp': 't' })
  expect(pipelines).toEqual(['audit'])
})

it.each<[ElasticsearchSettings['auth'], string | null]>([
  [{ method: 'none' }, null],
  [{ method: 'basic', user: 'audit', password: 'env:P' }, `Basic ${btoa(`audit:${SECRET}`)}`],
])('is known by %o', async (auth, authorization) => {
  const { sender, stored } = await elastic({ authorization }, { auth })
  await deliver(sender, items(1))
  expect(stored.size).toBe(1)
})

it('takes a document that is there for a delivered one, and gives pieces ids of their own', async () => {
  const { sender, stored } = await elastic()
  const pieces = [0, 1].map((index) => item(5, { piece: { index, count: 2 } }))
  await deliver(sender, [...items(2), ...pieces])
  expect(await deliver(sender, [...items(3), ...pieces])).toEqual([])
  expect([...stored.keys()].map((key) => key.slice(key.indexOf('/') + 1))).toEqual([
    'uid-0',
    'uid-1',
    'uid-5/0',
    'uid-5/1',
    'uid-2',
  ])
})

it('refuses what its record is refused for, and sends what was put off alone', async () => {
  const { sender, again, stored, unwell, server } = await elastic()
  unwell.set('uid-1', [[400, 'document_parsing_exception']])
  unwell.set('uid-2', [[429, 'es_rejected_execution_exception']])
  unwell.set('uid-3', [[400, 'Something s3cr3t']])
  unwell.set('uid-4', [[503, 'unavailable_shards_exception']])
  const batch = items(6)
  const trouble = await troubleOf(deliver(sender, batch))
  expect(trouble.message).toBe('Elasticsearch put off 2 of 6 records (status 429)')
  const refused = await deliver(again(), batch)
  expect(refused).toEqual([
    { item: batch[1], why: 'Elasticsearch refused it (document_parsing_exception, status 400)' },
    { item: batch[3], why: 'Elasticsearch refused it (status 400)' },
  ])
  expect(server.heard[1]?.body.toString().split('\n')).toHaveLength(5)
  expect(stored.size).toBe(4)
  expect(await deliver(again(), items(1, 9))).toEqual([])
})

it.each([
  [401, 'security_exception', true],
  [403, 'security_exception', true],
  [404, 'index_not_found_exception', false],
  [429, 'circuit_breaking_exception', false],
  [500, 'exception', false],
])('a record with status %i may be taken later', async (status, type, authentication) => {
  const { sender, unwell } = await elastic()
  unwell.set('uid-0', [[status, type]])
  expect(await troubleOf(deliver(sender, items(1)))).toMatchObject({ authentication })
  expect(await deliver(sender, items(1))).toEqual([])
})

it.each([
  [401, true],
  [403, true],
  [404, false],
  [429, false],
  [502, false],
  [503, false],
])('a request with status %i is worth another try', async (status, authentication) => {
  const { sender, server } = await elastic()
  server.instead.push({ status, headers: { 'retry-after': '3' }, body: { error: 's3cr3t' } })
  const trouble = await troubleOf(deliver(sender, items(1)))
  expect(trouble).toMatchObject({ authentication, ...(authentication ? {} : { afterMs: 3000 }) })
})

it('halves what is too large as a whole, down to the record that is', async () => {
  const { sender, stored } = await elastic({ maxBytes: 2000 })
  const huge = item(5, { text: JSON.stringify({ text: 'x'.repeat(2000) }) })
  const batch = [...items(5), huge, ...items(3, 6)]
  expect(await deliver(sender, batch)).toEqual([{ item: huge, why: 'it is too large for Elasticsearch (status 413)' }])
  expect(stored.size).toBe(8)
})

it('takes no answer for one that does not fit', async () => {
  const { sender, server } = await elastic()
  server.instead.push({ status: 200, body: { errors: false, items: [{ create: { status: 201 } }] } })
  expect(await troubleOf(deliver(sender, items(2)))).toMatchObject({
    message: 'Elasticsearch answered for other records than were sent',
  })
  server.instead.push({ status: 200, body: { took: 1 } })
  expect(await troubleOf(deliver(sender, items(2)))).toMatchObject({
    message: 'Elasticsearch answered without a status for each record',
  })
})

it.each(FAULTS)('survives a server that is %s', async (fault) => {
  const { sender, server, stored } = await elastic()
  server.instead.push(fault)
  await troubleOf(deliver(sender, items(2), 300))
  expect(await deliver(sender, items(2))).toEqual([])
  expect(stored.size).toBe(2)
})

it('does not take a connection that was closed meanwhile for a failure', async () => {
  const { sender, server, stored } = await elastic()
  await deliver(sender, items(1))
  server.instead.push('reset')
  expect(await deliver(sender, items(1, 1))).toEqual([])
  expect(stored.size).toBe(2)
  expect(server.connections).toBe(2)
})

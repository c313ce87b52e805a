import { expect, it } from 'vitest'
import type { SplunkSettings } from '../../src/session/sink_settings_remote.ts'
import { createSplunkSender } from '../../src/sinks/senders/splunk.ts'
import { FAULTS, type Told } from './services/listening.ts'
import { DEPS, deliver, item, items, NETWORK, NOW, SECRET, troubleOf } from './services/sending.ts'
import { type HecOptions, listenAsSplunk } from './services/splunk.ts'

const SETTINGS: SplunkSettings = {
  ...NETWORK,
  kind: 'splunk',
  url: '',
  token: 'env:TOKEN',
  index: 'audit',
  source: 'sallyport',
  sourcetype: 'sallyport:audit',
  host: null,
  gzip: true,
  acknowledge: false,
  maxItemBytes: 65_535,
}

async function splunk(options: Partial<HecOptions> = {}, settings: Partial<SplunkSettings> = {}) {
  const service = await listenAsSplunk({ token: SECRET, ...options })
  const tls = { ...NETWORK.tls, ca: service.server.ca === '' ? null : service.server.ca }
  const sender = createSplunkSender({ ...SETTINGS, url: `${service.server.url}/`, tls, ...settings }, DEPS)
  return { ...service, sender }
}

it.each([
  { gzip: true, tls: true },
  { gzip: false, tls: false },
])('sends events with what Splunk wants to know of them: %o', async ({ gzip, tls }) => {
  const { sender, indexed, server } = await splunk({ tls }, { gzip })
  expect(await deliver(sender, items(3))).toEqual([])
  expect(await deliver(sender, items(2, 3))).toEqual([])
  expect(indexed.map(({ event }) => event)).toEqual(items(5).map(({ text }) => JSON.parse(text)))
  expect(indexed[0]).toMatchObject({
    time: NOW / 1000,
    host: 'node-1',
    source: 'sallyport',
    sourcetype: 'sallyport:audit',
    index: 'audit',
  })
  expect(server.heard[0]?.headers['content-encoding']).toBe(gzip ? 'gzip' : undefined)
  expect(server.connections).toBe(1)
  await sender.close()
})

it('sends no index where none is set', async () => {
  const { sender, indexed } = await splunk({}, { index: null, host: 'db-gate' })
  await deliver(sender, items(1))
  expect(indexed[0]).toMatchObject({ host: 'db-gate' })
  expect(indexed[0]).not.toHaveProperty('index')
})

it('refuses the events that Splunk names, and sends the others', async () => {
  const { sender, indexed } = await splunk()
  const batch = [item(0), item(1, { text: '""' }), item(2), item(3, { text: 'null' }), item(4)]
  const refused = await deliver(sender, batch)
  expect(refused.map(({ item: { uid }, why }) => [uid, why])).toEqual([
    ['uid-1', 'Splunk finds its event field blank (code 13)'],
    ['uid-3', 'Splunk finds its event field blank (code 13)'],
  ])
  const uids = new Set(indexed.map(({ event }) => (event as { metadata: { uid: string } }).metadata.uid))
  expect(uids).toEqual(new Set(['uid-0', 'uid-2', 'uid-4']))
})

it('halves what is too large as a whole, down to the event that is', async () => {
  const { sender, server, indexed } = await splunk()
  const tooLarge: Told = { status: 413, body: { text: 'Request entity too large', code: 27 } }
  server.instead.push(tooLarge, tooLarge, tooLarge)
  const batch = items(4)
  expect(await deliver(sender, batch)).toEqual([{ item: batch[0], why: 'it is too large for Splunk (status 413)' }])
  expect(indexed.map(({ event }) => event)).toEqual(batch.slice(1).map(({ text }) => JSON.parse(text)))
})

it('goes on after a failure with what it knows of the batch', async () => {
  const { sender, server } = await splunk()
  server.instead.push(
    { status: 400, body: { text: 'Invalid data format', code: 6, 'invalid-event-number': 1 } },
    { status: 503, body: { text: 'Server is busy', code: 9 } },
  )
  const batch = items(3)
  await troubleOf(deliver(sender, batch))
  const refused = await deliver(sender, batch)
  expect(refused).toEqual([{ item: batch[1], why: 'Splunk takes it for invalid data (code 6)' }])
  expect(server.heard).toHaveLength(3)
})

const told = (status: number, code: number): Told => ({ status, body: { text: 's3cr3t', code } })

it.each([
  [1, told(403, 1), 'Splunk did not accept the token (code 1)', true],
  [2, told(401, 2), 'Splunk did not accept the token (code 2)', true],
  [3, told(401, 3), 'Splunk did not accept the token (code 3)', true],
  [4, told(403, 4), 'Splunk did not accept the token (code 4)', true],
  [5, told(400, 5), 'Splunk answered with status 400', false],
  [6, told(400, 6), 'Splunk refused an event without saying which', false],
  [7, told(400, 7), 'the token may not write to that index (code 7)', false],
  [8, told(500, 8), 'Splunk answered with status 500', false],
  [9, told(503, 9), 'Splunk answered with status 503', false],
  [10, told(400, 10), 'Splunk misses the channel (code 10)', false],
  [11, told(400, 11), 'Splunk does not accept the channel (code 11)', false],
  [14, told(400, 14), 'the token has no indexer acknowledgement (code 14)', false],
  [18, told(503, 18), 'Splunk answered with status 503', false],
  [21, told(400, 21), 'Splunk did not accept the token (code 21)', true],
  [23, told(503, 23), 'Splunk answered with status 503', false],
  [26, told(429, 26), 'Splunk answered with status 429', false],
  [null, { status: 200, body: {} }, 'Splunk answered without a code', false],
  [null, { status: 404, body: 's3cr3t' }, 'Splunk answered with status 404', false],
])('code %s is worth another try', async (_, answer, message, authentication) => {
  const { sender, server } = await splunk()
  server.instead.push(answer)
  expect(await troubleOf(deliver(sender, items(2)))).toMatchObject({ message, authentication })
  expect(await deliver(sender, items(2))).toEqual([])
})

it.each([
  ['7', 7000],
  [new Date(NOW + 90_000).toUTCString(), 89_322],
  ['soon', undefined],
])('heeds Retry-After: %s', async (header, afterMs) => {
  const { sender, server } = await splunk()
  server.instead.push({ status: 429, headers: { 'retry-after': header }, body: { text: 'busy', code: 26 } })
  expect((await troubleOf(deliver(sender, items(1)))).afterMs).toBe(afterMs)
})

it('says that a wrong token is one', async () => {
  const { sender } = await splunk({ token: 'another' })
  expect(await troubleOf(deliver(sender, items(1)))).toMatchObject({ authentication: true })
})

it.each(FAULTS)('survives a server that is %s', async (fault) => {
  const { sender, server, indexed } = await splunk()
  server.instead.push(fault)
  await troubleOf(deliver(sender, items(2), 300))
  expect(await deliver(sender, items(2))).toEqual([])
  expect(indexed).toHaveLength(2)
})

it('counts as delivered what the indexers acknowledge, and not before', async () => {
  const { sender, server } = await splunk({ acknowledge: true, polls: 2 }, { acknowledge: true })
  expect(await deliver(sender, items(2))).toEqual([])
  expect(server.heard.map(({ url }) => url.pathname.split('/').at(-1))).toEqual(['event', 'ack', 'ack', 'ack'])
  const encodings = server.heard.map(({ headers }) => headers['content-encoding'])
  expect(encodings).toEqual(['gzip', undefined, undefined, undefined])
  const channels = new Set(server.heard.map(({ headers }) => headers['x-splunk-request-channel']))
  expect(channels.size).toBe(1)
})

it.each([
  { name: 'never comes', polls: Number.POSITIVE_INFINITY, restarts: false },
  { name: 'is forgotten in a restart', polls: 5, restarts: true },
])('gives up where the acknowledgement $name', async ({ polls, restarts }) => {
  const { sender, server, restart } = await splunk({ acknowledge: true, polls }, { acknowledge: true })
  const deadline = new AbortController()
  const sending = troubleOf(sender.send(items(1), deadline.signal))
  await expect.poll(() => server.heard.length).toBe(2)
  if (restarts) restart()
  await expect.poll(() => server.heard.length).toBe(3)
  deadline.abort()
  expect((await sending).message).toMatch(/^(the indexers did not acknowledge the batch|did not answer) in time$/)
})

it('does not take silence for an acknowledgement', async () => {
  const { sender } = await splunk({ acknowledge: false }, { acknowledge: true })
  expect(await troubleOf(deliver(sender, items(1)))).toMatchObject({
    message: 'the token has no indexer acknowledgement',
  })
})

import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { expect, it } from 'vitest'
import type { S3Settings } from '../../src/session/sink_settings_remote.ts'
import { createS3Sender } from '../../src/sinks/senders/s3.ts'
import type { Fault } from './services/listening.ts'
import { type BucketOptions, failure, listenAsS3 } from './services/s3.ts'
import { DEPS, deliver, item, items, NETWORK, SECRET, troubleOf } from './services/sending.ts'

const SETTINGS: S3Settings = {
  ...NETWORK,
  kind: 's3',
  bucket: 'audit',
  prefix: 'sallyport/',
  region: 'eu-central-1',
  endpoint: null,
  forcePathStyle: true,
  credentials: { accessKeyId: 'env:ID', secretAccessKey: 'env:KEY' },
  compress: 'gzip',
  lock: { mode: 'COMPLIANCE', retainMs: 86_400_000 },
  kmsKey: null,
}
const FIRST = 'sallyport/2030/01/02/00000000000000000000-00000000000000000002'

async function bucket(settings: Partial<S3Settings> = {}, options: Partial<BucketOptions> = {}) {
  const service = await listenAsS3({ bucket: 'audit', accessKeyId: SECRET, objectLock: true, ...options })
  const tls = { ...NETWORK.tls, ca: service.server.ca === '' ? null : service.server.ca }
  const sender = createS3Sender({ ...SETTINGS, endpoint: service.server.url, tls, ...settings }, DEPS)
  return { ...service, sender }
}

const linesOf = (text: Buffer) => text.toString().trimEnd().split('\n')

it.each([
  { compress: 'gzip', end: '.ndjson.gz', open: gunzipSync, tls: true },
  { compress: 'zstd', end: '.ndjson.zst', open: zstdDecompressSync, tls: false },
  { compress: 'none', end: '.ndjson', open: (bytes: Buffer) => bytes, tls: false },
] as const)('writes a locked object of lines: $compress', async ({ compress, end, open, tls }) => {
  const { sender, objects } = await bucket({ compress }, { tls })
  expect(await deliver(sender, items(3))).toEqual([])
  const [[key, versions] = ['', []]] = objects
  expect(key.slice(0, FIRST.length)).toBe(FIRST)
  expect(key.slice(FIRST.length)).toMatch(/^-[0-9a-f]{16}\.ndjson/)
  expect(key.endsWith(end)).toBe(true)
  expect(versions).toMatchObject([{ lock: 'COMPLIANCE', until: '2030-01-03T03:04:05.678Z' }])
  expect(linesOf(open(versions[0]?.body ?? Buffer.alloc(0)))).toEqual(items(3).map(({ text }) => text))
  await sender.close()
})

it('makes one object of what comes again, and one for each day', async () => {
  const { sender, objects } = await bucket()
  const later = item(3, { time: Date.parse('2030-01-03T00:00:00Z') })
  for (let i = 0; i < 3; i++) await deliver(sender, [...items(3), later])
  expect([...objects.keys()].map((key) => key.split('/').slice(1, 4).join('-'))).toEqual(['2030-01-02', '2030-01-03'])
  expect([...objects.values()].map(({ length }) => length)).toEqual([1, 1])
  await deliver(sender, [...items(2), item(2, { text: '{}' })])
  expect(objects.size).toBe(3)
  await sender.close()
})

it('writes a version on top where the name has something else', async () => {
  const { sender, objects } = await bucket()
  await deliver(sender, items(3))
  const [key = ''] = objects.keys()
  objects.set(key, [{ body: Buffer.from('x'), sha256: 'other', lock: null, until: null, kmsKey: null }])
  await deliver(sender, items(3))
  const [forged, own] = objects.get(key) ?? []
  expect([forged?.lock, own?.lock]).toEqual([null, 'COMPLIANCE'])
  await sender.close()
})

it('locks nothing where it is not told to, and encrypts with the key that is named', async () => {
  const { sender, objects } = await bucket({ lock: null, kmsKey: 'key-1', prefix: '' }, { objectLock: false })
  await deliver(sender, items(1))
  expect([...objects.values()][0]).toMatchObject([{ lock: null, until: null, kmsKey: 'key-1' }])
  await sender.close()
})

it('does not write without the lock that it was told to set', async () => {
  const { sender, objects } = await bucket({}, { objectLock: false })
  expect(await troubleOf(deliver(sender, items(1)))).toMatchObject({
    message: 'S3 did not take the object (InvalidRequest): the bucket may have no Object Lock, or be missing',
  })
  expect(objects.size).toBe(0)
})

it.each([
  [403, 'AccessDenied', true],
  [403, 'InvalidAccessKeyId', true],
  [403, 'SignatureDoesNotMatch', true],
  [400, 'ExpiredToken', true],
  [404, 'NoSuchBucket', false],
  [503, 'SlowDown', false],
  [500, 'InternalError', false],
  [400, 'BadDigest', false],
])('%i %s is worth another try', async (status, code, authentication) => {
  const { sender, server, objects } = await bucket()
  server.instead.push(failure(status, code))
  expect(await troubleOf(deliver(sender, items(2)))).toMatchObject({
    message: `S3 did not take the object (${code})`,
    authentication,
  })
  expect(await deliver(sender, items(2))).toEqual([])
  expect(objects.size).toBe(1)
  await sender.close()
})

const FAULTS: readonly Fault[] = ['slow', 'cut', 'reset', 'redirect', 'garbage']
it.each(FAULTS)('survives a server that is %s', async (fault) => {
  const { sender, server, objects } = await bucket()
  server.instead.push(fault)
  await troubleOf(deliver(sender, items(2), 300))
  expect(await deliver(sender, items(2))).toEqual([])
  expect(objects.size).toBe(1)
  await sender.close()
})

it('goes to no address that the configuration does not allow', async () => {
  const sender = createS3Sender({ ...SETTINGS, endpoint: 'https://169.254.169.254' }, DEPS)
  expect(await troubleOf(deliver(sender, items(1)))).toMatchObject({
    message: 'the address is of a private network or of this machine: see allowNetworks of the sink',
  })
})

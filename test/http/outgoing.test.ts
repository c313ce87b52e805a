import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { apiEvent } from '../../src/http/audit.ts'
import { webhookEvent } from '../../src/http/contract/webhooks.ts'
import { createOutgoing, type Outgoing } from '../../src/http/outgoing/deliveries.ts'
import { createAddressGuard } from '../../src/outbound/address.ts'
import { identityOf, NOW, startTestApi, type TestApi } from './api.ts'

interface Taken {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly url: string
}

const taken: Taken[] = []
let status = 200
const receiver = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += String(chunk)
  })
  request.on('end', () => {
    taken.push({ headers: request.headers, body, url: request.url ?? '' })
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('{}')
  })
})
let url: string
let test: TestApi
let outgoing: Outgoing
let now = NOW
let deps: Parameters<typeof createOutgoing>[0]

beforeAll(async () => {
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
})
afterAll(() => {
  receiver.closeAllConnections()
  receiver.close()
})
beforeEach(async () => {
  taken.length = 0
  status = 200
  now = NOW
  test = await startTestApi()
  deps = { ...test.deps, clock: { now: () => now, monotonic: () => now } }
  outgoing = createOutgoing(deps)
})
afterEach(() => test.close())

const caller = { identity: identityOf('alice'), clientAddress: '192.0.2.7' }
const event = () => apiEvent(test.deps, 'lock.set', caller, { why: 'left' }, { type: 'lock', id: 'l1' })
const hook = (events: string[], at = url) =>
  test
    .call('/v1/webhook-endpoints', { body: { url: at, events, secret_ref: 'env:SIGNING' } })
    .then(async (answer) => ((await answer.json()) as { id: string }).id)
const deliveries = () => test.store.read(({ deliveries: all }) => all.list({}))

describe('webhooks out', () => {
  it('are signed, say what happened and not from where', async () => {
    await hook(['lock.*'])
    const sent = event()
    await outgoing.enqueue([sent])
    await outgoing.tick()
    const { headers, body } = taken[0]!
    const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['sallyport-signature'])) ?? []
    expect(Number(seconds) * 1000).toBe(NOW)
    expect(createHmac('sha256', 'signing secret').update(`${seconds}.${body}`).digest('hex')).toBe(digest)
    expect(headers['sallyport-event']).toBe(sent.id)
    expect(webhookEvent.parse(JSON.parse(body))).toMatchObject({ id: sent.id, activity: 'lock.set', time: NOW })
    expect(body).not.toContain('192.0.2.7')
    await outgoing.tick()
    expect(taken).toHaveLength(1)
  })

  it('go to those who asked for the activity, once for each event', async () => {
    await hook(['grant.*', 'lock.lifted'])
    await hook(['*'])
    const one = event()
    await outgoing.enqueue([one])
    await outgoing.enqueue([one])
    expect(await deliveries()).toHaveLength(1)
  })

  it.each([
    ['an error', 500],
    ['a redirect, which nobody follows', 302],
  ])('are sent again after %s, with growing pauses', async (_, answered) => {
    await hook(['*'])
    await outgoing.enqueue([event()])
    status = answered
    const sentAt: number[] = []
    for (let minute = 0; minute < 5; minute += 0.1) {
      now = NOW + minute * 60_000
      const before = taken.length
      await outgoing.tick()
      if (taken.length > before) sentAt.push(Math.round((now - NOW) / 1000))
    }
    expect(sentAt).toEqual([0, 12, 36, 78, 162])
    expect(taken.every(({ url: path }) => path === '/hook')).toBe(true)
    status = 200
    now += 3_600_000
    await outgoing.tick()
    expect((await deliveries())[0]).toMatchObject({ deliveredAt: now, attempts: 6 })
  })

  it('are sent by one node at a time, and once more where that one died', async () => {
    await hook(['*'])
    await outgoing.enqueue([event()])
    const other = createOutgoing(deps)
    await Promise.all([outgoing.tick(), other.tick()])
    expect(taken).toHaveLength(1)
    // Claimed, and never settled: the lease ends, and the event goes out again.
    const [delivery] = await deliveries()
    await test.store.write(({ deliveries: all }) =>
      all.update({ ...delivery!, deliveredAt: null, nextAt: now + 60_000 }).then(() => undefined),
    )
    await other.tick()
    expect(taken).toHaveLength(1)
    now += 60_000
    await other.tick()
    expect(taken).toHaveLength(2)
  })

  it('disable an address that has failed for days, and tell nobody of what it missed', async () => {
    const id = await hook(['*'])
    await outgoing.enqueue([event()])
    const [delivery] = await deliveries()
    await test.store.write(({ deliveries: all }) => all.update({ ...delivery!, attempts: 79 }).then(() => undefined))
    status = 500
    test.events.length = 0
    await outgoing.tick()
    expect(test.events).toMatchObject([{ activity: 'webhook.changed', actor: null, entity: { id } }])
    const shown = async () =>
      ((await (await test.call(`/v1/webhook-endpoints/${id}`)).json()) as { disabled_at: unknown }).disabled_at
    expect(await shown()).not.toBeNull()
    now += 86_400_000
    await outgoing.tick()
    expect([taken.length, await deliveries()]).toEqual([1, []])
    const body = { url, events: ['*'], secret_ref: 'env:SIGNING' }
    await test.call(`/v1/webhook-endpoints/${id}`, { method: 'PUT', body })
    expect(await shown()).toBeNull()
  })

  it('are managed by who may, recorded, and never hold the secret', async () => {
    const id = await hook(['*'])
    expect(test.asked.map(([method, , operation]) => [method, operation])).toEqual([['require', 'webhook.manage']])
    expect(test.events).toMatchObject([{ activity: 'webhook.changed', actor: { subject: 'alice' } }])
    const listed = await (await test.call('/v1/webhook-endpoints?limit=1')).text()
    expect(listed).toContain('env:SIGNING')
    expect(listed).not.toContain('signing secret')
    const tried = await test.call(`/v1/webhook-endpoints/${id}/test`, { method: 'POST' })
    expect(await tried.json()).toEqual({ delivered: true, detail: 'taken' })
    expect((await test.call(`/v1/webhook-endpoints/${id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await test.call(`/v1/webhook-endpoints/${id}`)).status).toBe(404)
  })
})

describe('a signature', () => {
  it('is made with no secret but those that the configuration names for it', async () => {
    const body = { url, events: ['*'], secret_ref: 'env:DATABASE_PASSWORD' }
    expect((await test.call('/v1/webhook-endpoints', { body })).status).toBe(422)
    const id = await hook(['*'])
    expect((await test.call(`/v1/webhook-endpoints/${id}`, { method: 'PUT', body })).status).toBe(422)
    const webhooks = { ...deps.settings.webhooks, secrets: [] }
    const later = createOutgoing({ ...deps, settings: { ...deps.settings, webhooks } })
    await later.enqueue([event()])
    await later.tick()
    expect(taken).toEqual([])
    expect((await deliveries())[0]?.lastError).toContain('node.api.webhooks.secrets')
  })
})

describe('an address', () => {
  it.each([
    'http://hooks.example.test/',
    'ftp://hooks.example.test/',
    'https://user:word@hooks.example.test/',
    'https://169.254.169.254/latest/meta-data',
    'https://0xa9fea9fe/',
    'https://2852039166/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://100.100.100.200/',
    'https://224.0.0.1/',
    'https://10.0.0.5/',
    'https://172.31.255.1/',
    'https://192.168.1.1/',
    'https://[::ffff:10.0.0.5]/',
    'https://[fd12:3456::1]/',
    'https://[2002:a00:5::1]/',
    'https://[::1]:1/',
  ])('%s is refused', async (at) => {
    expect(() => createAddressGuard([]).check(at)).toThrow('SP-INPUT')
    const answer = await test.call('/v1/webhook-endpoints', {
      body: { url: at, events: ['*'], secret_ref: 'env:SIGNING' },
    })
    expect(answer.status).toBe(422)
  })

  it.each(['https://hooks.example.test/x', 'https://172.32.0.1/', 'https://192.0.2.7/', 'https://[2606::1]/'])(
    '%s is taken',
    (at) => {
      expect(createAddressGuard([]).check(at).href).toBe(at)
    },
  )

  it.each(['http://localhost:1/', 'http://127.0.0.1:1/', 'http://[::1]:1/', 'https://10.0.0.5/'])(
    '%s is taken where the configuration allows it',
    (at) => {
      expect(() => createAddressGuard([]).check(at)).toThrow('allowNetworks')
      expect(createAddressGuard(['127.0.0.0/8', '::1/128', '10.0.0.0/24']).check(at).href).toBe(at)
    },
  )

  it('may be let in by the configuration', () => {
    expect(createAddressGuard(['169.254.7.0/24']).check('https://169.254.7.9/').hostname).toBe('169.254.7.9')
  })

  it('is judged by where its name leads when it is connected to', async () => {
    const { lookup } = createAddressGuard(['127.0.0.0/8', '::1/128'])
    const found = (host: string) =>
      new Promise((done) => lookup(host, { all: true }, (error, address) => done(error === null ? address : 'refused')))
    expect(await found('localhost')).not.toBe('refused')
    expect(await found('169.254.169.254')).toBe('refused')
    const strict = createAddressGuard([]).lookup
    expect(await new Promise((done) => strict('localhost', { all: true }, (error) => done(error?.message)))).toMatch(
      'nothing is sent to',
    )
  })
})

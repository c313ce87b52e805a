import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { WebhookSinkSettings } from '../../src/session/sink_settings.ts'
import type { Item, SenderDeps } from '../../src/sinks/sender.ts'
import { createWebhookSender } from '../../src/sinks/senders/webhook.ts'
import { SINK } from './harness.ts'

const NOW = 1_900_000_000_123
const DEPS: SenderDeps = {
  secret: async (reference) => `secret of ${reference}`,
  now: () => NOW,
  node: 'node-1',
  version: '0.0.0',
  print: async () => undefined,
}

interface Came {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Answer = (came: Came, response: ServerResponse, request: IncomingMessage) => void

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A receiver that answers as it is told; without that it takes everything. */
async function receiver(answer: Answer = (_, response) => response.writeHead(204).end()) {
  const came: Came[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(chunks).toString() }
      came.push(one)
      answer(one, response, request)
    })
  })
  servers.push(server)
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  return { came, url: `http://127.0.0.1:${(server.address() as { port: number }).port}/hook` }
}

function settings(url: string, more: Partial<WebhookSinkSettings> = {}): WebhookSinkSettings {
  return {
    ...SINK,
    kind: 'webhook',
    url,
    body: 'array',
    secret: null,
    headers: {},
    maxItemBytes: 65_535,
    tls: { ca: null, cert: null, key: null, serverName: null },
    allowNetworks: null,
    ...more,
  }
}

function items(count: number): Item[] {
  return Array.from({ length: count }, (_, n) => {
    return { uid: `uid-${n}`, sequence: n, time: 0, code: 'db.decision', severity: 1, text: `{"n":${n}}` }
  })
}

const calm = () => AbortSignal.timeout(5_000)
const numbersIn = (body: string) => (JSON.parse(body) as { n: number }[]).map(({ n }) => n)
const answering = (status: number, headers: Record<string, string> = {}): Answer => {
  return (_, response) => response.writeHead(status, headers).end('what the receiver says: hunter2')
}

describe('a webhook', () => {
  it('gets a batch as one signed array', async () => {
    const { came, url } = await receiver()
    const headers = { Authorization: { prefix: 'Bearer ', secret: 'env:TOKEN', text: null } }
    const sender = createWebhookSender(settings(url, { secret: 'env:KEY', headers }), DEPS)
    expect(await sender.send(items(3), calm())).toEqual([])
    const [{ headers: sent, body } = { headers: {}, body: '' }] = came
    expect(body).toBe('[{"n":0},{"n":1},{"n":2}]')
    const hex = createHmac('sha256', 'secret of env:KEY').update(`1900000000.${body}`).digest('hex')
    expect(sent).toMatchObject({
      'content-type': 'application/json',
      'sallyport-signature': `t=1900000000,v1=${hex}`,
      authorization: 'Bearer secret of env:TOKEN',
    })
    await sender.close()
  })

  it('gets a batch as lines', async () => {
    const { came, url } = await receiver()
    const sender = createWebhookSender(settings(url, { body: 'ndjson' }), DEPS)
    await sender.send(items(2), calm())
    expect(came[0]).toMatchObject({ body: '{"n":0}\n{"n":1}\n', headers: { 'content-type': 'application/x-ndjson' } })
  })

  it.each([400, 409, 413, 422])('that answers %i gets smaller batches, until the record is found', async (status) => {
    const { came, url } = await receiver(({ body }, response) =>
      response.writeHead(numbersIn(body).includes(5) ? status : 200).end(),
    )
    const sender = createWebhookSender(settings(url), DEPS)
    const refused = await sender.send(items(8), calm())
    expect(refused).toEqual([{ item: items(8)[5], why: `answered with status ${status}` }])
    const taken = came.flatMap(({ body }) => (numbersIn(body).includes(5) ? [] : numbersIn(body)))
    expect(taken).toEqual([0, 1, 2, 3, 4, 6, 7])
  })

  it.each([
    [429, { 'retry-after': '7' }, { afterMs: 7_000, authentication: false }],
    [503, { 'retry-after': new Date(NOW + 9_000).toUTCString() }, { afterMs: 8_877, authentication: false }],
    [503, { 'retry-after': 'soon' }, { afterMs: undefined }],
    [500, {}, { afterMs: undefined, authentication: false }],
    [408, {}, { authentication: false }],
    [401, {}, { authentication: true }],
    [404, {}, { authentication: false }],
    [302, { location: 'https://example.test/' }, { authentication: false }],
  ])('that answers %i (%o) is asked again later', async (status, headers, trouble) => {
    const { came, url } = await receiver(answering(status, headers as Record<string, string>))
    const sender = createWebhookSender(settings(url), DEPS)
    const sent = sender.send(items(4), calm())
    await expect(sent).rejects.toMatchObject({ ...trouble, message: `answered with status ${status}` })
    expect(came).toHaveLength(1)
  })

  it.each<[string, Answer, string]>([
    ['resets in mid-request', (_, __, request) => request.socket.resetAndDestroy(), 'can not be reached (ECONNRESET)'],
    [
      'resets in mid-response',
      (_, response, request) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half of it', () => request.socket.resetAndDestroy())
      },
      'can not be reached (ECONNRESET)',
    ],
    [
      'ends in mid-response',
      (_, response, request) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half of it', () => request.socket.end())
      },
      'can not be reached (ECONNRESET)',
    ],
    [
      'says no HTTP',
      (_, __, request) => request.socket.end('hello\r\n\r\n'),
      'can not be reached (HPE_INVALID_CONSTANT)',
    ],
  ])('that %s has taken nothing', async (_, answer, why) => {
    const { url } = await receiver(answer)
    const sender = createWebhookSender(settings(url), DEPS)
    await expect(sender.send(items(2), calm())).rejects.toThrow(why)
  })

  it('that is slow is given up at the deadline', async () => {
    const { url } = await receiver(() => undefined)
    const sender = createWebhookSender(settings(url), DEPS)
    await expect(sender.send(items(2), AbortSignal.timeout(50))).rejects.toThrow('did not answer in time')
  })

  it('that answers without end is not read without end', async () => {
    const { url } = await receiver((_, response) => {
      response.writeHead(200)
      const more = () => {
        if (!response.destroyed) response.write(Buffer.alloc(1024 * 1024), more)
      }
      more()
    })
    const sender = createWebhookSender(settings(url), DEPS)
    expect(await sender.send(items(1), calm())).toEqual([])
  })

  it.each([
    ['http://169.254.169.254/latest', null],
    ['https://100.100.100.200/', null],
    ['https://[fd00:ec2::254]/', null],
    ['https://[fd00:ec2::254]/', ['fd00::/8']],
    ['http://127.0.0.1:9/', ['10.0.0.0/8']],
    ['https://127.0.0.1:9/', ['10.0.0.0/8']],
  ])('at %s is not sent to where %o may be reached', async (url, allowNetworks) => {
    const sender = createWebhookSender(settings(url, { allowNetworks }), DEPS)
    await expect(sender.send(items(1), calm())).rejects.toThrow(/^the address /)
  })
})

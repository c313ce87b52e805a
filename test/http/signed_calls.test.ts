import { connect } from 'node:net'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { IncidentNews } from '../../src/http/ports.ts'
import { startTestApi } from './api.ts'

/** Calls of machines that sign what they send, and bytes that are no call at all. */
let news: IncidentNews = { kind: 'ignored', detail: 'seen before' }
const received: { provider: string; body: string; signature: string | undefined }[] = []
const test = await startTestApi(
  { incidentChanged: async () => undefined },
  {
    incidentWebhooks: {
      receive: async (provider, { headers, body }) => {
        received.push({ provider, body: Buffer.from(body).toString(), signature: headers['x-pagerduty-signature'] })
        return news
      },
    },
  },
)
afterAll(() => test.close())
beforeEach(() => {
  received.length = 0
  test.asked.length = 0
  test.events.length = 0
})

const send = (body = '{"event": 1 }') =>
  test.call('/v1/webhooks/pager', { token: null, body, headers: { 'x-pagerduty-signature': 'v1=ab' } })

describe('what a provider of incidents sends', () => {
  it('is checked byte by byte as it came, and the incident is looked at', async () => {
    news = { kind: 'incident', provider: 'pager', incidentId: 'P1' }
    expect((await send()).status).toBe(202)
    expect(received).toEqual([{ provider: 'pager', body: '{"event": 1 }', signature: 'v1=ab' }])
    expect(test.asked).toEqual([['incidentChanged', 'pager', 'P1']])
  })

  it('changes nothing where there is nothing to do', async () => {
    news = { kind: 'ignored', detail: 'seen before' }
    expect((await send()).status).toBe(202)
    expect(test.asked).toEqual([])
  })

  it('is refused without its signature, and that is recorded', async () => {
    news = { kind: 'refused', detail: 'the signature does not fit' }
    expect((await send()).status).toBe(401)
    expect(test.asked).toEqual([])
    expect(test.events).toMatchObject([{ activity: 'api.refused', detail: { why: 'the signature does not fit' } }])
  })
})

describe('what is no HTTP', () => {
  const exchange = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = ''
      const socket = connect(test.api.port, '127.0.0.1', () => socket.write(bytes))
      socket.on('data', (chunk) => {
        answer += String(chunk)
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })

  it.each([
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    [
      'two lengths',
      'POST /v1/requests HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['endless headers', `GET /v1/me HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
  ])('is answered with a problem and the end of the connection: %s', async (_, bytes) => {
    const answer = await exchange(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json/)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'SP-INPUT', status: 400 })
  })
})

import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WebhookSettings } from '../../src/access/incident_settings.ts'
import { SeenEvents } from '../../src/incidents/webhook.ts'
import { ASKED, http, incidentsWith, NOW, PAGERDUTY_WEBHOOK, pagerDuty } from './settings.ts'

const ID = 'Q2KHDA6UXAHZS9'

function event(changes: Readonly<Record<string, unknown>> = {}, data: Readonly<Record<string, unknown>> = {}) {
  return {
    event: {
      id: '01BYGBEBCDLGZRV3IWA7RKT3VQ',
      event_type: 'incident.resolved',
      resource_type: 'incident',
      occurred_at: '2026-03-01T11:59:00Z',
      data: { id: ID, type: 'incident', status: 'resolved', title: 'Orders are slow', ...data },
      ...changes,
    },
  }
}

const bytes = (body: unknown) => new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
const hmac = (key: string, body: Uint8Array) => createHmac('sha256', key).update(body).digest('hex')
const incidents = () => incidentsWith({ pd: pagerDuty('https://x.example.test', { webhook: PAGERDUTY_WEBHOOK }) })

function signed(body: unknown, key = 'new-signing-s3cr3t') {
  return { headers: { 'x-pagerduty-signature': `v1=${hmac(key, bytes(body))}` }, body: bytes(body) }
}

describe('PagerDuty', () => {
  it('tells of an incident', async () => {
    expect(await incidents().receive('pd', signed(event()))).toEqual({
      kind: 'incident',
      provider: 'pd',
      incidentId: ID,
      status: 'closed',
      eventId: '01BYGBEBCDLGZRV3IWA7RKT3VQ',
    })
  })

  it.each([
    ['triggered', 'open'],
    ['acknowledged', 'open'],
    ['resolved', 'closed'],
    ['snoozed', 'changed'],
    [undefined, 'changed'],
  ])('the status %s is %s', async (status, expected) => {
    expect(await incidents().receive('pd', signed(event({}, { status })))).toMatchObject({ status: expected })
  })

  it('signs with several secrets while one is exchanged', async () => {
    const body = bytes(event())
    const both = `v1=${hmac('unknown', body)}, v1=${hmac('old-signing-s3cr3t', body)}`
    expect(await incidents().receive('pd', { headers: { 'x-pagerduty-signature': both }, body })).toMatchObject({
      kind: 'incident',
    })
  })

  it.each([
    ['none', undefined],
    ['empty', ''],
    ['of an unknown key', `v1=${hmac('x', bytes(event()))}`],
    ['of an empty key', `v1=${hmac('', bytes(event()))}`],
    ['of another body', `v1=${hmac('new-signing-s3cr3t', bytes('x'))}`],
    ['of another scheme', `v2=${hmac('new-signing-s3cr3t', bytes(event()))}`],
    ['without a scheme', hmac('new-signing-s3cr3t', bytes(event()))],
    ['cut short', `v1=${hmac('new-signing-s3cr3t', bytes(event())).slice(0, 32)}`],
    ['with more', `v1=${hmac('new-signing-s3cr3t', bytes(event()))}00`],
    ['behind many others', `${'v1=00,'.repeat(100)}v1=${hmac('new-signing-s3cr3t', bytes(event()))}`],
  ])('a signature %s is refused', async (_what, header) => {
    const answer = await incidents().receive('pd', {
      headers: { 'x-pagerduty-signature': header },
      body: bytes(event()),
    })
    expect(answer).toEqual({ kind: 'refused', detail: 'the signature does not fit' })
  })

  it('takes an event once', async () => {
    const live = incidents()
    expect(await live.receive('pd', signed(event()))).toMatchObject({ kind: 'incident' })
    expect(await live.receive('pd', signed(event()))).toEqual({ kind: 'ignored', detail: 'the event was seen before' })
    expect(await live.receive('pd', signed(event({ id: 'another' })))).toMatchObject({ kind: 'incident' })
  })

  it.each([
    ['a note', event({ event_type: 'incident.annotated' }, { type: 'incident_note' })],
    ['a ping', { event: { id: 'p', event_type: 'pagey.ping', data: { message: 'Hello', type: 'ping' } } }],
    ['an id that is none', event({}, { id: '../users' })],
    ['no id of the event', event({ id: null })],
    ['an endless id of the event', event({ id: 'x'.repeat(1000) })],
    ['no JSON', 'hello'],
    ['null', 'null'],
  ])('%s is ignored', async (_what, body) => {
    expect(await incidents().receive('pd', signed(body))).toMatchObject({ kind: 'ignored' })
  })

  it('reads nothing of a body that is too large, of an unknown provider, or without a webhook', async () => {
    const large = bytes('x'.repeat(600_000))
    expect(await incidents().receive('pd', { headers: {}, body: large })).toMatchObject({ kind: 'refused' })
    expect(await incidents().receive('other', signed(event()))).toMatchObject({ kind: 'refused' })
    const without = incidentsWith({ pd: pagerDuty('https://x.example.test') })
    expect(await without.receive('pd', signed(event()))).toMatchObject({ kind: 'refused' })
  })

  it('never fails, and takes nothing that is not signed', async () => {
    const live = incidents()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.string(), async (body, header) => {
        const answer = await live.receive('pd', { headers: { 'x-pagerduty-signature': header }, body })
        expect(answer.kind).toBe('refused')
        const genuine = await live.receive('pd', {
          headers: { 'x-pagerduty-signature': `v1=${hmac('old-signing-s3cr3t', body)}` },
          body,
        })
        expect(genuine.kind).toBe('ignored')
      }),
    )
  })
})

describe('Standard Webhooks', () => {
  const webhook: WebhookSettings = {
    signature: 'standard',
    header: '',
    prefix: '',
    secrets: ['env:STANDARD'],
    id: '/incident/id',
    status: '/incident/state',
    event: null,
  }
  const live = () => incidentsWith({ it: http('https://x.example.test/{id}', { webhook }) })
  const body = bytes({ incident: { id: 'INC-7', state: 'done' } })
  const at = String(NOW / 1000)

  function headers(timestamp: string, prefix = 'webhook', id = 'msg_1') {
    const key = Buffer.from('standard-s3cr3t')
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    const [name, time, sign] = [`${prefix}-id`, `${prefix}-timestamp`, `${prefix}-signature`]
    return { [name]: id, [time]: timestamp, [sign]: `v1,AAAA v1a,x v1,${signature}` }
  }

  it.each(['webhook', 'svix'])('by the headers %s-*', async (prefix) => {
    const expected = { kind: 'incident', incidentId: 'INC-7', status: 'closed', eventId: 'msg_1' }
    expect(await live().receive('it', { headers: headers(at, prefix), body })).toMatchObject(expected)
  })

  it.each([String(NOW / 1000 - 301), String(NOW / 1000 + 301), 'now', ''])('not of the time %s', async (timestamp) => {
    expect(await live().receive('it', { headers: headers(timestamp), body })).toMatchObject({ kind: 'refused' })
  })

  it('with the id and the time under the signature', async () => {
    for (const changed of [{ 'webhook-id': 'msg_2' }, { 'webhook-timestamp': String(NOW / 1000 - 1) }]) {
      const sent = { headers: { ...headers(at), ...changed }, body }
      expect(await live().receive('it', sent)).toMatchObject({ kind: 'refused' })
    }
  })
})

it('takes an HMAC of the body in a header of any name', async () => {
  const webhook: WebhookSettings = {
    signature: 'hmac',
    header: 'x-hub-signature',
    prefix: 'sha256=',
    secrets: ['env:NEW'],
    id: '/issue/key',
    status: '/issue/fields/status/statusCategory/key',
    event: '/timestamp',
  }
  const jira = {
    kind: 'jira',
    address: 'https://x.example.test',
    user: null,
    token: 'env:TOKEN',
    idPattern: null,
    read: {},
  } as const
  const live = incidentsWith({ it: { ...ASKED, ...jira, webhook } })
  const fields = { status: { statusCategory: { key: 'done' } } }
  const body = bytes({ timestamp: 1772362800000, issue: { key: 'OPS-42', fields } })
  const headers = { 'x-hub-signature': `sha256=${hmac('new-signing-s3cr3t', body)}` }
  const expected = { kind: 'incident', incidentId: 'OPS-42', status: 'closed', eventId: '1772362800000' }
  expect(await live.receive('it', { headers, body })).toMatchObject(expected)
  expect(await live.receive('it', { headers: {}, body })).toMatchObject({ kind: 'refused' })
})

it('forgets the oldest event first', () => {
  const seen = new SeenEvents()
  for (let number = 0; number <= 10_000; number++) expect(seen.add('pd', String(number))).toBe(true)
  expect(seen.add('pd', '10000')).toBe(false)
  expect(seen.add('pd', '1')).toBe(false)
  expect(seen.add('other', '1')).toBe(true)
})

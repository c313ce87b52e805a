import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SallyportError } from '../../src/errors.ts'
import type { ApiDeps } from '../../src/http/ports.ts'
import type { SinkStatus } from '../../src/sinks/sink_status.ts'
import { startTestApi, type TestApi } from './api.ts'

const STATUS: SinkStatus = {
  ...{
    name: 'siem',
    kind: 'syslog',
    next: 7,
    lagRecords: 3,
    lagMs: 4_000,
    checkpoint: 6,
    sent: 7,
    refused: 1,
    retries: 2,
  },
  sentAt: Date.UTC(2030, 0, 31, 9),
  failure: { since: Date.UTC(2030, 0, 31, 10), why: 'the sink takes nothing: answered with status 503' },
}

const SINKS: NonNullable<ApiDeps['sinks']> = {
  statuses: () => [STATUS],
  test: async (name) => {
    if (name !== 'siem') throw new SallyportError('SP-NOT-FOUND', `no sink is called ${name}`)
    return { ok: false, detail: 'answered with status 503', uid: 'u', durationMs: 5 }
  },
}

let api: TestApi
let stranger: TestApi

beforeAll(async () => {
  api = await startTestApi({}, { sinks: SINKS })
  const forbidden = new SallyportError('SP-FORBIDDEN', 'for admins')
  stranger = await startTestApi({ require: () => Promise.reject(forbidden) }, { sinks: SINKS })
})
afterAll(() => Promise.all([api.close(), stranger.close()]))

describe('the sinks over the API', () => {
  it('are listed with how far they are', async () => {
    expect(await (await api.call('/v1/audit/sinks')).json()).toEqual({
      items: [
        {
          ...{ name: 'siem', kind: 'syslog', next: 7, lag_records: 3, lag_ms: 4_000, checkpoint: 6 },
          ...{ sent: 7, refused: 1, retries: 2, sent_at: '2030-01-31T09:00:00.000Z' },
          failure: { since: '2030-01-31T10:00:00.000Z', why: 'the sink takes nothing: answered with status 503' },
        },
      ],
    })
  })

  it('can be tried', async () => {
    const response = await api.call('/v1/audit/sinks/siem/test', { method: 'POST' })
    expect(await response.json()).toEqual({ ok: false, detail: 'answered with status 503', uid: 'u', duration_ms: 5 })
    expect((await api.call('/v1/audit/sinks/nobody/test', { method: 'POST' })).status).toBe(404)
  })

  it('are for those who may', async () => {
    expect((await stranger.call('/v1/audit/sinks')).status).toBe(403)
    expect((await stranger.call('/v1/audit/sinks/siem/test', { method: 'POST' })).status).toBe(403)
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { SIGNALS } from '../../src/audit/alert_event.ts'
import { buildAlerts } from '../../src/config/build_alerts.ts'
import { SallyportError } from '../../src/errors.ts'
import type { ApiDeps } from '../../src/http/ports.ts'
import { alert } from '../audit/events.ts'
import { startTestApi, type TestApi } from './api.ts'

let test: TestApi
afterEach(() => test.close())

type Search = NonNullable<ApiDeps['auditSearch']>

function rules(tested: string[] = []): ApiDeps['alerts'] {
  return {
    settings: () => buildAlerts(),
    test: (signal, by) => {
      tested.push(`${signal} ${by}`)
      return alert({ id: 'a-7', signal, channels: ['pager'], test: true })
    },
  }
}

describe('alerts over the API', () => {
  it('are those of the log, by their signal', async () => {
    const asked: unknown[] = []
    const found = {
      ...{
        sequence: 7,
        time: Date.parse('2030-01-31T09:00:00Z'),
        uid: 'a-7',
        event: 'alert.bypass_login',
        severity: 4,
      },
      ...{ status: 'New', message: 'a login', person: 'u-alice', email: 'alice@example.test', target: 'orders' },
    }
    const events: Search['events'] = async (filters, page) => {
      asked.push(filters, page)
      return { items: [found as never], next: 'n', unreadable: 0 }
    }
    test = await startTestApi({}, { auditSearch: { events } as unknown as Search, alerts: rules() })
    const answer = await test.call('/v1/alerts?signal=bypass_login&severity=3&limit=10')
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      items: [
        {
          ...{ id: 'a-7', sequence: 7, time: '2030-01-31T09:00:00.000Z', signal: 'bypass_login', severity: 4 },
          ...{ status: 'New', summary: 'a login', person: 'alice@example.test', target: 'orders' },
        },
      ],
      next_cursor: expect.any(String),
    })
    await test.call('/v1/alerts')
    expect(asked).toMatchObject([
      { event: 'alert.bypass_login', severity: 3 },
      { limit: 10 },
      { event: 'alert.*' },
      { limit: 50 },
    ])
  })

  it('have their rules, all of them', async () => {
    test = await startTestApi({}, { alerts: rules() })
    const { items } = (await (await test.call('/v1/alerts/rules')).json()) as { items: { signal: string }[] }
    expect(items.map(({ signal }) => signal)).toEqual([...SIGNALS])
    expect(items[0]).toMatchObject({ threshold: 10, window_ms: 600_000, quiet_ms: 1_800_000, channels: [] })
  })

  it('are tested by signal, in the name of who asked', async () => {
    const tested: string[] = []
    test = await startTestApi({}, { alerts: rules(tested) })
    const answer = await test.call('/v1/alerts/rules/bypass_login/test', { method: 'POST' })
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'a-7', channels: ['pager'] }])
    expect((await test.call('/v1/alerts/rules/nothing/test', { method: 'POST' })).status).toBe(422)
    expect(tested).toEqual(['bypass_login alice@example.test'])
  })

  it('are for those who may', async () => {
    const tested: string[] = []
    const asked: string[] = []
    const require = async (_caller: unknown, operation: string) => {
      asked.push(operation)
      throw new SallyportError('SP-FORBIDDEN', 'not yours')
    }
    test = await startTestApi({ require: require as never }, { alerts: rules(tested) })
    for (const path of ['/v1/alerts', '/v1/alerts/rules']) expect((await test.call(path)).status).toBe(403)
    expect((await test.call('/v1/alerts/rules/bypass_login/test', { method: 'POST' })).status).toBe(403)
    expect([asked, tested]).toEqual([['alert.read', 'alert.read', 'alert.test'], []])
  })
})

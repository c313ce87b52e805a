import { afterEach, expect, it, vi } from 'vitest'
import { buildAlerts } from '../../../src/config/build_alerts.ts'
import type { ApiDeps } from '../../../src/http/ports.ts'
import { alert } from '../../audit/events.ts'
import { startTestApi, type TestApi } from '../../http/api.ts'
import { run } from '../cli_run.ts'

let test: TestApi
afterEach(async () => {
  vi.unstubAllEnvs()
  await test.close()
})

it('alerts are listed, and tested by their signal', async () => {
  const entry = { sequence: 7, time: 0, uid: 'a', event: 'alert.volume', severity: 4, status: 'New', message: 'a lot' }
  const events = async () => ({ items: [{ ...entry, email: null, person: null, target: null }], next: null })
  const channels = ['pager', 'soc']
  const alerts: ApiDeps['alerts'] = {
    settings: () => buildAlerts(),
    test: (signal) => alert({ id: 'a-7', signal, channels: signal === 'volume' ? channels : [] }),
  }
  test = await startTestApi({}, { alerts, auditSearch: { events } as unknown as ApiDeps['auditSearch'] })
  vi.stubEnv('SALLYPORT_SERVER', `http://127.0.0.1:${test.api.port}`)
  vi.stubEnv('SALLYPORT_TOKEN', 'token-of-alice')
  expect((await run('alerts', 'list', '--signal', 'volume', '--limit', '5')).out).toMatch(/high +volume +New +a lot/)
  expect((await run('alerts', 'rules')).out).toMatch(/outside_hours +low +1 +60 min +720 min +security +\(log only\)/)
  expect((await run('alerts', 'test', 'volume')).out).toBe('a-7: on its way to pager, soc\n')
  expect((await run('alerts', 'test', 'bulk_read')).out).toContain('the log alone')
  expect((await run('alerts', 'test', 'nothing')).code).not.toBe(0)
})

import { globSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { psql } from '../../clients/programs.ts'
import { listenAsPagerDuty } from '../../sinks/services/pagerduty.ts'
import { listenAsSlack } from '../../sinks/services/slack.ts'
import { type PostgresStack, startPostgresStack, usualGrants } from '../stack.ts'
import { CLUB_ROLES, CLUB_SQL, SHOWN_IN_PART } from './club.ts'

/** From what people do with psql to the message in a channel and the incident, through the whole program: about 20 s. */

const KEY = 'R0123456789'
const PATIENCE = { timeout: 60_000, interval: 200 }

async function setUp() {
  const slack = await listenAsSlack({ token: 't', channels: [] })
  const pagerduty = await listenAsPagerDuty(KEY)
  vi.stubEnv('SOAK_HOOK', `${slack.url}/services/T0/B0/secret`)
  vi.stubEnv('SOAK_KEY', KEY)
  const batch = { maxWait: '100ms' }
  const sinks = [
    { kind: 'slack', name: 'soc', webhook: 'env:SOAK_HOOK', batch },
    { kind: 'pagerduty', name: 'pager', routingKey: 'env:SOAK_KEY', address: pagerduty.url, batch },
  ]
  const stack = await startPostgresStack({
    ...{ setupSql: CLUB_SQL, roles: CLUB_ROLES, masking: SHOWN_IN_PART, grants: usualGrants },
    node: { audit: { sinks } },
  })
  onTestFinished(() => stack.stop())
  const signals = { clear_reads: { threshold: 3 }, failed_logins_person: { threshold: 2 } }
  const alerts = { channels: ['soc'], signals: { ...signals, log_unwritable: { channels: ['soc', 'pager'] } } }
  writeFileSync(join(stack.proxy.folder, 'config', 'alerts.yaml'), JSON.stringify({ version: 1, alerts }))
  expect(await stack.proxy.reload({})).toBe('ok')
  const told = () => slack.posted.map(({ text = '' }) => text)
  const toldOf = (part: string) => vi.waitFor(() => expect(told().join('\n')).toContain(part), PATIENCE)
  return { stack, pagerduty, told, toldOf }
}

it('what people do, and a log that can not be written, come to those who have to hear of it', async () => {
  const { stack, pagerduty, told, toldOf } = await setUp()
  await psql(await stack.login('carol'), 'SELECT 1')
  await toldOf('carol@example.test has a session on')
  await psql(await stack.login('alice'), 'COPY club.members TO STDOUT')
  await toldOf('alice@example.test was denied an export')
  await psql(await stack.login('bob'), 'SELECT email FROM club.members', 'SELECT email FROM club.members')
  await toldOf('rows with masked columns in clear')
  await failToLogIn(stack)
  await toldOf('2 failed logins as alice')
  expect(told().filter((text) => text.includes('failed logins'))).toHaveLength(1)

  const [open = ''] = globSync(join(stack.proxy.auditLog, '*.ndjson')).sort().slice(-1)
  rmSync(open)
  const actions = () => pagerduty.events.map(({ event_action: action }) => action)
  await vi.waitFor(() => expect(actions()).toContain('resolve'), PATIENCE)
  expect(pagerduty.events[0]).toMatchObject({ event_action: 'trigger', payload: { severity: 'critical' } })
  expect(pagerduty.open.size).toBe(0)
  await toldOf('The audit log can not be written: over')
  expect((await psql(await stack.login('alice'), 'SELECT name FROM club.boats')).stderr).not.toContain('ERROR')
})

async function failToLogIn(stack: PostgresStack): Promise<void> {
  const wrong = { ...(await stack.login('alice')), password: 'x' }
  for (let n = 0; n < 3; n++) await psql(wrong, 'SELECT 1').catch(() => undefined)
}

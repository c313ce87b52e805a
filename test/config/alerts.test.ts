import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SIGNALS } from '../../src/audit/alert_event.ts'
import { buildAlerts } from '../../src/config/build_alerts.ts'
import { checkConfig } from '../../src/config/load.ts'
import { alertsSection } from '../../src/config/schema_alerts.ts'
import { configDir } from './config_dir.ts'

const parsed = (section: unknown) => buildAlerts(alertsSection.parse(section))

describe('alerts', () => {
  it('are all on where the configuration says nothing, and tell nobody but the log', () => {
    const { rules, hours } = buildAlerts()
    expect(Object.keys(rules).sort()).toEqual([...SIGNALS].sort())
    for (const rule of Object.values(rules))
      expect(rule).toMatchObject({ enabled: true, owner: 'security', channels: [] })
    expect(rules.bypass_login.runbook).toBe('docs/runbooks/bypass_login.md')
    expect(hours).toEqual({ timeZone: 'UTC', days: [1, 2, 3, 4, 5], from: 420, to: 1140, workloads: false })
  })

  it('have what stands for all, and what stands for one before it', () => {
    const { rules } = parsed({
      channels: ['soc'],
      owner: 'platform',
      runbooks: 'https://wiki.example.test/runbooks/',
      signals: {
        denied_statements: { threshold: 3, window: '1m', quiet: '5m', severity: 'high', owner: 'dba' },
        grant_change: { enabled: false, channels: [] },
        volume: { threshold: 2.5, minimumRows: 10, runbook: 'https://wiki.example.test/volume' },
      },
    })
    expect(rules.denied_statements).toEqual({
      enabled: true,
      threshold: 3,
      windowMs: 60_000,
      severity: 'high',
      quietMs: 300_000,
      owner: 'dba',
      runbook: 'https://wiki.example.test/runbooks/denied_statements',
      channels: ['soc'],
    })
    expect(rules.grant_change).toMatchObject({ enabled: false, channels: [], owner: 'platform' })
    expect(rules.volume).toMatchObject({ threshold: 2.5, runbook: 'https://wiki.example.test/volume' })
  })

  it.each([
    [{ signals: { denied_statements: { threshold: 0 } } }],
    [{ signals: { denied_statements: { threshold: 1001 } } }],
    [{ signals: { no_such_signal: {} } }],
    [{ hours: { timeZone: 'Mars/Olympus' } }],
    [{ hours: { from: '24:00' } }],
    [{ hours: { days: [] } }],
    [{ runbooks: 'http://wiki.example.test' }],
    [{ channels: ['Not A Name'] }],
  ])('%j are refused', (section) => {
    expect(alertsSection.safeParse(section).success).toBe(false)
  })
})

describe('channels', () => {
  const sinks = `
    sinks:
      - { kind: slack, name: soc, webhook: 'env:HOOK' }
      - { kind: stdout, name: lines, filter: { events: ['db.*'] } }
      - { kind: stdout, name: logins, filter: { classes: [3002] } }
      - { kind: stdout, name: all }
`
  const node = `version: 1
node:
  listeners:
    - { engine: postgres, port: 0, tls: { cert: server.pem, key: 'file:server.key' } }
  audit:${sinks}`

  async function problemsOf(alerts: string) {
    const dir = configDir({ 'sallyport.yaml': node, 'alerts.yaml': `version: 1\nalerts: ${alerts}\n` })
    const secrets = async (reference: string) =>
      reference.startsWith('file:') ? readFileSync(join(dir, reference.slice(5)), 'utf8') : 'A'.repeat(44)
    const { config, problems } = await checkConfig(dir, secrets)
    return { config, problems: problems.map(({ path, message }) => `${path}: ${message}`) }
  }

  it('are sinks that let alerts through', async () => {
    const { config, problems } = await problemsOf('{ channels: [soc, all] }')
    expect(problems).toEqual([])
    expect(config?.alerts.rules.volume.channels).toEqual(['soc', 'all'])
    expect(config?.node.audit.sinks[0]).toMatchObject({ kind: 'slack', from: 'now', way: { by: 'webhook' } })
    expect(config?.tree.alerts).toMatchObject({ channels: ['soc', 'all'] })
  })

  it.each([
    ['{ channels: [all, pager] }', 'alerts/channels/1: node.audit.sinks has no pager'],
    [
      '{ signals: { volume: { channels: [lines] } } }',
      'alerts/signals/volume/channels/0: the filter of the sink lines lets no alert through',
    ],
    [
      '{ signals: { volume: { channels: [logins] } } }',
      'alerts/signals/volume/channels/0: the filter of the sink logins lets no alert through',
    ],
  ])('%s is a problem', async (alerts, problem) => {
    expect((await problemsOf(alerts)).problems).toEqual([problem])
  })
})

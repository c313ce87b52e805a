import { describe, expect, it } from 'vitest'
import { SIGNALS } from '../../src/audit/alert_event.ts'
import { buildAlerts } from '../../src/config/build_alerts.ts'
import { alertsSection } from '../../src/config/schema_alerts.ts'

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

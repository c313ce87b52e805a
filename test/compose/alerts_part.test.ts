import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { AlertEvent } from '../../src/audit/alert_event.ts'
import type { AuditEvent } from '../../src/audit/event.ts'
import type { LogOfRecord } from '../../src/auditlog/audit_log.ts'
import { type AlertsPart, composeAlerts, tellBrokenLog } from '../../src/compose/alerts_part.ts'
import { buildAlerts } from '../../src/config/build_alerts.ts'
import type { Config } from '../../src/config/config.ts'
import { alertsSection } from '../../src/config/schema_alerts.ts'
import { SallyportError } from '../../src/errors.ts'
import type { SinkSettings } from '../../src/session/sink_settings.ts'
import { lifecycleEvent, loginFailed } from '../alerts/world.ts'
import { completion } from '../audit/events.ts'
import { NETWORK } from '../sinks/services/sending.ts'
import { listenAsSlack } from '../sinks/services/slack.ts'

/** A log that can be told to fail. */
function fakeLog() {
  const listeners: ((healthy: boolean, why: string) => void)[] = []
  const written: AuditEvent[] = []
  const state = { healthy: true, written }
  const append = async (events: readonly AuditEvent[]) => {
    if (!state.healthy) throw new SallyportError('SP-AUDIT', 'no space')
    written.push(...events)
  }
  const log = {
    ...{ append, note: append },
    get healthy() {
      return state.healthy
    },
    onHealth: (listener: (typeof listeners)[number]) => listeners.push(listener),
  }
  const turn = (healthy: boolean) => {
    state.healthy = healthy
    for (const listener of listeners) listener(healthy, 'ENOSPC')
  }
  return { log: log as unknown as LogOfRecord, written, turn }
}

async function setUp(section: object = {}) {
  const slack = await listenAsSlack({ token: 't', channels: [] })
  const hook = `${slack.url}/services/T0/B0/secret`
  const sink: SinkSettings = { ...NETWORK, name: 'pager', kind: 'slack', way: { by: 'webhook', webhook: 'env:HOOK' } }
  const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-alerts-'))
  const alerts = buildAlerts(alertsSection.parse(section))
  const config = { alerts, node: { name: 'node-1', dataDir, audit: { sinks: [sink] } } } as unknown as Config
  let ids = 0
  const deps = {
    log: pino({ level: 'silent' }),
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    ids: { uuid: () => `alert-${++ids}` },
    secret: async () => hook,
    print: async () => undefined,
  }
  const { log, ...fake } = fakeLog()
  const part: AlertsPart = composeAlerts(log, config, deps)
  onTestFinished(async () => {
    await part.close()
    rmSync(dataDir, { recursive: true })
  })
  const alertsIn = () => fake.written.filter((event): event is AlertEvent => event.kind === 'alert')
  return { ...fake, part, slack, config, deps, dataDir, alertsIn }
}

describe('the log with alerts', () => {
  it('has the alert behind what it is raised for, and tells nobody past it', async () => {
    const { part, written, slack } = await setUp({ channels: ['pager'] })
    await part.audit.append([lifecycleEvent('break_glass.started')])
    await vi.waitFor(() => expect(written.map(({ kind }) => kind)).toEqual(['access', 'alert']))
    expect(written[1]).toMatchObject({ signal: 'break_glass_start', channels: ['pager'], sync: true })
    expect(slack.posted).toEqual([])
  })

  it('has none for what could not be written', async () => {
    const { part, alertsIn, turn } = await setUp({ signals: { log_unwritable: { enabled: false } } })
    turn(false)
    await expect(part.audit.append([lifecycleEvent('break_glass.started')])).rejects.toThrow('SP-AUDIT')
    turn(true)
    expect(alertsIn()).toEqual([])
  })

  it('goes on where a rule fails', async () => {
    const { part, written } = await setUp()
    part.follow({
      isUnrestricted: () => {
        throw new Error('a bug')
      },
      readsMasked: () => false,
    })
    const session = { ...completion(), kind: 'login', grantEnd: 1 } as unknown as AuditEvent
    await part.audit.append([session, loginFailed()])
    expect(written).toHaveLength(2)
  })
})

describe('a log that can not be written', () => {
  it('is told to the channels at once, without it; that and its end stand in it afterwards', async () => {
    const { turn, slack, alertsIn } = await setUp({ channels: ['pager'] })
    turn(false)
    await vi.waitFor(() => expect(slack.posted).toHaveLength(1))
    expect(slack.posted[0]?.text).toContain('[CRITICAL] The audit log can not be written')
    expect(slack.posted[0]?.text).toContain('ENOSPC')
    expect(alertsIn()).toEqual([])
    turn(true)
    await vi.waitFor(() => expect(alertsIn()).toHaveLength(2))
    expect(alertsIn()).toMatchObject([
      { signal: 'log_unwritable', state: 'raised', channels: [] },
      { signal: 'log_unwritable', state: 'resolved', channels: ['pager'] },
    ])
  })

  it('is told again where the channel does not take it', async () => {
    const { turn, slack } = await setUp({ channels: ['pager'] })
    slack.instead.push({ status: 500 })
    turn(false)
    await vi.waitFor(() => expect(slack.posted).toHaveLength(1), { timeout: 4000 })
  })

  it('is told once, and nobody where nobody is named', async () => {
    const { turn, slack, alertsIn, part } = await setUp()
    turn(false)
    turn(true)
    await vi.waitFor(() => expect(alertsIn()).toHaveLength(2), { timeout: 4000 })
    await part.close()
    expect(slack.heard).toEqual([])
  })
})

describe('a log that is not as it was written', () => {
  it('is told before the program ends', async () => {
    const { config, deps, slack } = await setUp({ channels: ['pager'] })
    await tellBrokenLog('the audit log is broken: line 7', config, deps)
    expect(slack.posted.map(({ text }) => text)).toEqual([
      '[CRITICAL] The audit log does not match its chain: the audit log of node-1 is not as it was written: the audit log is broken: line 7',
    ])
  })
})

describe('what was learned of roles', () => {
  it('is kept at the end', async () => {
    const { part, dataDir } = await setUp()
    const past = { ...completion(), time: Date.now() - 7_200_000 } as AuditEvent
    await part.audit.note([past])
    await part.close()
    const path = join(dataDir, 'alert-baseline.json')
    expect(existsSync(path) && JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      roles: { reader: { rows: 3, hours: 1 } },
    })
  })
})

import { SIGNALS, type Signal } from '../audit/alert_event.ts'
import type { AlertRule, AlertSettings } from '../audit/alert_settings.ts'
import { alertsSection, dayNumber } from './schema_alerts.ts'
import type { AlertsSection } from './schema_file.ts'

/** An empty configuration has all signals, and tells nobody but the log. */
export function buildAlerts(section: AlertsSection = alertsSection.parse({})): AlertSettings {
  const { hours, signals } = section
  const rules = Object.fromEntries(SIGNALS.map((signal) => [signal, ruleOf(section, signal)]))
  return {
    rules: rules as Record<Signal, AlertRule>,
    hours: { ...hours, days: hours.days.map(dayNumber) },
    volume: { minimumRows: signals.volume.minimumRows, learnHours: signals.volume.learnHours },
  }
}

function ruleOf({ signals, channels, owner, runbooks }: AlertsSection, signal: Signal): AlertRule {
  const rule = signals[signal]
  return {
    enabled: rule.enabled,
    threshold: 'threshold' in rule ? rule.threshold : 1,
    windowMs: 'window' in rule ? rule.window : 0,
    severity: rule.severity,
    quietMs: rule.quiet,
    owner: rule.owner ?? owner,
    runbook: rule.runbook ?? runbookOf(runbooks, signal),
    channels: rule.channels ?? channels,
  }
}

function runbookOf(base: string | undefined, signal: Signal): string {
  return base === undefined ? `docs/runbooks/${signal}.md` : `${base.replace(/\/$/, '')}/${signal}`
}

import type { AlertSeverity, Signal } from './alert_event.ts'

/** When a signal becomes an alert, and who hears of it. */
export interface AlertRule {
  readonly enabled: boolean
  /** So many within the window; 1: each. For `volume`, how many times the mean of the role. */
  readonly threshold: number
  /** For `sink_failing`, for how long. */
  readonly windowMs: number
  readonly severity: AlertSeverity
  /** After an alert, no other of the same key for so long. */
  readonly quietMs: number
  readonly owner: string
  /** An address, or a path in the documentation. */
  readonly runbook: string
  /** Names of sinks. */
  readonly channels: readonly string[]
}

/** When people are at work. */
export interface Hours {
  /** A name of the IANA time zone database. */
  readonly timeZone: string
  /** 0 is Sunday. */
  readonly days: readonly number[]
  /** Minutes after midnight; where `to` is before `from`, the span goes over midnight and belongs to the day of `from`. */
  readonly from: number
  readonly to: number
  /** Whether they hold for pipelines and services too. */
  readonly workloads: boolean
}

export interface AlertSettings {
  readonly rules: Readonly<Record<Signal, AlertRule>>
  readonly hours: Hours
  readonly volume: {
    /** Fewer rows in an hour are never an alert. */
    readonly minimumRows: number
    /** Hours of people under a role before its mean counts. */
    readonly learnHours: number
  }
}

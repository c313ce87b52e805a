import * as z from 'zod'
import { ALERT_SEVERITIES, type AlertSeverity } from '../audit/alert_event.ts'
import { duration, httpsUrl, name, positive, positiveDuration } from './schema_values.ts'

/** What is kept in memory for each that is counted. */
const MAX_COUNT = 1000
const MAX_ROWS = 1_000_000_000
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const channels = z.array(name).describe('Names of sinks (node.audit.sinks) that bring it to people.')
const owner = z.string().min(1).max(100).describe('Who answers for it: a name that people know.')

interface Defaults {
  readonly severity: AlertSeverity
  readonly quiet: string
}

/** What each signal has. */
function everyRule({ severity, quiet }: Defaults) {
  return {
    enabled: z.boolean().default(true).describe('false: it raises no alert.'),
    severity: z.enum(ALERT_SEVERITIES).default(severity).describe('How grave an alert is.'),
    quiet: duration.prefault(quiet).describe('After an alert, no other about the same for so long; they are counted.'),
    owner: owner.optional().describe('Default: alerts.owner.'),
    runbook: httpsUrl.optional().describe('Default: the page of this signal under alerts.runbooks.'),
    channels: channels.optional().describe('Default: alerts.channels; an empty list leaves it in the log alone.'),
  }
}

/** A signal of which each occurrence counts for itself, unless told otherwise. */
function counted(what: string, threshold: number, window: string, defaults: Defaults) {
  return z
    .strictObject({
      threshold: positive.max(MAX_COUNT).default(threshold).describe('So many within the window are an alert.'),
      window: positiveDuration.prefault(window).describe('How far back is counted.'),
      ...everyRule(defaults),
    })
    .prefault({})
    .describe(what)
}

/** A signal that is a state of the program itself. */
function state(what: string, defaults: Defaults) {
  return z.strictObject(everyRule(defaults)).prefault({}).describe(what)
}

const HOUR = '1h'
const HALF_HOUR = '30m'
const DAY = '24h'

const signals = z
  .strictObject({
    failed_logins_person: counted('Failed logins under one name, as claimed.', 10, '10m', {
      severity: 'medium',
      quiet: HALF_HOUR,
    }),
    failed_logins_address: counted('Failed logins from one address.', 20, '10m', {
      severity: 'medium',
      quiet: HALF_HOUR,
    }),
    denied_statements: counted(
      'Statements of a person that were denied in a row, with none between them that read or wrote.',
      10,
      '10m',
      { severity: 'medium', quiet: HALF_HOUR },
    ),
    bulk_read: counted('A person reads as much of one table as the role calls a bulk read.', 1, HOUR, {
      severity: 'medium',
      quiet: HOUR,
    }),
    export_attempt: counted('A statement that exports, whether it was allowed or denied.', 1, HOUR, {
      severity: 'medium',
      quiet: HOUR,
    }),
    break_glass_start: counted('Somebody starts break-glass.', 1, HOUR, { severity: 'high', quiet: '0s' }),
    outside_hours: counted('Access outside of alerts.hours.', 1, HOUR, { severity: 'low', quiet: '12h' }),
    grant_change: counted('A grant begins by request, or is revoked.', 1, HOUR, { severity: 'info', quiet: '0s' }),
    policy_change: counted('The policy is changed, by files or over the API.', 1, HOUR, {
      severity: 'medium',
      quiet: '0s',
    }),
    overdue_review: counted('A review was not done in time.', 1, HOUR, { severity: 'high', quiet: DAY }),
    orphaned_account: counted('An account of a session could not be dropped.', 1, HOUR, {
      severity: 'high',
      quiet: DAY,
    }),
    sink_failing: z
      .strictObject({
        window: duration.prefault('5m').describe('It fails for so long.'),
        ...everyRule({ severity: 'high', quiet: HOUR }),
      })
      .prefault({})
      .describe('A sink takes no records, or its backlog is over its bound.'),
    dead_letters: state('A sink refused records for good.', { severity: 'high', quiet: HOUR }),
    log_unwritable: state('The audit log can not be written. Told without the log.', {
      severity: 'critical',
      quiet: '15m',
    }),
    chain_mismatch: state('The audit log does not match its chain or its checkpoints.', {
      severity: 'critical',
      quiet: DAY,
    }),
    unrestricted_session: counted(
      'A session under an unrestricted role, or (PostgreSQL) by an account that is a superuser.',
      1,
      HOUR,
      {
        severity: 'medium',
        quiet: HOUR,
      },
    ),
    clear_reads: z
      .strictObject({
        threshold: positive
          .max(MAX_ROWS)
          .default(1000)
          .describe('So many rows within the window, of statements that read masked columns in clear.'),
        window: positiveDuration.prefault('10m').describe('How far back is counted.'),
        ...everyRule({ severity: 'medium', quiet: HOUR }),
      })
      .prefault({})
      .describe('A spike of clear reads by one person.'),
    volume: z
      .strictObject({
        threshold: z.number().min(1).max(1000).default(10).describe('So many times the mean of the role.'),
        minimumRows: positive.default(10_000).describe('Fewer rows in an hour are never an alert.'),
        learnHours: positive
          .max(10_000)
          .default(40)
          .describe('Hours in which people read under the role before its mean counts.'),
        ...everyRule({ severity: 'medium', quiet: HOUR }),
      })
      .prefault({})
      .describe('A person reads far more rows in an hour than people under the role do.'),
    bypass_login: counted('A login to a database that did not come through the proxy.', 1, HOUR, {
      severity: 'high',
      quiet: DAY,
    }),
    database_change: counted('A role, grant or policy was changed in a database, not by Sallyport.', 1, HOUR, {
      severity: 'medium',
      quiet: HOUR,
    }),
  })
  .prefault({})
  .describe('The signals. All are on; see docs/alerts.md.')

const clockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 08:30')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))

const hours = z
  .strictObject({
    timeZone: z
      .string()
      .refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
      .default('UTC')
      .describe('A name of the IANA time zone database.'),
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .default(['mon', 'tue', 'wed', 'thu', 'fri'])
      .describe('Days on which people work.'),
    from: clockTime.prefault('07:00').describe('When they begin.'),
    to: clockTime.prefault('19:00').describe('When they end; before `from`: on the next day.'),
    workloads: z.boolean().default(false).describe('true: holds for pipelines and services too.'),
  })
  .prefault({})
  .describe('When access is usual, for the signal outside_hours.')

export const alertsSection = z
  .strictObject({
    channels: channels.default([]).describe('Where alerts go, by the names of sinks; empty: they stand in the log.'),
    owner: owner.default('security').describe('Who answers for a signal that names nobody.'),
    runbooks: httpsUrl.optional().describe('Where the pages of docs/runbooks are, each under the name of its signal.'),
    hours,
    signals,
  })
  .describe('Alerts: what is one, and who hears of it. Stands once.')

/** 0 is Sunday. */
export function dayNumber(day: (typeof DAYS)[number]): number {
  return DAYS.indexOf(day)
}

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

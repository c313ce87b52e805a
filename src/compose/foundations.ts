import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { PolicyVersion } from '../access/records.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import type { LogOfRecord } from '../auditlog/audit_log.ts'
import { BROKEN_LOG } from '../auditlog/open_log.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { asSallyportError } from '../errors.ts'
import { LiveConfig } from '../live_config.ts'
import { createIds } from '../proxy/ids.ts'
import { createMetrics, type Metrics } from '../proxy/metrics.ts'
import { Sessions } from '../proxy/sessions.ts'
import { createSecrets, type Secrets } from '../secrets/live_secrets.ts'
import type { Clock, Ids } from '../session/ports.ts'
import { createStandardOutput, type StandardOutput } from '../sinks/standard_output.ts'
import { createNamesFile } from '../store/names_file.ts'
import { type AlertsDeps, type AlertsPart, composeAlerts, tellBrokenLog } from './alerts_part.ts'
import { openLog, Readings, type Recorder, recorder } from './audit_part.ts'
import { alertWorld } from './masked_columns.ts'
import { madeVersions } from './policy_files.ts'
import { composeStore, type StorePart } from './store_part.ts'

/** Where events go from the audit log: to webhooks, once the API is there. */
export interface Onward {
  deliver: (events: readonly AccessEvent[]) => Promise<void>
}

/** What a program around this one may put in place of a part; no configuration can. */
export interface Seams {
  /** Takes all records in place of the log of record, which is opened all the same. */
  readonly audit?: LogOfRecord
}

/** What everything else stands on. */
export interface Foundations {
  readonly configDir: string
  readonly clock: Clock
  readonly secrets: Secrets
  readonly log: Logger
  /** Where the lines of `log` go, and those of a sink. */
  readonly output: StandardOutput
  readonly audit: LogOfRecord
  readonly alerts: AlertsPart
  readonly ids: Ids
  readonly record: Recorder
  readonly metrics: Metrics
  readonly sessions: Sessions
  readonly stored: StorePart
  readonly onward: Onward
  readonly config: Config
  /** The policy that was made over the API. */
  readonly made: readonly PolicyVersion[]
  readonly live: LiveConfig
}

/**
 * The configuration, the audit log and the store, in this order: nothing happens before it can be recorded. What was made
 * over the API stands in the store, so the configuration is whole only then.
 */
export async function layFoundations(configDir: string, clock: Clock, { audit: other }: Seams): Promise<Foundations> {
  const readings = new Readings()
  const secrets = createSecrets({ baseDir: configDir, clock, onReading: (reading) => readings.tell(reading) })
  const files = await loadConfig(configDir, secrets.resolve)
  await secrets.configure(files.secrets)
  const output = createStandardOutput()
  const log = pino({ level: files.node.logLevel, base: { node: files.node.name } }, output)
  const ids = createIds(clock.now)
  const secret = (reference: string) => secrets.text(reference)
  const telling = { log, ids, clock, secret, print: (text: string) => output.writeAll(text) }
  const opened = await openLog(files, { log, ids, clock }).catch((error: unknown) => notOpened(error, files, telling))
  const alerts = composeAlerts(opened, files, telling)
  const audit = other ?? alerts.audit
  const record = recorder(audit, ids, clock)
  await record({ kind: 'process', what: 'start' })
  readings.recordWith(record, log)
  const sessions = new Sessions()
  const isLive = (sessionId: string) => sessions.get(sessionId) !== undefined
  const onward: Onward = { deliver: async () => undefined }
  const delivered = (events: readonly AccessEvent[]) => onward.deliver(events)
  const stored = await composeStore(files, { audit, clock, ids, log, isLive, delivered })
  const made = await madeVersions(stored.store)
  const config = await loadConfig(configDir, secrets.resolve, made)
  await record({ kind: 'config_loaded', digest: config.digest, previous: null, changes: [] })
  // What waits for the catalog goes on as soon as there is one.
  const notes = createNamesFile(join(config.node.dataDir, 'former-names.json'))
  const live = new LiveConfig(config, secrets, clock, log, notes, (target) => sessions.tick(target))
  alerts.configure(config)
  alerts.follow(alertWorld(live))
  const metrics = createMetrics()
  return {
    configDir,
    clock,
    secrets,
    log,
    output,
    audit,
    alerts,
    ids,
    record,
    metrics,
    sessions,
    stored,
    onward,
    config,
    made,
    live,
  }
}

/** Without a log there is no program; that it was changed is told before the end. */
async function notOpened(error: unknown, files: Config, telling: AlertsDeps): Promise<never> {
  const { code, detail } = asSallyportError(error)
  if (code === 'SP-AUDIT' && detail.startsWith(BROKEN_LOG)) await tellBrokenLog(detail, files, telling)
  throw error
}

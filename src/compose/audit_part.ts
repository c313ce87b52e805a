import { join } from 'node:path'
import type { Logger } from 'pino'
import type { AuditEvent } from '../audit/event.ts'
import { type LogOfRecord, openAuditLog } from '../auditlog/audit_log.ts'
import { disk } from '../auditlog/log_file.ts'
import { signingKey } from '../auditlog/log_identity.ts'
import { logBefore } from '../auditlog/new_log.ts'
import type { Config } from '../config/config.ts'
import type { AuditLog, Clock, Ids, SecretReading } from '../session/ports.ts'
import { secretEvent } from '../session/secret_event.ts'
import { VERSION } from '../version.ts'

type Unstamped<T> = T extends AuditEvent ? Omit<T, 'id' | 'time'> : never

/** Makes a record of the program itself durable. */
export type Recorder = (event: Unstamped<AuditEvent>) => Promise<void>

/** Opens the log of record of this node, and puts on record what was found there. */
export async function openLog({ node }: Config, { log, ids, clock }: LogDeps): Promise<LogOfRecord> {
  const { directory, durability, origin, key: configured, segment, sealTo } = node.audit
  const key = await signingKey(join(node.dataDir, 'audit.key'), configured, origin, disk)
  const audit = await openAuditLog({
    ...{ directory, durability, origin, key, segment, sealTo, clock },
    writerId: node.name,
    product: { version: VERSION, uid: node.name },
    newId: () => ids.uuid(),
    failed: (error) => log.error({ err: error }, 'a checkpoint of the audit log could not be written'),
  })
  const about = { id: ids.uuid(), time: clock.now() }
  if (audit.progress[0] === 0n) {
    const { writer, vkeys } = audit.identity
    // The first record of a log names the one that an admin set aside.
    const detail = { writer, origin, vkey: vkeys[0]?.vkey, after: logBefore(directory, disk) }
    await audit.append([{ kind: 'log', what: 'started', ...about, detail }])
  }
  if (audit.cut !== null) {
    log.warn(audit.cut, 'the audit log ended in what was not whole, which was set aside')
    await audit.append([{ kind: 'log', what: 'recovered', ...about, detail: audit.cut }])
  }
  return audit
}

interface LogDeps {
  readonly log: Logger
  readonly ids: Ids
  readonly clock: Clock
}

export function recorder(audit: AuditLog, ids: Ids, clock: Clock): Recorder {
  return (event) => audit.append([{ ...event, id: ids.uuid(), time: clock.now() } as AuditEvent])
}

/** Readings of secrets on their way to the audit log, which opens after the first of them. */
export class Readings {
  #waiting: SecretReading[] = []
  #record: ((reading: SecretReading) => void) | null = null

  tell(reading: SecretReading): void {
    if (this.#record === null) this.#waiting.push(reading)
    else this.#record(reading)
  }

  recordWith(record: Recorder, log: Logger): void {
    this.#record = (reading) => {
      if (!reading.ok) log.warn({ reference: reading.reference, detail: reading.detail }, 'a secret can not be read')
      record(secretEvent(reading)).catch((error: unknown) => log.error({ err: error }, 'a reading was not recorded'))
    }
    for (const reading of this.#waiting.splice(0)) this.#record(reading)
  }
}

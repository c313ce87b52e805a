import type { Logger } from 'pino'
import type { AuditEvent } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import type { AuditLog, Clock, Ids, SecretReading } from '../session/ports.ts'
import { secretEvent } from '../session/secret_event.ts'
import { createFileAuditLog } from '../sinks/file_audit_log.ts'
import { VERSION } from '../version.ts'

type Unstamped<T> = T extends AuditEvent ? Omit<T, 'id' | 'time'> : never

/** Makes a record of the program itself durable. */
export type Recorder = (event: Unstamped<AuditEvent>) => Promise<void>

export function openAuditLog({ node }: Config, log: Logger): AuditLog {
  const audit = createFileAuditLog({
    path: node.audit.path,
    durability: node.audit.durability,
    writerId: node.name,
    product: { version: VERSION, uid: node.name },
  })
  if (audit.cutBytes > 0) log.warn({ bytes: audit.cutBytes }, 'the audit log ended in a torn line, which was cut')
  return audit
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

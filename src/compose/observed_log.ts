import type { AuditEvent } from '../audit/event.ts'
import type { LogOfRecord } from '../auditlog/audit_log.ts'

/**
 * The log, with somebody who looks at each event when it is as durable as was asked for. Notes are looked at when they are
 * on their way: nothing waits for them, and what is counted of them is rows.
 */
export function observedLog(log: LogOfRecord, observe: (event: AuditEvent) => void): LogOfRecord {
  return {
    append: async (events) => {
      await log.append(events)
      for (const event of events) observe(event)
    },
    note: (events) => {
      const written = log.note(events)
      for (const event of events) observe(event)
      return written
    },
    get healthy() {
      return log.healthy
    },
    close: () => log.close(),
    progress: log.progress,
    identity: log.identity,
    cut: log.cut,
    onHealth: (listener) => log.onHealth(listener),
    onRotation: (listener) => log.onRotation(listener),
    configure: (settings) => log.configure(settings),
  }
}

import type { LogOfRecord } from '../auditlog/audit_log.ts'
import { Upkeep } from '../auditlog/upkeep_thread.ts'
import type { Foundations } from './foundations.ts'
import { checkWholeLog } from './log_check_part.ts'

type UpkeepDeps = Pick<Foundations, 'live' | 'clock' | 'log' | 'record' | 'metrics'> & {
  readonly audit: LogOfRecord
  /** Every sink has what stands before this line. */
  readonly delivered: () => number
}

/** Sees to the log of record while the program runs: at its start, after each segment, and each hour. */
export function composeUpkeep({ audit, live, clock, log, record, metrics, delivered }: UpkeepDeps): Upkeep {
  checkWholeLog({ audit, live, log, record, metrics })
  const upkeep = new Upkeep({
    settings: () => live.config.node.audit,
    delivered,
    now: () => clock.now(),
    deleting: async ({ first, next, oldest, newest }) => {
      await record({ kind: 'log', what: 'segment_deleted', detail: { first, next, oldest, newest } })
    },
    failed: (err) => log.error({ err }, 'the audit log could not be seen to: it grows'),
  })
  audit.onRotation(() => upkeep.soon())
  upkeep.soon()
  return upkeep
}

import { BackgroundCheck } from '../auditlog/verify/background_check.ts'
import type { Foundations } from './foundations.ts'

/**
 * Verifies the whole log while the program runs, at its start and each day: the segment that is written to was checked as
 * it was opened. It ends with the process.
 */
export function checkWholeLog({ audit, live, log, record, metrics }: LogCheckDeps): void {
  const verdict = (value: number) => metrics.auditVerified.set(value)
  verdict(Number.NaN)
  const check = new BackgroundCheck({
    directory: live.config.node.audit.directory,
    vkeys: audit.identity.vkeys.map(({ vkey }) => vkey),
    onGood: () => verdict(1),
    onMismatch: (where) => {
      verdict(0)
      log.error({ where }, 'the audit log is not as it was written')
      // On record, which raises the alert.
      void record({ kind: 'log', what: 'broken', detail: { where } }).catch((err: unknown) =>
        log.error({ err }, 'a broken audit log was not recorded'),
      )
    },
    onUnchecked: (why) => {
      verdict(Number.NaN)
      log.warn({ why }, 'the audit log could not be verified')
    },
  })
  check.start()
}

type LogCheckDeps = Pick<Foundations, 'audit' | 'live' | 'log' | 'record' | 'metrics'>

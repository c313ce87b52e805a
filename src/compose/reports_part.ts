import type { Config } from '../config/config.ts'
import { asSallyportError } from '../errors.ts'
import type { ApiDeps } from '../http/ports.ts'
import { createEvidence } from '../reports/evidence.ts'
import { GAUGES_PERIOD_MS, keepGauges } from '../reports/figure_gauges.ts'
import { figuresOf } from '../reports/figures.ts'
import { createHistory } from '../reports/history.ts'
import type { ReportDeps, ReportPolicy } from '../reports/report_ports.ts'
import { createReportThreads } from '../reports/report_thread.ts'
import { createUsage } from '../reports/usage.ts'
import type { Foundations } from './foundations.ts'
import { composePosture } from './posture_part.ts'
import { composeSearch } from './search_part.ts'

export interface ReportsPart extends Pick<ApiDeps, 'usage' | 'evidence' | 'history' | 'auditSearch' | 'posture'> {
  close(): Promise<void>
}

/** What is read of records and of the audit log: for reviews, auditors, and each person of their own. */
export function composeReports(base: Foundations): ReportsPart {
  const { live, stored, clock, log, metrics } = base
  const { store } = stored
  const threads = createReportThreads(live.config.node.audit.directory)
  const policy = () => reportPolicyOf(live.config)
  const { looks: posture, stop: stopWatch } = composePosture(base)
  const deps: ReportDeps = {
    store,
    clock,
    policy,
    usageKnownSince: () => stored.usageKnown.since,
    posture: () => posture.last(),
    lookAtTargets: () => posture.refresh(),
    audit: threads,
  }
  const search = composeSearch(base)
  const stopGauges = keepGauges({
    registry: metrics.registry,
    figures: () => figuresOf(deps, { from: clock.now() - GAUGES_PERIOD_MS, to: clock.now() }, null),
    monotonic: () => clock.monotonic(),
    failed: (error) => log.warn(why(error), 'the figures could not be made'),
  })
  return {
    usage: createUsage(store, policy),
    evidence: createEvidence(deps, threads),
    history: createHistory(threads),
    auditSearch: search.auditSearch,
    posture,
    close: async () => {
      await Promise.all([stopGauges(), stopWatch(), search.close()])
      await threads.close()
    },
  }
}

function reportPolicyOf({ roles, grants, staticAccounts }: Config): ReportPolicy {
  const accounts = [...staticAccounts].flatMap(([target, standing]) =>
    [...new Set([standing.default, ...standing.byRole.values()].map(({ user }) => user))].map((user) => ({
      target,
      user,
    })),
  )
  return { roles, fileGrants: grants, standingAccounts: accounts }
}

function why(error: unknown) {
  const { code, detail } = asSallyportError(error)
  return { code, detail }
}

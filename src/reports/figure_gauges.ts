import { Gauge, type Registry } from 'prom-client'
import type { Figures } from './figures.ts'

/** The figures of the last 30 days for Prometheus, behind everything else. */

export const GAUGES_PERIOD_MS = 30 * 86_400_000
const REFRESH_EVERY_MS = 60_000
/** What takes long is made less often, so that it takes at most so much of the time. */
const SHARE_OF_TIME = 0.01
const MS_PER_SECOND = 1_000

const GAUGES: readonly (readonly [name: string, help: string, of: (figures: Figures) => number | null])[] = [
  ['standing_credentials', 'Standing credentials of people', (one) => one.standingCredentials],
  ['mean_access_seconds', 'Mean duration of access that ended', (one) => seconds(one.meanAccessMs)],
  ['measured_sessions', 'Sessions that ended and whose use is known', (one) => one.sessions],
  ['over_privileged_sessions', 'Those under a grant of more than was used', (one) => one.overPrivilegedSessions],
  ['request_to_first_query_seconds', 'Median, for approved access', (one) => seconds(one.requestToFirstQueryMs)],
  ['break_glass', 'Emergency access that was opened', (one) => one.breakGlass],
  ['idle_grants', 'Open grants that nobody uses', (one) => one.idleGrants],
]

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / MS_PER_SECOND
}

export interface GaugeDeps {
  readonly registry: Registry
  readonly figures: () => Promise<Figures>
  readonly monotonic: () => number
  readonly failed: (error: unknown) => void
}

/** Keeps the gauges up to date from a minute from now on. Gives the way to stop. */
export function keepGauges({ registry, figures, monotonic, failed }: GaugeDeps): () => Promise<void> {
  const gauges = GAUGES.map(([name, help, of]) => {
    const gauge = new Gauge({ name: `sallyport_${name}`, help: `${help}, last 30 days`, registers: [registry] })
    return { gauge, of }
  })
  let timer: NodeJS.Timeout
  let stopped = false
  let running = Promise.resolve()
  const refresh = async () => {
    const began = monotonic()
    try {
      const known = await figures()
      // A gauge that nothing is known of says so: NaN, never 0.
      for (const { gauge, of } of gauges) gauge.set(of(known) ?? Number.NaN)
    } catch (error) {
      failed(error)
    }
    if (!stopped) again(Math.max(REFRESH_EVERY_MS, (monotonic() - began) / SHARE_OF_TIME))
  }
  const again = (inMs: number) => {
    timer = setTimeout(() => {
      running = refresh()
    }, inMs)
    timer.unref()
  }
  again(REFRESH_EVERY_MS)
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}

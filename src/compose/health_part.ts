import type { ProxyContext } from '../proxy/context.ts'
import { type HealthServer, serveHealth } from '../proxy/health.ts'
import type { Proxy as RunningProxy } from '../proxy/proxy.ts'
import type { StorePart } from './store_part.ts'

/** Ends of grants are times: a node whose clock is further off is not to be relied on. Milliseconds. */
const MAX_SKEW_MS = 5_000

/** Metrics and health. Not ready: draining, without an audit log, without the store, or with a clock that is off. */
export function startHealth(
  address: { readonly host: string; readonly port: number },
  { metrics, audit, clock }: ProxyContext,
  proxy: RunningProxy,
  { store, grants }: Pick<StorePart, 'store' | 'grants'>,
): Promise<HealthServer> {
  return serveHealth({
    ...address,
    registry: metrics.registry,
    notReady: () => {
      const skew = Math.round(store.skewMs())
      return [
        ...(proxy.draining ? ['draining'] : []),
        ...(audit.healthy ? [] : ['the audit log can not be written']),
        ...(clock.monotonic() < grants.leaseUntil() ? [] : ['the store was not heard of for longer than the lease']),
        ...(Math.abs(skew) <= MAX_SKEW_MS ? [] : [`the clock is ${skew} ms off that of the store`]),
      ]
    },
  })
}

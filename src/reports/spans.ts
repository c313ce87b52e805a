import { personKey } from '../identity/identity.ts'
import type { HeldGrant } from './grant_findings.ts'
import type { Period } from './report_ports.ts'

/** An access: the time without a gap in which a person held a role on a target, by however many grants. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A grant that prolongs another begins where that ends: so much between them is no gap. */
const NO_GAP_MS = 1_000

export function accessSpans(grants: readonly HeldGrant[]): readonly Span[] {
  // One that was ended before it began gave nothing.
  const given = grants.filter(({ start, end }) => end > start)
  const byAccess = Map.groupBy(given, ({ holder, grant }) =>
    JSON.stringify([personKey(holder), grant.target, grant.role]),
  )
  return [...byAccess.values()].flatMap((held) => joined(held))
}

function joined(held: readonly Span[]): readonly Span[] {
  const spans: { start: number; end: number }[] = []
  for (const { start, end } of [...held].sort((a, b) => a.start - b.start)) {
    const last = spans.at(-1)
    if (last !== undefined && start <= last.end + NO_GAP_MS) last.end = Math.max(last.end, end)
    else spans.push({ start, end })
  }
  return spans
}

/** Of those that ended in the period; null where none did. */
export function meanAccessMs(spans: readonly Span[], { from, to }: Period): number | null {
  const ended = spans.filter(({ end }) => end >= from && end < to)
  if (ended.length === 0) return null
  return Math.round(ended.reduce((sum, { start, end }) => sum + end - start, 0) / ended.length)
}

/** The middle one; of an even number the mean of both in the middle. */
export function median(numbers: readonly number[]): number | null {
  const sorted = [...numbers].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : Math.round((low + high) / 2)
}

/** The smallest that so large a share does not exceed (nearest rank). */
export function percentile(numbers: readonly number[], share: number): number | null {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
}

/** How long records are kept: by what they are of, the longest that a segment holds. */

/** In milliseconds; null: as long as `default`. */
export interface Retention {
  readonly default: number
  readonly statements: number | null
  readonly logins: number | null
  readonly alerts: number | null
  readonly administration: number | null
  readonly holds: readonly Hold[]
}

/** Nothing of this time is deleted. */
export interface Hold {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly from: number
  /** Null: for as long as the hold stands. */
  readonly to: number | null
}

export type RecordClass = 'statements' | 'logins' | 'alerts' | 'administration'

/** The newest record of each class in a segment, and the oldest of all. */
export interface SegmentContents {
  readonly oldest: number
  readonly newest: ReadonlyMap<RecordClass, number>
}

const CLASSES: readonly (readonly [prefix: string, of: RecordClass])[] = [
  ['db.', 'statements'],
  ['session.', 'logins'],
  ['alert.', 'alerts'],
]

/** By the event code of a record. */
export function classOf(code: string): RecordClass {
  return CLASSES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'administration'
}

export function periodOf(retention: Retention, of: RecordClass): number {
  return retention[of] ?? retention.default
}

/** The shortest of all: what is younger needs no look. */
export function shortestPeriod(retention: Retention): number {
  return Math.min(
    ...(['statements', 'logins', 'alerts', 'administration'] as const).map((of) => periodOf(retention, of)),
  )
}

/** Whether a segment may go: each class in it is past its time, and no hold is on any of that. */
export function isPast({ oldest, newest }: SegmentContents, retention: Retention, now: number): boolean {
  const latest = Math.max(...newest.values())
  if (retention.holds.some(({ from, to }) => from <= latest && (to === null || to >= oldest))) return false
  return [...newest].every(([of, time]) => time + periodOf(retention, of) < now)
}

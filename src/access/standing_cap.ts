import { SallyportError } from '../errors.ts'
import type { Role } from '../policy/role.ts'
import type { GrantRecord } from './model.ts'
import { hours } from './validate.ts'

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Throws `SP-REQUEST` where the new span would put more granted time into some window than the role's cap: access that is
 * asked for again and again is standing access. `held` are the person's grants of the role on the target, ended ones too.
 */
export function checkStandingCap(role: Role, held: readonly GrantRecord[], asked: Span): void {
  const { standingCap } = role.asking
  if (standingCap === null) return
  const { maxMs, windowMs } = standingCap
  const spans = [...held.map(spanOf), asked]
  const ends = spans.map(({ end }) => end).filter((end) => end > asked.start && end - windowMs < asked.end)
  const fullest = Math.max(...ends.map((end) => heldIn(spans, { start: end - windowMs, end })))
  if (fullest <= maxMs) return
  const said = `${hours(maxMs)} in any ${hours(windowMs)}`
  throw new SallyportError(
    'SP-REQUEST',
    `the role ${role.name} is given for at most ${said} to one person on one target`,
  )
}

/** An ended grant counts for as long as it stood. */
function spanOf({ grant, endedAt }: GrantRecord): Span {
  const end = Math.min(grant.end, endedAt ?? grant.end)
  return { start: grant.start, end: Math.max(grant.start, end) }
}

function heldIn(spans: readonly Span[], window: Span): number {
  return spans.reduce(
    (sum, { start, end }) => sum + Math.max(0, Math.min(end, window.end) - Math.max(start, window.start)),
    0,
  )
}

import { SallyportError } from '../errors.ts'
import type { Grant, GrantsSnapshot } from '../policy/grant.ts'
import type { Clock, Grants } from '../session/ports.ts'

export interface FileGrants extends Grants {
  /** Throws `SP-CONFIG` where `replace` would refuse; changes nothing. */
  check(grants: readonly Grant[]): void
  /**
   * The grants of a reloaded configuration; those that are missing end. All or nothing: throws `SP-CONFIG` where a
   * grant was edited, or one that ended comes back.
   */
  replace(grants: readonly Grant[]): void
}

interface Known {
  readonly grant: Grant
  readonly content: string
  /** In monotonic milliseconds: setting the wall clock back prolongs nothing. */
  readonly deadline: number
  ended: 'no' | 'by time' | 'by removal'
}

/** Ended ids are remembered for the life of the process; the wall clock ends a grant too, whichever is first. */
export function createFileGrants(initial: readonly Grant[], clock: Clock): FileGrants {
  const known = new Map<string, Known>()
  const listeners = new Set<() => void>()
  let snapshot: GrantsSnapshot = { version: 0, grants: [] }

  const publish = () => {
    const active = [...known.values()].filter(({ ended }) => ended === 'no').map(({ grant }) => grant)
    snapshot = { version: snapshot.version + 1, grants: active }
    for (const listener of [...listeners]) listener()
  }
  const replace = (grants: readonly Grant[]) => {
    endByTime(known, clock)
    refuseRevival(known, grants)
    const ids = new Set(grants.map(({ id }) => id))
    for (const [id, entry] of known) if (!ids.has(id) && entry.ended === 'no') entry.ended = 'by removal'
    for (const grant of grants) if (!known.has(grant.id)) known.set(grant.id, entryOf(grant, clock))
    endByTime(known, clock)
    publish()
  }
  replace(initial)
  return {
    snapshot: () => {
      if (endByTime(known, clock)) publish()
      return snapshot
    },
    refusal: (id) => {
      const entry = known.get(id)
      return entry && lasts(entry, clock) ? null : new SallyportError('SP-GRANT-ENDED', 'the grant has ended')
    },
    endedAt: () => null,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    check: (grants) => refuseRevival(known, grants),
    replace,
  }
}

function entryOf(grant: Grant, clock: Clock): Known {
  const deadline = clock.monotonic() + (grant.end - clock.now())
  return { grant, content: contentOf(grant), deadline, ended: 'no' }
}

function lasts({ ended, grant, deadline }: Known, clock: Clock): boolean {
  return ended === 'no' && clock.now() < grant.end && clock.monotonic() < deadline
}

/** True where a grant ended since the last look. */
function endByTime(known: ReadonlyMap<string, Known>, clock: Clock): boolean {
  let changed = false
  for (const entry of known.values()) {
    if (entry.ended !== 'no' || lasts(entry, clock)) continue
    entry.ended = 'by time'
    changed = true
  }
  return changed
}

/** An expired grant may stay in the file as it was; anything else would be an edit. */
function refuseRevival(known: ReadonlyMap<string, Known>, grants: readonly Grant[]): void {
  const wrong: string[] = []
  for (const grant of grants) {
    const entry = known.get(grant.id)
    if (entry === undefined) continue
    if (entry.ended === 'by removal') wrong.push(`grant ${grant.id} has ended: a new grant needs a new id`)
    else if (entry.content !== contentOf(grant)) wrong.push(`grant ${grant.id} was edited: a change needs a new id`)
  }
  if (wrong.length > 0) throw new SallyportError('SP-CONFIG', wrong.join('\n'))
}

function contentOf(grant: Grant): string {
  const { id, principal, target, role, parameters, start, end, reason, ticket } = grant
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([id, principal, target, role, sorted, start, end, reason, ticket])
}

import type { Lock } from '../access/records.ts'
import { SallyportError } from '../errors.ts'
import type { Locked, Locks } from '../session/ports.ts'
import { everyRecord, Snapshot, type SnapshotDeps } from './snapshot.ts'

export interface StoreLocks extends Locks {
  /** Nothing is locked, as far as is known: before each statement nobody has to look further. */
  readonly empty: boolean
  /** Called after each change. Returns the way to stop listening. */
  onChange(listener: () => void): () => void
  /** Monotonic milliseconds, see `Store`. */
  leaseUntil(): number
  close(): Promise<void>
}

/** What a client is told while this node has no lease, by locks and by grants. */
export const NOT_HEARD_FROM = 'this node has not heard from the store for longer than its lease'

interface Held {
  readonly lock: Lock
  /** Monotonic: setting the wall clock forward lifts nothing. */
  readonly deadline: number
}

/** The locks of the store, answered from memory. Where they can't be known, nobody is let in. */
export async function createLocks(deps: SnapshotDeps): Promise<StoreLocks> {
  const { clock } = deps
  const listeners = new Set<() => void>()
  let held = new Map<string, Held>()
  const snapshot = new Snapshot<readonly Lock[]>(deps, {
    what: 'locks',
    load: (tx) => everyRecord(tx.locks, { liftedAt: null }),
    loaded: (locks) => {
      held = new Map(locks.toSorted(byEnd).map((lock) => [keyOf(lock.what, lock.value), heldFrom(lock, held, clock)]))
      for (const listener of [...listeners]) listener()
    },
  })
  await snapshot.start()
  const lasts = ({ lock: { until }, deadline }: Held) =>
    until === null || clock.now() < until || clock.monotonic() < deadline
  return {
    get empty() {
      return held.size === 0
    },
    lockedBy: ({ person, target, grantId }) => {
      if (clock.monotonic() >= snapshot.leaseUntil()) return new SallyportError('SP-LEASE', NOT_HEARD_FROM)
      if (held.size === 0) return null
      const keys = [keyOf('person', person), keyOf('target', target)]
      if (grantId !== null) keys.push(keyOf('grant', grantId))
      for (const key of keys) {
        const found = held.get(key)
        if (found && lasts(found)) return shown(found.lock)
      }
      return null
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    leaseUntil: () => snapshot.leaseUntil(),
    close: () => snapshot.close(),
  }
}

function heldFrom(lock: Lock, before: ReadonlyMap<string, Held>, clock: SnapshotDeps['clock']): Held {
  const known = before.get(keyOf(lock.what, lock.value))
  if (known && known.lock.id === lock.id && known.lock.until === lock.until) return { lock, deadline: known.deadline }
  return {
    lock,
    deadline: lock.until === null ? Number.POSITIVE_INFINITY : clock.monotonic() + lock.until - clock.now(),
  }
}

/** Of several locks of one thing the last to end counts: a map keeps the last that was put in. */
function byEnd(a: Lock, b: Lock): number {
  return (a.until ?? Number.MAX_VALUE) - (b.until ?? Number.MAX_VALUE)
}

function keyOf(what: Lock['what'], value: string): string {
  return `${what}\0${value}`
}

function shown({ what, label, reason, at, until }: Lock): Locked {
  return { what, label, reason, at, until }
}

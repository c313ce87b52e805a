import type { NodeRecord } from '../access/records.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import { asSallyportError, type SallyportError } from '../errors.ts'
import type { Clock, Ids } from '../session/ports.ts'
import { everyRecord } from './snapshot.ts'
import type { SqlStore } from './sql_store.ts'

export const BEAT_EVERY_MS = 2_000
/** A node that was not seen for so long is taken for dead: others clean up after it. */
const SEEN_WITHIN_MS = 15_000
/** Sessions that a dead node left behind are looked for each so many beats. */
const SWEEP_EVERY_BEATS = 15

export interface NodeDeps {
  readonly store: SqlStore
  readonly clock: Clock
  readonly ids: Ids
  readonly failed: (error: SallyportError) => void
  /** Its name is its id. */
  readonly node: string
  readonly address: string | null
}

export interface Presence {
  /** When this process began, by its own clock. */
  readonly startedAt: number
  close(): Promise<void>
}

/** Time by the clock of the store, which all nodes share. */
function storeTime({ store, clock }: Pick<NodeDeps, 'store' | 'clock'>): number {
  return Math.round(clock.now() - store.skewMs())
}

export function notSeenForMs({ seenAt }: NodeRecord, deps: Pick<NodeDeps, 'store' | 'clock'>): number {
  return storeTime(deps) - seenAt
}

export function isSeen(record: NodeRecord, deps: Pick<NodeDeps, 'store' | 'clock'>): boolean {
  return notSeenForMs(record, deps) < SEEN_WITHIN_MS
}

/**
 * Tells the other nodes that this one lives, and ends the sessions that a dead one left behind in the store. Rejects
 * with `SP-STORE` where it can't begin.
 */
export async function joinNodes(deps: NodeDeps): Promise<Presence> {
  const { store, clock, node } = deps
  const startedAt = clock.now()
  await store.write(async (tx) => {
    const known = await tx.nodes.get(node)
    const now = recordOf(deps, startedAt)
    if (known) await tx.nodes.update({ ...now, version: known.version })
    else await tx.nodes.insert(now)
    tx.record(nodeEvent(deps, 'node.joined', 'info', { clockSkewMs: now.clockSkewMs }))
  })
  await endLeftSessions(deps, startedAt)
  const stop = keepBeating(deps, startedAt)
  return {
    startedAt,
    close: async () => {
      await stop()
      await store.write((tx) => tx.nodes.remove(node))
    },
  }
}

function keepBeating(deps: NodeDeps, startedAt: number): () => Promise<void> {
  const { store, clock, node } = deps
  let beats = 0
  let seenAt = clock.monotonic()
  const beat = async () => {
    const cutOffMs = clock.monotonic() - seenAt
    await store.write(async (tx) => {
      const now = recordOf(deps, startedAt)
      const known = await tx.nodes.get(node)
      if (known) await tx.nodes.update({ ...now, version: known.version })
      else await tx.nodes.insert(now)
      if (cutOffMs >= SEEN_WITHIN_MS) {
        tx.record(nodeEvent(deps, 'node.cut_off', 'high', { forMs: Math.round(cutOffMs) }))
      }
    })
    seenAt = clock.monotonic()
    beats++
    if (beats % SWEEP_EVERY_BEATS === 0) await endLeftSessions(deps, startedAt)
  }
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    running ??= beat()
      .catch((error: unknown) => deps.failed(asSallyportError(error)))
      .finally(() => {
        running = null
      })
  }, BEAT_EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** Sessions of nodes that are gone, and of this one from before it was started: they ended when they were last seen. */
async function endLeftSessions(deps: NodeDeps, startedAt: number): Promise<void> {
  await deps.store.write(async (tx) => {
    const nodes = new Map((await everyRecord(tx.nodes, {})).map((record) => [record.id, record]))
    for (const session of await everyRecord(tx.sessions, { endedAt: null })) {
      const node = nodes.get(session.node)
      const since = session.node === deps.node ? startedAt : node && isSeen(node, deps) ? node.startedAt : null
      if (since !== null && session.startedAt >= since) continue
      await tx.sessions.update({ ...session, endedAt: session.lastSeenAt })
    }
  })
}

function recordOf(deps: NodeDeps, startedAt: number): NodeRecord {
  const { node, address, store } = deps
  return { id: node, version: 1, startedAt, seenAt: storeTime(deps), address, clockSkewMs: store.skewMs() }
}

function nodeEvent(
  { clock, ids, node }: NodeDeps,
  activity: AccessEvent['activity'],
  severity: AccessEvent['severity'],
  detail: AccessEvent['detail'],
): AccessEvent {
  const nobody = { actor: null, person: null, target: null, role: null, grantId: null, requestId: null, reason: null }
  const entity = { type: 'node', id: node }
  const rest = { ticket: null, incident: null, clientAddress: null, detail }
  return { kind: 'access', id: ids.uuid(), time: clock.now(), activity, severity, entity, ...nobody, ...rest }
}

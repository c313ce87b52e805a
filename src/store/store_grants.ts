import type { GrantRecord } from '../access/model.ts'
import type { ReadTx } from '../access/ports.ts'
import { SallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import type { GrantsSnapshot } from '../policy/grant.ts'
import type { Clock, Grants, Locked } from '../session/ports.ts'
import type { FileGrants } from './file_grants.ts'
import { everyRecord, Snapshot, type SnapshotDeps } from './snapshot.ts'
import { NOT_HEARD_FROM, type StoreLocks } from './store_locks.ts'

/** How often the end of the lease is looked for, so that those who listen hear of it. Milliseconds. */
const LEASE_LOOK_MS = 100

export interface StoreGrants extends Grants {
  /** Monotonic milliseconds until which grants and locks may be relied on: `/readyz` follows it. */
  leaseUntil(): number
  close(): Promise<void>
}

export interface StoreGrantsDeps extends SnapshotDeps {
  readonly files: FileGrants
  readonly locks: StoreLocks
}

/** What the store holds of grants: those that stand, and the story of those that ended since the last look. */
interface Loaded {
  readonly standing: readonly GrantRecord[]
  readonly ended: readonly GrantRecord[]
}

interface Known {
  record: GrantRecord
  /** Monotonic: setting the wall clock back prolongs nothing. */
  readonly deadline: number
  /** Once true it stays so, whatever a clock or the store says later. */
  over: boolean
}

/** What has ended is remembered for so long after its time, by both clocks. Milliseconds. */
const REMEMBERED_MS = 24 * 60 * 60 * 1_000

/** The grants of files and of the store as one. Rejects with `SP-STORE` where the store can't be read. */
export async function createStoreGrants(deps: StoreGrantsDeps): Promise<StoreGrants> {
  const grants = new JoinedGrants(deps)
  await grants.start()
  return grants
}

class JoinedGrants implements StoreGrants {
  readonly #files: FileGrants
  readonly #locks: StoreLocks
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()
  readonly #listeners = new Set<() => void>()
  readonly #snapshot: Snapshot<Loaded>
  readonly #stops: (() => void)[]
  readonly #leaseTimer: NodeJS.Timeout
  /** Whether the lease held when the snapshot was built, and when those who listen were told last. */
  #held = false
  #toldHeld = false
  #built: { readonly files: GrantsSnapshot; readonly joined: GrantsSnapshot } | null = null
  #version = 0

  constructor(deps: StoreGrantsDeps) {
    this.#files = deps.files
    this.#locks = deps.locks
    this.#clock = deps.clock
    this.#snapshot = new Snapshot(deps, {
      what: 'grants',
      load: (tx) => this.#load(tx),
      loaded: (state) => this.#loaded(state),
    })
    this.#stops = [deps.files.onChange(() => this.#changed()), deps.locks.onChange(() => this.#changed())]
    this.#leaseTimer = setInterval(() => this.#lookAtLease(), LEASE_LOOK_MS)
    this.#leaseTimer.unref()
  }

  async start(): Promise<void> {
    await this.#snapshot.start()
    this.#lookAtLease()
  }

  snapshot(): GrantsSnapshot {
    this.#endByTime()
    const files = this.#files.snapshot()
    const holds = this.#holds()
    if (this.#built?.files === files && this.#held === holds) return this.#built.joined
    this.#held = holds
    const standing = holds ? [...this.#known.values()].filter(({ over }) => !over) : []
    this.#version++
    const grants = [...files.grants, ...standing.map(({ record }) => record.grant)]
    this.#built = { files, joined: { version: this.#version, grants } }
    return this.#built.joined
  }

  refusal(grantId: string, person: { issuer: string; subject: string }, target: string): SallyportError | null {
    if (!this.#holds()) return new SallyportError('SP-LEASE', NOT_HEARD_FROM)
    const locked = this.#lockOf(grantId, person, target)
    if (locked instanceof SallyportError) return locked
    if (locked) return new SallyportError('SP-LOCKED', `${locked.what} ${locked.label} is locked: ${locked.reason}`)
    const known = this.#known.get(grantId)
    if (!known) return this.#files.refusal(grantId, person, target)
    return this.#stands(known) ? null : endOf(known.record)
  }

  endedAt(grantId: string, person: { issuer: string; subject: string }, target: string): number | null {
    const locked = this.#holds() ? this.#lockOf(grantId, person, target) : null
    if (locked && !(locked instanceof SallyportError)) return locked.at
    const record = this.#known.get(grantId)?.record
    return record?.state === 'revoked' || record?.state === 'completed' ? record.endedAt : null
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  leaseUntil(): number {
    return Math.min(this.#snapshot.leaseUntil(), this.#locks.leaseUntil())
  }

  async close(): Promise<void> {
    clearInterval(this.#leaseTimer)
    for (const stop of this.#stops) stop()
    await this.#snapshot.close()
  }

  #lockOf(
    grantId: string,
    person: { issuer: string; subject: string },
    target: string,
  ): Locked | SallyportError | null {
    return this.#locks.empty ? null : this.#locks.lockedBy({ person: personKey(person), target, grantId })
  }

  #holds(): boolean {
    return this.#clock.monotonic() < this.leaseUntil()
  }

  #stands({ over, record, deadline }: Known): boolean {
    return !over && this.#clock.now() < record.grant.end && this.#clock.monotonic() < deadline
  }

  #endByTime(): void {
    for (const known of this.#known.values()) {
      if (known.over || this.#stands(known)) continue
      known.over = true
      this.#built = null
    }
  }

  /** A grant that stood and is missing now: how it ended is read with the rest, in one state of the store. */
  async #load(tx: ReadTx): Promise<Loaded> {
    const standing = await everyRecord(tx.grants, { state: ['scheduled', 'active'] })
    const ids = new Set(standing.map(({ id }) => id))
    const ended: GrantRecord[] = []
    for (const [id, { record, over }] of this.#known) {
      if (ids.has(id) || (over && !standsIn(record))) continue
      const found = await tx.grants.get(id)
      if (found) ended.push(found)
    }
    return { standing, ended }
  }

  #loaded({ standing, ended }: Loaded): void {
    const ids = new Set(standing.map(({ id }) => id))
    for (const [id, known] of this.#known) if (!ids.has(id)) known.over = true
    for (const record of [...standing, ...ended]) {
      const known = this.#known.get(record.id)
      if (known) known.record = record
      else this.#known.set(record.id, { record, deadline: this.#deadlineOf(record), over: !standsIn(record) })
    }
    this.#endByTime()
    this.#forget()
    this.#changed()
  }

  #forget(): void {
    const { now, monotonic } = { now: this.#clock.now(), monotonic: this.#clock.monotonic() }
    for (const [id, { record, deadline, over }] of this.#known) {
      if (!over || standsIn(record)) continue
      if (now > record.grant.end + REMEMBERED_MS && monotonic > deadline + REMEMBERED_MS) this.#known.delete(id)
    }
  }

  #deadlineOf({ grant }: GrantRecord): number {
    return this.#clock.monotonic() + grant.end - this.#clock.now()
  }

  #lookAtLease(): void {
    if (this.#holds() !== this.#toldHeld) this.#changed()
  }

  #changed(): void {
    this.#built = null
    this.snapshot()
    this.#toldHeld = this.#held
    for (const listener of [...this.#listeners]) listener()
  }
}

function standsIn({ state }: GrantRecord): boolean {
  return state === 'scheduled' || state === 'active'
}

function endOf({ state, endedBy, endReason, endedAt }: GrantRecord): SallyportError {
  if (state !== 'revoked') return new SallyportError('SP-GRANT-ENDED', 'the grant has ended')
  const by = endedBy === null ? '' : ` by ${endedBy.email ?? endedBy.subject}`
  const at = endedAt === null ? '' : ` at ${new Date(endedAt).toISOString()}`
  return new SallyportError('SP-REVOKED', `the grant was revoked${by}${at}${endReason ? `: ${endReason}` : ''}`)
}

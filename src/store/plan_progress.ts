import type { GrantRecord, MigrationProgress } from '../access/model.ts'
import { MAX_PAGE, type WriteTx } from '../access/ports.ts'
import { happened, ofGrant } from '../access/transition.ts'
import { asSallyportError, type SallyportError } from '../errors.ts'
import { planOutcome } from '../policy/migration.ts'
import type { PlanProgress } from '../session/plan_port.ts'
import type { Clock, Ids } from '../session/ports.ts'
import { claimed, type Runner, released } from './plan_claims.ts'
import type { SqlStore } from './sql_store.ts'

/** More attempts tell nothing new, and each is in the audit log. */
const DEVIATIONS_KEPT = 100
/** What another node holds is asked for again after so long. */
const ASK_AGAIN_MS = 500

interface Known {
  readonly plan: NonNullable<GrantRecord['grant']['plan']>
  done: number
  /** Of those, what was committed: this is what is stored. */
  kept: number
  deviations: MigrationProgress['deviations']
  lastFailed: boolean
  /** What the store has, as far as this node wrote or read it, and the version of the grant that it is of. */
  stored: MigrationProgress
  version: number
  holder: string | null
  unsaved: boolean
  /** Another node has moved it, or it can't be written: nothing runs until it was read anew. */
  lost: boolean
}

/** Whether this node is the one that runs the script: asked of the store before its first statement. */
interface Claim {
  state: 'asked' | 'held' | 'refused'
  /** Monotonic milliseconds. */
  at: number
  /** Sessions here that have sent something under the grant. */
  readonly sessions: Set<string>
}

export interface StoredPlanProgress extends PlanProgress {
  /** Reads the grants that are bound to a script; resolves when they are known. */
  load(): Promise<void>
  /** Resolves when everything that was told is stored, or could not be. */
  settled(): Promise<void>
  close(): void
}

interface PlanProgressDeps {
  readonly store: SqlStore
  readonly clock: Clock
  readonly ids: Ids
  readonly failed: (error: SallyportError) => void
  /** This process, as the nodes of the store know it. */
  readonly runner: Runner
}

/** How far approved scripts have run: answered from memory, with every change stored behind it. */
export function createPlanProgress(deps: PlanProgressDeps): StoredPlanProgress {
  const progress = new Progress(deps)
  const stop = deps.store.onChange(({ what }) => {
    if (what === 'grants') progress.load().catch((error: unknown) => deps.failed(asSallyportError(error)))
  })
  return Object.assign(progress, { close: stop })
}

class Progress implements PlanProgress {
  readonly #deps: PlanProgressDeps
  readonly #known = new Map<string, Known>()
  readonly #claims = new Map<string, Claim>()
  /** Given back here, but the store could not be told: it is told again with the next news of grants. */
  readonly #unreleased = new Set<string>()
  #saving: Promise<void> = Promise.resolve()

  constructor(deps: PlanProgressDeps) {
    this.#deps = deps
  }

  current(grantId: string): number | null {
    const known = this.#known.get(grantId)
    // What could not be stored is tried again when somebody asks for it.
    if (known?.lost && known.unsaved) this.#queue(() => this.#save(grantId, known))
    return known && !known.lost ? known.done : null
  }

  awaited(grantId: string, sessionId: string): boolean {
    if (!this.#known.has(grantId)) return false
    const now = this.#deps.clock.monotonic()
    const claim = this.#claims.get(grantId)
    claim?.sessions.add(sessionId)
    if (claim?.state === 'held') return false
    if (claim?.state === 'asked') return true
    if (claim && now - claim.at < ASK_AGAIN_MS) return false
    const asked: Claim = { state: 'asked', at: now, sessions: claim?.sessions ?? new Set([sessionId]) }
    this.#claims.set(grantId, asked)
    this.#queue(() => this.#claim(grantId, asked))
    return true
  }

  take(grantId: string, sessionId: string): boolean {
    const known = this.#known.get(grantId)
    if (!known || this.#claims.get(grantId)?.state !== 'held') return false
    known.holder ??= sessionId
    return known.holder === sessionId
  }

  leave(grantId: string, sessionId: string): void {
    const known = this.#known.get(grantId)
    if (known?.holder === sessionId) known.holder = null
    const claim = this.#claims.get(grantId)
    claim?.sessions.delete(sessionId)
    if (claim?.sessions.size !== 0) return
    this.#claims.delete(grantId)
    this.#queue(() => this.#release(grantId))
  }

  advance(grantId: string, done: number, kept: number): void {
    this.#change(grantId, (known) => {
      if (done !== known.done) known.lastFailed = false
      known.done = done
      known.kept = kept
    })
  }

  failed(grantId: string): void {
    this.#change(grantId, (known) => {
      known.lastFailed = true
    })
  }

  deviated(grantId: string, deviation: MigrationProgress['deviations'][number]): void {
    this.#change(grantId, (known) => {
      if (known.deviations.length < DEVIATIONS_KEPT) known.deviations = [...known.deviations, deviation]
    })
  }

  async load(): Promise<void> {
    for (const id of this.#unreleased) this.#queue(() => this.#release(id))
    await this.#saving
    const live = await this.#deps.store.read((tx) => {
      const where = { kind: 'migration', state: ['active', 'scheduled'] } as const
      return tx.grants.list({ where, limit: MAX_PAGE, order: 'descending' })
    })
    const ids = new Set(live.map(({ id }) => id))
    for (const [id, { unsaved }] of this.#known) if (!ids.has(id) && !unsaved) this.#known.delete(id)
    for (const record of live) this.#read(record)
  }

  async settled(): Promise<void> {
    for (let saving = this.#saving; ; saving = this.#saving) {
      await saving
      if (saving === this.#saving) return
    }
  }

  /** What another node has written counts where this one has nothing under way. */
  #read({ id, version, grant: { plan }, progress }: GrantRecord): void {
    const known = this.#known.get(id)
    // What was read before this node's last write is older than what stands here.
    if (!plan || !progress || known?.unsaved || version <= (known?.version ?? 0)) return
    const { done, deviations, outcome } = progress
    // What ran in an open transaction is known here alone.
    const open = known && !known.lost && known.kept === done ? known.done : done
    const holder = known?.holder ?? null
    const read = { plan, done: open, kept: done, deviations, lastFailed: outcome === 'failed', stored: progress }
    this.#known.set(id, { ...read, version, holder, unsaved: false, lost: false })
  }

  #change(grantId: string, change: (known: Known) => void): void {
    const known = this.#known.get(grantId)
    if (!known) return
    change(known)
    if (known.unsaved) return
    known.unsaved = true
    this.#queue(() => this.#save(grantId, known))
  }

  #queue(work: () => Promise<void>): void {
    this.#saving = this.#saving.then(work)
  }

  async #claim(grantId: string, claim: Claim): Promise<void> {
    const { store, clock, runner } = this.#deps
    try {
      const record = await store.write((tx) => claimed(tx, this.#deps, grantId, runner))
      claim.state = record === null ? 'refused' : 'held'
      const known = this.#known.get(grantId)
      if (record?.progress && known) this.#claimedAs(known, record.progress, record.version)
    } catch (error) {
      claim.state = 'refused'
      this.#deps.failed(asSallyportError(error))
    }
    claim.at = clock.monotonic()
  }

  /** Where the node before has moved it since it was read here, it goes on from there. */
  #claimedAs(known: Known, stored: MigrationProgress, version: number): void {
    if (stored.done !== known.kept) Object.assign(known, { done: stored.done, kept: stored.done })
    Object.assign(known, { stored, version, deviations: stored.deviations, lost: false })
  }

  async #release(grantId: string): Promise<void> {
    this.#unreleased.delete(grantId)
    // Somebody may have come again in the meantime.
    if (this.#claims.has(grantId)) return
    try {
      const record = await this.#deps.store.write((tx) => released(tx, grantId, this.#deps.runner))
      const known = this.#known.get(grantId)
      if (record?.progress && known) Object.assign(known, { stored: record.progress, version: record.version })
    } catch (error) {
      this.#unreleased.add(grantId)
      this.#deps.failed(asSallyportError(error))
    }
  }

  async #save(grantId: string, known: Known): Promise<void> {
    if (!known.unsaved) return
    known.unsaved = false
    const next = written(known)
    if (JSON.stringify(next) === JSON.stringify(known.stored)) return
    try {
      const version = await this.#deps.store.write((tx) => this.#write(tx, grantId, known.stored, next))
      if (version === null) known.lost = true
      else Object.assign(known, { stored: next, version, lost: false })
    } catch (error) {
      Object.assign(known, { lost: true, unsaved: true })
      this.#deps.failed(asSallyportError(error))
    }
  }

  /** With its event, as every transition; null where another node has moved it. */
  async #write(tx: WriteTx, id: string, before: MigrationProgress, next: MigrationProgress): Promise<number | null> {
    const record = await tx.grants.get(id)
    if (!record || JSON.stringify(record.progress) !== JSON.stringify(before)) return null
    const { clock, ids } = this.#deps
    const now = clock.now()
    const { done, outcome, deviations } = next
    const of = record.grant.plan?.statements.length ?? 0
    const happening = happened({ now, by: null, clientAddress: null }, 'grant.progress', {
      ...ofGrant(record),
      severity: deviations.length > before.deviations.length ? 'medium' : 'info',
      detail: { done, of, outcome, deviations: deviations.length },
    })
    tx.record({ kind: 'access', id: ids.uuid(), time: now, ...happening })
    return (await tx.grants.update({ ...record, progress: next })).version
  }
}

function written({ plan, kept, deviations, lastFailed, stored: { runner } }: Known): MigrationProgress {
  const outcome = planOutcome(plan, { done: kept, deviations: deviations.length, lastFailed, ended: false })
  const said = outcome === 'running' && lastFailed ? 'failed' : outcome
  return { done: kept, outcome: said, deviations, ...(runner && { runner }) }
}

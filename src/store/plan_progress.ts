import type { GrantRecord, MigrationProgress } from '../access/model.ts'
import type { Store } from '../access/ports.ts'
import { MAX_PAGE } from '../access/ports.ts'
import { asSallyportError, type SallyportError } from '../errors.ts'
import { planOutcome } from '../policy/migration.ts'
import type { PlanProgress } from '../session/ports.ts'

/** More attempts tell nothing new, and each is in the audit log. */
const DEVIATIONS_KEPT = 100

interface Known {
  readonly plan: NonNullable<GrantRecord['grant']['plan']>
  done: number
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

export interface StoredPlanProgress extends PlanProgress {
  /** Reads the grants that are bound to a script; resolves when they are known. */
  load(): Promise<void>
  /** Resolves when everything that was told is stored, or could not be. */
  settled(): Promise<void>
  close(): void
}

/** How far approved scripts have run: answered from memory, with every change stored behind it. */
export function createPlanProgress(store: Store, failed: (error: SallyportError) => void): StoredPlanProgress {
  const progress = new Progress(store, failed)
  const stop = store.onChange(({ what }) => {
    if (what === 'grants') progress.load().catch((error: unknown) => failed(asSallyportError(error)))
  })
  return Object.assign(progress, { close: stop })
}

class Progress implements PlanProgress {
  readonly #store: Store
  readonly #failed: (error: SallyportError) => void
  readonly #known = new Map<string, Known>()
  #saving: Promise<void> = Promise.resolve()

  constructor(store: Store, failed: (error: SallyportError) => void) {
    this.#store = store
    this.#failed = failed
  }

  current(grantId: string): number | null {
    const known = this.#known.get(grantId)
    // What could not be stored is tried again when somebody asks for it.
    if (known?.lost && known.unsaved) this.#queue(grantId, known)
    return known && !known.lost ? known.done : null
  }

  take(grantId: string, sessionId: string): boolean {
    const known = this.#known.get(grantId)
    if (!known) return false
    known.holder ??= sessionId
    return known.holder === sessionId
  }

  leave(grantId: string, sessionId: string): void {
    const known = this.#known.get(grantId)
    if (known?.holder === sessionId) known.holder = null
  }

  advance(grantId: string, done: number): void {
    this.#change(grantId, (known) => {
      known.done = done
      known.lastFailed = false
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
    await this.#saving
    const live = await this.#store.read((tx) => {
      const where = { kind: 'migration', state: ['active', 'scheduled'] } as const
      return tx.grants.list({ where, limit: MAX_PAGE, order: 'descending' })
    })
    const ids = new Set(live.map(({ id }) => id))
    for (const [id, { unsaved }] of this.#known) if (!ids.has(id) && !unsaved) this.#known.delete(id)
    for (const record of live) this.#read(record)
  }

  async settled(): Promise<void> {
    await this.#saving
  }

  /** What another node has written counts where this one has nothing under way. */
  #read({ id, version, grant: { plan }, progress }: GrantRecord): void {
    const known = this.#known.get(id)
    // What was read before this node's last write is older than what stands here.
    if (!plan || !progress || known?.unsaved || version <= (known?.version ?? 0)) return
    const { done, deviations } = progress
    const lastFailed = progress.outcome === 'failed'
    const holder = known?.holder ?? null
    this.#known.set(id, {
      plan,
      done,
      deviations,
      lastFailed,
      stored: progress,
      version,
      holder,
      unsaved: false,
      lost: false,
    })
  }

  #change(grantId: string, change: (known: Known) => void): void {
    const known = this.#known.get(grantId)
    if (!known) return
    change(known)
    if (known.unsaved) return
    known.unsaved = true
    this.#queue(grantId, known)
  }

  #queue(grantId: string, known: Known): void {
    this.#saving = this.#saving.then(() => this.#save(grantId, known))
  }

  async #save(grantId: string, known: Known): Promise<void> {
    if (!known.unsaved) return
    known.unsaved = false
    const next = written(known)
    try {
      const version = await this.#store.write(async (tx) => {
        const record = await tx.grants.get(grantId)
        if (!record || JSON.stringify(record.progress) !== JSON.stringify(known.stored)) return null
        return (await tx.grants.update({ ...record, progress: next })).version
      })
      if (version === null) known.lost = true
      else Object.assign(known, { stored: next, version, lost: false })
    } catch (error) {
      Object.assign(known, { lost: true, unsaved: true })
      this.#failed(asSallyportError(error))
    }
  }
}

function written({ plan, done, deviations, lastFailed }: Known): MigrationProgress {
  const outcome = planOutcome(plan, { done, deviations: deviations.length, lastFailed, ended: false })
  return { done, outcome: outcome === 'running' && lastFailed ? 'failed' : outcome, deviations }
}

import type { SallyportError } from '../../errors.ts'
import type { StatementPlan } from '../../policy/decision.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import type { Execution } from '../gate.ts'
import type { Verdict } from '../verdict.ts'
import type { ResultShape } from './result_shape.ts'

/** One statement that was sent for execution, from its decision to its completion. */
export interface Run {
  readonly verdict: Verdict
  readonly facts: StatementFacts
  /** Null under an unrestricted role: the result passes as it is. */
  readonly plan: StatementPlan | null
  readonly execution: Execution
  /** Milliseconds since the epoch. */
  readonly started: number
  shape: ResultShape | null
  rows: number
  bytes: number
  rowsWithheld: number
  /** Set when the rest of the result is kept back: the client gets this error instead. */
  withheld: SallyportError | null
  /** Set when the proxy cancelled it: what the client is told in place of the server's 57014. */
  cancelled: SallyportError | null
  done: boolean
}

/** A change to the registries made ahead of the server's answer, to be taken back when the server skips the message. */
export type Undo = () => void

/** What the server still owes, in order; each entry says what its answer means. */
export type Owed =
  | { readonly kind: 'parse'; readonly undo: Undo }
  /** `closes` is the portal that goes when this succeeds. */
  | { readonly kind: 'bind'; readonly portal: Portal; readonly closes: Portal | undefined; readonly undo: Undo }
  | { readonly kind: 'close'; readonly closes: Portal | undefined; readonly undo: Undo }
  /** The client's own Describe: its answer is forwarded. */
  | { readonly kind: 'describe' }
  /** The proxy's Describe of a portal: its answer gives the shape and goes no further. */
  | { readonly kind: 'shape'; readonly portal: Portal }
  | { readonly kind: 'execute'; readonly portal: Portal; readonly run: Run | null }
  | { readonly kind: 'query'; readonly runs: readonly Run[]; index: number }
  /** A text that the server is sure to refuse stands where the client's statement stood; its error becomes ours. */
  | { readonly kind: 'refusal'; readonly error: Uint8Array; readonly undo: Undo }
  | { readonly kind: 'refused_query'; readonly error: Uint8Array }
  | { readonly kind: 'sync' }

export interface Prepared {
  readonly text: string
  readonly verdict: Verdict
}

export interface Portal {
  readonly prepared: Prepared
  /** The body of the server's RowDescription; null where it was not described yet or returns no rows. */
  description: Uint8Array | null
  run: Run | null
}

/** Statement kinds whose success changes what later names mean: what follows waits for their answer. */
const CHANGES_NAMES: ReadonlySet<string> = new Set(['set', 'reset', 'discard', 'deallocate'])
const ENDS_TRANSACTION: ReadonlySet<string> = new Set(['rollback', 'rollback_to', 'commit'])

/** The queue of what the server owes (first in, first out), with the skipping that an error starts. */
export class Pipeline {
  readonly #queue: Owed[] = []
  #head = 0

  get front(): Owed | undefined {
    return this.#queue[this.#head]
  }

  get empty(): boolean {
    return this.#head === this.#queue.length
  }

  push(owed: Owed): void {
    this.#queue.push(owed)
  }

  shift(): void {
    this.#head++
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
  }

  get syncOwed(): boolean {
    return this.#live().some(({ kind }) => kind === 'sync' || kind === 'query' || kind === 'refused_query')
  }

  /**
   * An error in the extended protocol: the server ignores everything up to the next Sync. The entries up to there are
   * dropped and what they changed is taken back, newest first. Returns the runs that will never happen.
   */
  skipToSync(): Run[] {
    const skipped: Owed[] = []
    while (!this.empty && this.front?.kind !== 'sync') {
      skipped.push(this.front as Owed)
      this.shift()
    }
    for (const owed of skipped.reverse()) if ('undo' in owed) owed.undo()
    return skipped.flatMap(runsOf)
  }

  /** True while a statement is under way after which names may mean something else. */
  changesNames(pathUncommitted: boolean): boolean {
    return this.#live().some((owed) =>
      runsOf(owed).some(
        ({ facts: { kind }, done }) =>
          !done && (CHANGES_NAMES.has(kind) || (pathUncommitted && ENDS_TRANSACTION.has(kind))),
      ),
    )
  }

  /** The run that the server is working on, or null. */
  get running(): Run | null {
    for (const owed of this.#live()) {
      const run = owed.kind === 'query' ? owed.runs[owed.index] : owed.kind === 'execute' ? owed.run : null
      if (run) return run
    }
    return null
  }

  /** Runs that were sent and have no completion yet. */
  get unfinished(): Run[] {
    return this.#live()
      .flatMap(runsOf)
      .filter(({ done }) => !done)
  }

  /** Portals that the server has yet to make: they belong to a later transaction than the one that ends now. */
  get bound(): ReadonlySet<Portal> {
    return new Set(this.#live().flatMap((owed) => (owed.kind === 'bind' ? [owed.portal] : [])))
  }

  #live(): Owed[] {
    return this.#head === 0 ? this.#queue : this.#queue.slice(this.#head)
  }
}

function runsOf(owed: Owed): readonly Run[] {
  if (owed.kind === 'query') return owed.runs
  return owed.kind === 'execute' && owed.run ? [owed.run] : []
}

export function newRun(
  verdict: Verdict,
  index: number,
  execution: Execution,
  plan: StatementPlan | null,
  started: number,
): Run {
  const facts = verdict.facts.statements[index] as StatementFacts
  const counters = { rows: 0, bytes: 0, rowsWithheld: 0 }
  return {
    verdict,
    facts,
    plan,
    execution,
    started,
    shape: null,
    withheld: null,
    cancelled: null,
    done: false,
    ...counters,
  }
}

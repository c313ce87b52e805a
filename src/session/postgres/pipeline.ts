import type { BoundParameters } from '../../audit/bound_values.ts'
import type { StatementFacts } from '../../sql/facts.ts'
import type { StatementRun } from '../run.ts'
import type { Verdict } from '../verdict.ts'
import type { CopyOut } from './copy_out.ts'
import type { Change } from './registry.ts'
import type { ResultShape } from './result_shape.ts'

export interface Run extends StatementRun<ResultShape> {
  /** COPY data has begun to flow for it, in either direction. */
  copied?: boolean
  /** The settings that it changes are followed. */
  applied?: true
  /** The rows that it changes are counted before they may stay. */
  counted?: true
  /** Its rows go to the client as COPY data. */
  copyOut?: CopyOut
  /** The cursor or portal that it reads from. */
  cursor?: Portal
}

/** What the server still owes, in order; each entry says what its answer means. */
export type Owed =
  | { readonly kind: 'parse' | 'bind' | 'close'; readonly change: Change }
  /** The client's own Describe: its answer is forwarded, or NoData in its place for what gives COPY data. */
  | { readonly kind: 'describe'; readonly noData: boolean; readonly prepared?: Prepared | undefined }
  /** The proxy's Describe of a portal: its answer gives the shape and goes no further. */
  | { readonly kind: 'shape'; readonly portal: Portal }
  | { readonly kind: 'execute'; readonly portal: Portal; readonly run: Run | null }
  | {
      readonly kind: 'query'
      readonly runs: readonly Run[]
      index: number
      readonly change: Change
      /** Sent as Parse, Bind, Describe and Execute, of which the client knows nothing. */
      readonly extended: boolean
      /** Its Sync was not sent yet: its rows are counted first. */
      syncKept?: boolean
    }
  /** A text that the server is sure to refuse stands where the client's statement stood; its error becomes ours. */
  | { readonly kind: 'refusal'; readonly error: Uint8Array; readonly change: Change }
  | { readonly kind: 'refused_query'; readonly error: Uint8Array; readonly change: Change }
  /** FunctionCall: its answer and a ReadyForQuery. */
  | { readonly kind: 'call'; readonly run: Run | null }
  | { readonly kind: 'sync' }

export interface Prepared {
  readonly text: string
  readonly verdict: Verdict
  /** OIDs of its parameters, as Parse named them or the server has described them; 0 or absent where neither has. */
  types?: readonly number[]
  /** What the record of an execution says of its parameters where no values are kept. */
  counted?: BoundParameters
  /** Made by PREPARE or DECLARE: `text` is that command, and `verdict` that of the statement inside. */
  readonly bySql?: true
}

export interface Portal {
  readonly prepared: Prepared
  /** The body of the server's RowDescription; null where it was not described yet or returns no rows. */
  description: Uint8Array | null
  run: Run | null
  /** Made by DECLARE and so never described here; `hold`: it may outlive its transaction. Null where Bind made it. */
  readonly declared: { readonly hold: boolean } | null
  /** What Bind gave it. */
  readonly parameters?: BoundParameters | undefined
  /** What its finished reads gave. */
  taken: { readonly rows: number; readonly bytes: number }
}

/** Statement kinds whose success changes what later names mean: what follows waits for their answer. */
const CHANGES_NAMES: ReadonlySet<string> = new Set([
  'set',
  'reset',
  'discard',
  'deallocate',
  'prepare',
  'declare_cursor',
  'close_cursor',
])
const ENDS_TRANSACTION: ReadonlySet<string> = new Set(['rollback', 'rollback_to', 'commit'])

/** The queue of what the server owes (first in, first out), with the skipping that an error starts. */
export class Pipeline {
  readonly #queue: Owed[] = []
  #head = 0
  /** How many entries end in a ReadyForQuery, and how many hold a run that may change names: most often none. */
  #syncs = 0
  #naming = 0
  #copying = 0
  #counting = 0

  get front(): Owed | undefined {
    return this.#queue[this.#head]
  }

  get empty(): boolean {
    return this.#head === this.#queue.length
  }

  push(owed: Owed): void {
    this.#queue.push(owed)
    this.#count(owed, 1)
  }

  shift(): void {
    if (this.front) this.#count(this.front, -1)
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
    return this.#syncs > 0
  }

  /**
   * An error in the extended protocol: the server ignores everything up to the next Sync. The entries up to there are
   * dropped. Returns the runs that will never happen.
   */
  skipToSync(): Run[] {
    const skipped: Run[] = []
    while (this.front && this.front.kind !== 'sync') {
      skipped.push(...runsOf(this.front))
      this.shift()
    }
    return skipped
  }

  /**
   * True while a statement is under way after which names may mean something else. An error under way takes an
   * uncommitted path back too, at the end of its implicit transaction.
   */
  changesNames(pathUncommitted: boolean): boolean {
    if (pathUncommitted && this.syncOwed) return true
    if (this.#naming === 0) return false
    return this.#live().some((owed) =>
      runsOf(owed).some(
        ({ facts, done }) => !done && (changesNames(facts) || (pathUncommitted && ENDS_TRANSACTION.has(facts.kind))),
      ),
    )
  }

  /** What is under way and may yet ask for COPY data: what follows it would be read as such. */
  get takesData(): Owed | undefined {
    if (this.#copying === 0) return undefined
    return this.#live().find((owed) => takesData(owed))
  }

  /** A write under way whose rows have to be counted before it may stay. */
  get counted(): Owed | undefined {
    return this.#counting === 0 ? undefined : this.#live().find((owed) => runsOf(owed).some((run) => run.counted))
  }

  /** The run that the server is working on, or null. */
  get running(): Run | null {
    for (const owed of this.#live()) {
      const run = runsAhead(owed)[0]
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

  /**
   * True where the last change of a name is not answered and a Sync stands after it: should the change fail, what is
   * sent now would still run, and on what had that name before.
   */
  unsettled(of: Change['of'], name: string): boolean {
    let synced = false
    for (let at = this.#queue.length - 1; this.syncOwed && at >= this.#head; at--) {
      const owed = this.#queue[at] as Owed
      if (endsInReady(owed)) synced = true
      if ('change' in owed && owed.change.of === of && owed.change.name === name) return synced
    }
    return false
  }

  /** Changes of names that the server has yet to answer, in order. */
  get changes(): Change[] {
    return this.#live().flatMap((owed) => ('change' in owed ? [owed.change] : []))
  }

  #count(owed: Owed, by: 1 | -1): void {
    if (endsInReady(owed)) this.#syncs += by
    const naming = runsOf(owed).some(({ facts }) => changesNames(facts) || ENDS_TRANSACTION.has(facts.kind))
    if (naming) this.#naming += by
    if (runsOf(owed).some((run) => run.counted)) this.#counting += by
    if (owed.kind !== 'call' && runsOf(owed).some(mayTakeData)) this.#copying += by
  }

  #live(): Owed[] {
    return this.#head === 0 ? this.#queue : this.#queue.slice(this.#head)
  }
}

/** Entries that the server ends with ReadyForQuery. */
export function endsInReady({ kind }: Owed): boolean {
  return kind === 'sync' || kind === 'query' || kind === 'refused_query' || kind === 'call'
}

/** A SELECT does too where it calls set_config. */
function changesNames({ kind, settings }: StatementFacts): boolean {
  return CHANGES_NAMES.has(kind) || (kind !== 'begin' && kind !== 'set_transaction' && settings.length > 0)
}

function takesData(owed: Owed): boolean {
  return owed.kind !== 'call' && runsAhead(owed).some((run) => !run.done && !run.copied && mayTakeData(run))
}

/** Those of its runs that the server has not answered. */
function runsAhead(owed: Owed): readonly Run[] {
  return owed.kind === 'query' ? owed.runs.slice(owed.index) : runsOf(owed)
}

/** True where the statement may turn out to take COPY data: what the client sends after it means something else then. */
export function mayTakeData({ facts, plan }: Run): boolean {
  if (facts.kind === 'copy') return !facts.verbs.includes('export')
  return facts.kind === 'opaque' && plan === null
}

function runsOf(owed: Owed): readonly Run[] {
  if (owed.kind === 'query') return owed.runs
  return (owed.kind === 'execute' || owed.kind === 'call') && owed.run ? [owed.run] : []
}

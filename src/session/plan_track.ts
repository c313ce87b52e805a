import type { Dialect } from '../sql/catalog.ts'
import type { StatementFacts, StatementKind } from '../sql/facts.ts'

/** One statement under way. `at`: its place in the plan, null for what runs around it. */
interface PendingRun {
  readonly statement: StatementFacts
  readonly at: number | null
  readonly dialect: Dialect
}

/** What one session has open of the script. */
export interface PlanTrack {
  readonly pending: Map<string, PendingRun>
  /** True once it has run a statement of the plan: it holds the plan then. */
  holds: boolean
  /** `start`: how many statements had run before it. `planned`: the script begins it itself. */
  transaction: { readonly start: number; readonly planned: boolean; readonly names: string | null } | null
  readonly savepoints: { readonly name: string; readonly done: number }[]
  /** PostgreSQL: a statement failed, and the transaction can only be rolled back. */
  failed: boolean
  /** Definitions changed in the open transaction, which no catalog shows yet. */
  redefined: boolean
  /** Up to which statement of the plan the end of the connection takes nothing back, as it was told last. */
  kept: number | null
  /** MySQL. */
  autocommit: boolean
  /** The last statement of the plan that set what names mean, as it is compared. */
  names: string | null
}

export function newTrack(): PlanTrack {
  return {
    pending: new Map(),
    holds: false,
    transaction: null,
    savepoints: [],
    failed: false,
    redefined: false,
    kept: null,
    autocommit: true,
    names: null,
  }
}

const REDEFINING: ReadonlySet<StatementKind> = new Set([
  'ddl',
  'create_table_as',
  'truncate',
  'maintenance',
  'administration',
])

/** InnoDB takes the whole transaction back on a deadlock; after other errors it takes back the statement alone. */
const DEADLOCK = /^(?:1213|40001)$/

/** How many statements of the plan have run, now that this one has ended. */
export function settleRun(
  track: PlanTrack,
  run: PendingRun,
  done: number,
  ran: boolean,
  status: string | null,
): number {
  return run.dialect === 'postgres' ? settlePostgres(track, run, done, ran) : settleMysql(track, run, done, ran, status)
}

function settlePostgres(track: PlanTrack, run: PendingRun, done: number, ran: boolean): number {
  const { kind } = run.statement
  if (!ran) {
    // A COMMIT that fails has rolled back.
    if (kind === 'commit') return rolledBack(track, done)
    track.failed = track.transaction !== null
    return done
  }
  const control = settleControl(track, run, done)
  if (control !== null) return control
  track.redefined ||= track.transaction !== null && REDEFINING.has(kind)
  return took(track, run, done)
}

function settleMysql(track: PlanTrack, run: PendingRun, done: number, ran: boolean, status: string | null): number {
  const { kind, settings } = run.statement
  // Changes of definitions commit what was before them, and themselves (Reference Manual 15.3.3).
  if (REDEFINING.has(kind)) endTransaction(track)
  if (!ran) return DEADLOCK.test(status ?? '') ? rolledBack(track, done) : done
  const control = settleControl(track, run, done)
  if (control !== null) return control
  for (const { name, values } of settings) {
    if (name.toLowerCase() !== 'autocommit' || !Array.isArray(values)) continue
    track.autocommit = /^(?:1|on|true)$/i.test(values[0] ?? '')
    if (track.autocommit) endTransaction(track)
  }
  const opens = !track.autocommit && track.transaction === null && run.at !== null && !REDEFINING.has(kind)
  if (opens) track.transaction = { start: done, planned: false, names: track.names }
  return took(track, run, done)
}

function settleControl(track: PlanTrack, run: PendingRun, done: number): number | null {
  const { kind, name } = run.statement
  switch (kind) {
    case 'begin':
      // MySQL's ends the transaction before; PostgreSQL's within one does nothing.
      if (track.transaction && run.dialect === 'postgres') return took(track, run, done)
      endTransaction(track)
      track.transaction = { start: done, planned: run.at !== null, names: track.names }
      return took(track, run, done)
    case 'commit': {
      if (track.failed) return rolledBack(track, done)
      endTransaction(track)
      return took(track, run, done)
    }
    case 'rollback':
      return rolledBack(track, done)
    case 'savepoint':
      track.savepoints.push({ name: name ?? '', done })
      return took(track, run, done)
    case 'rollback_to':
      return backTo(track, name ?? '', done)
    default:
      return null
  }
}

function took(track: PlanTrack, { at, statement }: PendingRun, done: number): number {
  const sets = statement.kind === 'use' || statement.settings.some(({ name }) => name.toLowerCase() === 'search_path')
  if (sets) track.names = statement.compared ?? null
  return at === null ? done : at + 1
}

function rolledBack(track: PlanTrack, done: number): number {
  const start = track.transaction?.start ?? done
  if (track.transaction) track.names = track.transaction.names
  endTransaction(track)
  return start
}

function endTransaction(track: PlanTrack): void {
  track.transaction = null
  track.savepoints.length = 0
  track.failed = false
  track.redefined = false
}

/** A savepoint that is not known was made before the transaction as it is followed: all of that is taken back. */
function backTo(track: PlanTrack, name: string, done: number): number {
  const folded = name.toLowerCase()
  const index = track.savepoints.findLastIndex((savepoint) => savepoint.name.toLowerCase() === folded)
  const savepoint = track.savepoints[index]
  track.failed = false
  if (!savepoint) return track.transaction?.start ?? done
  track.savepoints.length = index + 1
  return savepoint.done
}

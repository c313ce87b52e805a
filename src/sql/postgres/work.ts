import type { Relation } from '../catalog.ts'
import type { AnalysisContext, FunctionUse, Given, Span, StarUse, Verb } from '../facts.ts'
import { addSources, type BaseColumn, type Field, type Sources } from './field.ts'
import { opaque } from './node.ts'
import type { Source } from './source.ts'

/** Expressions and queries inside one another; deeper trees are refused before they can exhaust the stack. */
const MAX_DEPTH = 400

/** A reference to a base relation while its statement is read: the marks are collected here. */
export interface UseDraft {
  readonly id: number
  readonly relation: Relation
  readonly span: Span
  /** Where the name alone stands, without ONLY and `*`. */
  readonly nameSpan: Span
  /** The tree's own location of the name, in bytes: it tells references apart. */
  readonly location: number
  readonly only: boolean
  readonly qualified: boolean
  readonly alias: string
  readonly hasAlias: boolean
  readonly qualifiers: Span[]
  readonly referenced: Set<string>
  readonly computed: Set<string>
  /** Computed on by anything but a comparison with a value; and how many values each column is compared with. */
  readonly otherwise: Set<string>
  readonly lookups: Map<string, number>
  readonly passed: Set<string>
  readonly written: Set<string>
  readonly system: Set<string>
  role: 'read' | 'target'
  /** What is done to a target. */
  readonly verbs: Set<Verb>
  wholeRow: boolean
  /** A `*` that can't be written out shows it, or NATURAL joins it: its list of columns must stay as it is. */
  starred: boolean
  readonly stars: StarUse[]
  readonly prefixes: Span[]
  sample: Span | null
  given: ReadonlyMap<string, readonly Given[]> | null
  conflict: boolean
  alone: boolean
  locked: boolean
  fixed: string | null
}

/** One statement's analysis: what has been found so far. */
export interface Work {
  readonly context: AnalysisContext
  readonly source: Source
  readonly uses: UseDraft[]
  readonly functions: FunctionUse[]
  /** Calls that can mean what people made only where a value of a type of theirs is near: see `own_types.ts`. */
  readonly onOwnTypes: FunctionUse[]
  /** What each key of an ORDER BY under a LIMIT depends on. */
  readonly tops: (readonly Sources[])[]
  readonly verbs: Set<Verb>
  /** An UPDATE or DELETE without WHERE was read. */
  unconditional: boolean
  depth: number
  /** See `StatementFacts`. */
  plain: boolean
  plainRows: boolean
  /** Inside of what runs on the chosen rows of a write alone: SET and RETURNING. */
  afterRows: boolean
}

export function startWork(context: AnalysisContext, source: Source): Work {
  return {
    context,
    source,
    uses: [],
    functions: [],
    onOwnTypes: [],
    tops: [],
    verbs: new Set(),
    unconditional: false,
    depth: 0,
    plain: true,
    plainRows: true,
    afterRows: false,
  }
}

/** Runs one level deeper. */
export function deeper<T>(work: Work, step: () => T): T {
  if (work.depth >= MAX_DEPTH) opaque('the statement is nested too deeply')
  work.depth += 1
  const result = step()
  work.depth -= 1
  return result
}

/** Marks a field as used by something other than a bare select list, and notes what that something depends on. */
export function compute(work: Work, field: Field, sink: Sources): void {
  addSources(sink, field.sources)
  for (const base of field.bases) mark(work, base, 'computed')
}

/** As `compute`, for a field that is compared with so many values by `=`. */
export function lookUp(work: Work, field: Field, sink: Sources, values: number): void {
  addSources(sink, field.sources)
  for (const base of field.bases) {
    const use = work.uses[base.use] ?? opaque('a column belongs to no relation')
    use.referenced.add(base.column)
    use.computed.add(base.column)
    use.lookups.set(base.column, (use.lookups.get(base.column) ?? 0) + values)
  }
}

/** Notes that a field is named, without saying yet what becomes of it. */
export function refer(work: Work, field: Field): void {
  for (const base of field.bases) mark(work, base, 'referenced')
}

/** The end of the statement: a field of the result passes, or was computed on. */
export function finish(work: Work, field: Field): void {
  if (field.origin !== null && field.passable) mark(work, field.origin, 'passed')
  else for (const base of field.bases) mark(work, base, 'computed')
}

/** Notes something that could tell of a row that it runs on. */
export function unplain(work: Work): void {
  work.plain = false
  if (!work.afterRows) work.plainRows = false
}

/** Reads what runs only on the rows that a write has chosen. */
export function afterRows<T>(work: Work, read: () => T): T {
  const before = work.afterRows
  work.afterRows = true
  const result = read()
  work.afterRows = before
  return result
}

function mark(work: Work, base: BaseColumn, kind: 'referenced' | 'computed' | 'passed'): void {
  const use = work.uses[base.use] ?? opaque('a column belongs to no relation')
  use.referenced.add(base.column)
  use[kind].add(base.column)
  if (kind === 'computed') use.otherwise.add(base.column)
}

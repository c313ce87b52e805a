import { SallyportError } from '../../errors.ts'
import type { Catalog, Relation } from '../catalog.ts'
import type { AnalysisContext, ColumnRef, ColumnUse, RelationUse, Span } from '../facts.ts'
import { foldName, sameAlias, sameColumn } from './fold.ts'
import type { Token } from './token.ts'
import type { ColumnName, Cte } from './tree.ts'

/** A `RelationUse` while its columns are still being found. */
export interface OpenUse extends RelationUse {
  readonly columns: Map<string, ColumnUse>
  readonly qualifiers: Span[]
  readonly seen: Seen
}

/** How its columns are used, as far as `columns` does not say it. */
export interface Seen {
  /** Compared with values written out, by `=` and IN: with how many. */
  readonly lookups: Map<string, number>
  /** Used in any other way than that and as bare output. */
  readonly otherwise: Set<string>
}

/** One name that a column reference may mean at one level. */
export interface ScopeColumn {
  readonly name: string
  /** The base relation's use and its column, or null for a column of a derived table or CTE. */
  readonly base: { readonly use: OpenUse; readonly column: string } | null
  readonly sources: readonly ColumnRef[]
  /** `*` and NATURAL leave it out. */
  readonly hidden?: boolean
}

export interface Source {
  readonly name: string
  readonly use: OpenUse | null
  readonly columns: readonly ScopeColumn[]
}

/** An output column of the level's own select list, by its alias or name. */
export interface OutputName {
  readonly name: string
  /** Null while the select list is still being resolved. */
  readonly columns: readonly ScopeColumn[] | null
}

export interface Scope {
  readonly catalog: Catalog
  readonly sources: readonly Source[]
  /** Names that USING merges: they may mean several columns at once. */
  readonly merged: readonly string[]
  readonly outputs: OutputName[]
  /**
   * True where a column that is found here does not end the search. HAVING: servers look in the select list, then
   * outside, and pass over the other columns of the tables.
   */
  readonly open: boolean
  readonly parent: Scope | null
}

/** The CTEs that are visible, innermost first. `columns` is null while a recursive one has no first term yet. */
export interface CteScope {
  readonly cte: Cte
  readonly result: { columns: readonly ScopeColumn[] | null }
  readonly outer: CteScope | null
}

export interface Resolution {
  /** The client's text: unnamed expressions are named after themselves. */
  readonly text: string
  readonly context: AnalysisContext
  readonly uses: OpenUse[]
  /** What each key of an ORDER BY under a LIMIT depends on. */
  readonly tops?: (readonly ColumnRef[])[][]
  /** Where the parameters stand that have to be bound as text. */
  readonly boundAsText?: Set<number>
}

/** `clause`: GROUP BY, HAVING and ORDER BY see the select list's aliases too. `window`: they may hide a column. */
export type Visibility = 'columns' | 'clause' | 'window'

/**
 * Every column that the name may mean, as the server resolves it: the innermost level first. Where the server
 * prefers an alias to a column or the other way round, both are given, since more is masked then, never less.
 */
export function lookup(name: ColumnName, scope: Scope, visibility: Visibility): readonly ScopeColumn[] {
  const found: ScopeColumn[] = []
  let known = false
  let seen: Visibility = visibility
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const aliases = seen !== 'columns' && name.parts.length === 1 ? aliasesAt(name.parts[0]!.value, level) : []
    // What the select list names is not ambiguous there, however many tables have such a column.
    const columns = columnsAt(name, level, aliases.length > 0)
    known ||= columns.length > 0 || aliases.length > 0
    found.push(...columns)
    for (const alias of aliases) {
      if (alias.columns === null && (columns.length === 0 || seen === 'window'))
        throw opaque(`${alias.name} refers to a later output column`)
      found.push(...(alias.columns ?? []))
    }
    if (columns.length > 0 && !level.open) return found
    seen = 'clause'
  }
  if (!known) throw new SallyportError('SP-COLUMN', `unknown column ${text(name.parts)}`)
  return found
}

function aliasesAt(name: string, scope: Scope): readonly OutputName[] {
  return scope.outputs.filter((output) => {
    const sameness = sameColumn(output.name, name)
    if (sameness === 'unclear') throw ambiguous(name)
    return sameness === 'same'
  })
}

/** The columns of that name at one level, of which USING and NATURAL need one. */
export function columnsNamed(column: string, scope: Scope): readonly ScopeColumn[] {
  const found = scope.sources.flatMap(({ columns }) => columns.filter(({ name }) => isSame(name, column)))
  if (found.length === 0) throw new SallyportError('SP-COLUMN', `unknown column ${column}`)
  if (found.length > 1 && !scope.merged.some((using) => isSame(using, column))) throw ambiguous(column)
  return found
}

function columnsAt(name: ColumnName, scope: Scope, listed: boolean): ScopeColumn[] {
  const column = name.parts.at(-1)!.value
  const found: ScopeColumn[] = []
  for (const source of scope.sources) {
    if (!qualifierMatches(name, source, scope.catalog)) continue
    const matches = source.columns.filter((candidate) => isSame(candidate.name, column))
    if (matches.length > 1 && !listed) throw ambiguous(text(name.parts))
    if (matches.length > 0) noteQualifier(name, source)
    found.push(...matches)
  }
  const merged = name.parts.length === 1 && scope.merged.some((using) => isSame(using, column))
  if (found.length > 1 && !merged && !listed) throw ambiguous(text(name.parts))
  return found
}

function isSame(left: string, right: string): boolean {
  const sameness = sameColumn(left, right)
  if (sameness === 'unclear') throw ambiguous(right)
  return sameness === 'same'
}

/** True where `t` or `db.t` before the column (or before `.*`) means this source. */
function qualifierMatches(name: ColumnName, source: Source, catalog: Catalog): boolean {
  const [first, second, third] = name.parts
  if (!second) return true
  const table = third ? second : first!
  if (third) {
    if (source.use === null) return false
    if (!isSchema(catalog, source.use.relation, first!.value)) return false
  }
  const sameness = sameAlias(catalog, source.name, table.value)
  if (sameness === 'unclear') throw ambiguous(table.value)
  return sameness === 'same'
}

function isSchema(catalog: Catalog, relation: Relation, name: string): boolean {
  if (relation.schema.toLowerCase() === 'information_schema') return name.toLowerCase() === 'information_schema'
  return foldName(catalog, relation.schema) === foldName(catalog, name)
}

function noteQualifier(name: ColumnName, source: Source): void {
  if (name.parts.length < 3 || source.use === null) return
  noteSpan(source.use, { start: name.parts[0]!.start, end: name.parts[1]!.end })
}

/** Records `db.t` of `db.t.col` once, however often the reference is looked at. */
function noteSpan(use: OpenUse, span: Span): void {
  if (!use.qualifiers.some(({ start }) => start === span.start)) use.qualifiers.push(span)
}

/** The one source that `t.*` or `db.t.*` names, at this level only. */
export function starSource(parts: readonly Token[], scope: Scope): Source {
  const name: ColumnName = { kind: 'column', parts: [...parts, parts[0]!] }
  const found = scope.sources.filter((source) => qualifierMatches(name, source, scope.catalog))
  if (found.length !== 1) throw new SallyportError('SP-NAME', `unknown table ${text(parts)}`)
  const use = found[0]!.use
  if (parts.length === 2 && use) noteSpan(use, { start: parts[0]!.start, end: parts[1]!.end })
  return found[0]!
}

/** The CTE that an unqualified name means, or null. Case matters in MySQL and not in MariaDB. */
export function findCte(name: string, ctes: CteScope | null, catalog: Catalog): CteScope | null {
  for (let at = ctes; at !== null; at = at.outer) {
    const declared = at.cte.name.value
    if (declared === name) return at
    const sameness = sameColumn(declared, name)
    const folded = declared.toLowerCase() === name.toLowerCase()
    if (sameness === 'same' && catalog.dialect === 'mariadb') return at
    const apart = sameness === 'different' || (sameness === 'same' && folded && catalog.lowerCaseTableNames === 0)
    if (!apart) throw ambiguous(name)
  }
  return null
}

/** `computed` stays; `passed` only where nothing else used the column. */
export function mark(columns: readonly ScopeColumn[], how: 'passed' | 'computed' | 'written'): void {
  for (const { base } of columns) {
    if (base === null) continue
    const before = base.use.columns.get(base.column)
    base.use.columns.set(base.column, before === undefined || before === how ? how : 'computed')
    if (how !== 'passed') base.use.seen.otherwise.add(base.column)
  }
}

/** One column compared with that many values: a question whether a row has one of them, and no other. */
export function lookUp(columns: readonly ScopeColumn[], values: number): void {
  const base = columns.length === 1 ? columns[0]!.base : null
  if (base === null) return mark(columns, 'computed')
  const { lookups } = base.use.seen
  base.use.columns.set(base.column, 'computed')
  lookups.set(base.column, (lookups.get(base.column) ?? 0) + values)
}

export function sourcesOf(columns: readonly ScopeColumn[]): ColumnRef[] {
  return unique(columns.flatMap(({ sources }) => sources))
}

export function unique(refs: readonly ColumnRef[]): ColumnRef[] {
  const kept: ColumnRef[] = []
  const seen = new Map<Relation, Set<string>>()
  for (const ref of refs) {
    const columns = seen.get(ref.relation) ?? new Set()
    seen.set(ref.relation, columns)
    if (!columns.has(ref.column)) kept.push(ref)
    columns.add(ref.column)
  }
  return kept
}

export function ambiguous(name: string): SallyportError {
  return new SallyportError('SP-AMBIGUOUS', `the name ${name} is ambiguous`)
}

export function opaque(reason: string): SallyportError {
  return new SallyportError('SP-OPAQUE', reason)
}

function text(parts: readonly Token[]): string {
  return parts.map(({ value }) => value).join('.')
}

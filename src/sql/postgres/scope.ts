import type { Relation } from '../catalog.ts'
import { addSources, baseField, type Field, type Sources } from './field.ts'
import { opaque, refuse } from './node.ts'
import { compute, unplain, type Work } from './work.ts'

/**
 * The names that a query sees, as parse_relation.c keeps them: each level has its own entries, and a subquery sees
 * those of the queries around it. Of a join, the two sides stay visible by name while their columns merge.
 */
export interface Item {
  readonly alias: string | null
  readonly fields: readonly Field[]
  /** Set for a reference to a base relation. */
  readonly use: number | null
  readonly relation: Relation | null
  /** False where an alias hides the relation's own name, so that `schema.table.column` does not find it. */
  readonly ownName: boolean
  /** Visible to `alias.column`; and its columns to a bare `column`. */
  readonly named: boolean
  readonly open: boolean
  /** While FROM is read: visible to LATERAL alone, and whether that is allowed here. */
  readonly lateralOnly: boolean
  readonly lateralOk: boolean
  /** The server may see other columns than these (a polymorphic function): bare names near it can mislead. */
  readonly uncertain: boolean
}

export interface Cte {
  readonly name: string
  fields: readonly Field[] | null
  state: 'pending' | 'active' | 'done'
  /** True once its own body has named it. */
  recursive: boolean
  /** What its rows depend on. */
  readonly rows: Sources
  /** Reads a body that a recursive WITH names before its turn. */
  readonly read: () => void
}

export interface Scope {
  readonly parent: Scope | null
  readonly ctes: Map<string, Cte>
  items: readonly Item[]
  lateral: boolean
}

/** System columns of tables (PostgreSQL documentation, 5.6). */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'])

export function openScope(parent: Scope | null): Scope {
  return { parent, ctes: new Map(), items: [], lateral: false }
}

/** An entry that is not a base relation. */
export function derivedItem(alias: string | null, fields: readonly Field[], uncertain = false): Item {
  return {
    alias,
    fields,
    use: null,
    relation: null,
    ownName: false,
    named: alias !== null,
    open: true,
    lateralOnly: false,
    lateralOk: true,
    uncertain,
  }
}

/** The field that a bare name means, or null. Throws SP-AMBIGUOUS as the server would. */
export function findColumn(work: Work, scope: Scope, name: string): Field | null {
  let doubtful = false
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const items = visible(level).filter((item) => item.open)
    doubtful ||= items.some((item) => item.uncertain)
    const hits = items.flatMap((item) => columnsOf(work, item, name).map((field) => ({ item, field })))
    const hit = hits[0]
    if (hit === undefined) continue
    if (hits.length > 1) refuse('SP-AMBIGUOUS', `column reference "${name}" is ambiguous`)
    if (doubtful && !isSureBeside(work, level, hit.item, name)) {
      refuse('SP-AMBIGUOUS', `"${name}" may be a column of a function's result; qualify it`)
    }
    return reachable(hit.item, hit.field)
  }
  return null
}

/** True where a bare name is a column of this level's own FROM. */
export function findColumnHere(work: Work, scope: Scope, name: string): boolean {
  return findColumn(work, { ...scope, parent: null }, name) !== null
}

/** The entry that `name.` means, or null. */
export function findItem(scope: Scope, name: string): Item | null {
  return findBy(scope, name, (item) => item.alias === name)
}

/** The entry that `schema.name.` means, or null: base relations without alias alone. */
export function findQualified(scope: Scope, schema: string, name: string): Item | null {
  return findBy(scope, name, (item) => item.ownName && item.relation?.schema === schema && item.relation.name === name)
}

/** The field that `item.name` means, or null. */
export function columnOf(work: Work, item: Item, name: string): Field | null {
  const fields = columnsOf(work, item, name)
  if (fields.length > 1) refuse('SP-AMBIGUOUS', `column reference "${name}" is ambiguous`)
  return fields[0] ?? null
}

/** The row as a whole is used: every column counts as computed on. */
export function computeRow(work: Work, item: Item, sink: Sources): void {
  unplain(work)
  const use = item.use === null ? undefined : work.uses[item.use]
  if (use !== undefined && item.relation !== null) {
    use.wholeRow = true
    for (const column of item.relation.columns) {
      compute(work, baseField(item.relation, use.id, column.name, column.name), sink)
    }
  }
  for (const field of item.fields) compute(work, field, sink)
}

/** Every column that `*` shows at this level, in order. */
export function starFields(items: readonly Item[]): readonly Field[] {
  if (items.some((item) => item.uncertain)) opaque('* over a function whose columns are not known')
  return items.flatMap((item) => item.fields)
}

/** The rows that a query depends on, from every entry of a CTE. */
export function referCte(cte: Cte, rows: Sources): readonly Field[] {
  if (cte.state === 'pending') cte.read()
  if (cte.state === 'active') cte.recursive = true
  addSources(rows, cte.rows)
  return cte.fields ?? opaque(`the query "${cte.name}" names itself in a way that is not understood`)
}

export function findCte(scope: Scope, name: string): Cte | null {
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const cte = level.ctes.get(name)
    if (cte !== undefined) return cte
  }
  return null
}

function findBy(scope: Scope, name: string, matches: (item: Item) => boolean): Item | null {
  for (let level: Scope | null = scope; level !== null; level = level.parent) {
    const hits = visible(level).filter((item) => item.named && matches(item))
    if (hits.length > 1) refuse('SP-AMBIGUOUS', `table reference "${name}" is ambiguous`)
    const hit = hits[0]
    if (hit !== undefined) return reachable(hit, hit)
  }
  return null
}

function visible(level: Scope): readonly Item[] {
  return level.items.filter((item) => !item.lateralOnly || level.lateral)
}

function reachable<T>(item: Item, found: T): T {
  if (item.lateralOnly && !item.lateralOk) opaque('a LATERAL reference across this kind of join')
  return found
}

function isSureBeside(work: Work, level: Scope, item: Item, name: string): boolean {
  return item.uncertain && (level.parent === null || findColumn(work, level.parent, name) === null)
}

function columnsOf(work: Work, item: Item, name: string): readonly Field[] {
  const fields = item.fields.filter((field) => field.name === name)
  if (fields.length > 0 || item.relation === null || item.use === null || !SYSTEM_COLUMNS.has(name)) return fields
  work.uses[item.use]?.system.add(name)
  return [baseField(item.relation, item.use, name, name)]
}

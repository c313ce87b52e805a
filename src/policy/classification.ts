import type { Catalog, Column, Relation, RelationName } from '../sql/catalog.ts'
import { coverageOf, type ScopeInput } from './coverage.ts'
import { matchesAny, matchesAnyFolded } from './patterns.ts'

/** One line of the policy: the columns that it names have the class. All lines that match count. */
interface ClassifiedColumns {
  readonly targets: readonly string[]
  readonly databases: readonly string[]
  readonly schemas: readonly string[]
  readonly tables: readonly string[]
  readonly columns: readonly string[]
  readonly class: string
}

export interface Classification {
  readonly columns: readonly ClassifiedColumns[]
  /** What ids of the form `1-4-2` in comments are called here; one that is not listed is its own name. */
  readonly ids: ReadonlyMap<string, string>
}

interface ClassInput {
  readonly target: string
  /** Of the session; in MySQL a schema is its own database. */
  readonly database: string
  readonly catalog: Pick<Catalog, 'dialect'>
  readonly classification: Classification
}

/**
 * The classes of a column, by the policy's lines and by its comment in the database. `named` is a name that it goes by,
 * or went by before.
 */
export function classesOf(
  { target, database, catalog, classification }: ClassInput,
  named: RelationName,
  column: string,
  inComment: readonly string[] = [],
): readonly string[] {
  const matches = catalog.dialect === 'postgres' ? matchesAny : matchesAnyFolded
  const place = catalog.dialect === 'postgres' ? database : named.schema
  const lines = classification.columns.filter(
    (line) =>
      matchesAny(line.targets, target) &&
      matches(line.databases, place) &&
      matches(line.schemas, named.schema) &&
      matches(line.tables, named.name) &&
      matches(line.columns, column),
  )
  const said = inComment.map((id) => classification.ids.get(id) ?? id)
  return [...new Set([...lines.map((line) => line.class), ...said])]
}

/** The classes of what a role covers for reading, as a grant narrows it: what a rule of approval may ask for. */
export function classesCovered(input: ScopeInput & ClassInput): readonly string[] {
  const found = new Set<string>()
  for (const relation of ordinary(input.catalog)) {
    const coverage = input.role.unrestricted ? ALL : coverageOf(input, relation, 'read')
    for (const { name, classes } of coverage ? relation.columns : []) {
      if (coverage?.column(name)) for (const one of classesOf(input, relation, name, classes)) found.add(one)
    }
  }
  return [...found].sort()
}

const ALL = { column: () => true }

interface Drift {
  /** `schema.table.column` of every column without a class. */
  readonly unclassified: readonly string[]
  /** Those of them that the snapshot did not have. */
  readonly added: readonly string[]
  /** Columns that had a class in the snapshot, and have none now or are gone. */
  readonly lost: readonly string[]
  /** To compare the next time with. */
  readonly snapshot: ClassSnapshot
}

/** Every column by `schema.table.column`, with its classes. */
export type ClassSnapshot = Readonly<Record<string, readonly string[]>>

/** What nobody has classified, and what has changed since the snapshot; views show what their tables hold. */
export function classificationDrift(input: ClassInput & { readonly catalog: Catalog }, before: ClassSnapshot): Drift {
  const snapshot: Record<string, readonly string[]> = {}
  for (const relation of ordinary(input.catalog)) {
    for (const column of stored(relation))
      snapshot[`${relation.schema}.${relation.name}.${column.name}`] = classesOf(
        input,
        relation,
        column.name,
        column.classes,
      )
  }
  const unclassified = Object.keys(snapshot).filter((name) => snapshot[name]?.length === 0)
  return {
    unclassified,
    added: unclassified.filter((name) => !Object.hasOwn(before, name)),
    lost: Object.keys(before).filter((name) => before[name]?.length && !snapshot[name]?.length),
    snapshot,
  }
}

function ordinary({ relations }: Catalog): readonly Relation[] {
  // In MySQL one relation may stand under several spellings.
  return [...new Set(relations.values())].filter(({ kind }) => kind !== 'system' && kind !== 'sequence')
}

function stored({ kind, columns }: Relation): readonly Column[] {
  return kind === 'view' ? [] : columns
}

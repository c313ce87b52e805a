import { type Catalog, type Relation, relationKey } from '../sql/catalog.ts'
import type { StatementFacts } from '../sql/facts.ts'

type RiskKind =
  | 'lock'
  | 'rewrite'
  | 'missing_where'
  | 'drop'
  | 'unclassified_column'
  | 'opaque'
  | 'grant'
  | 'data_change'

/** Something that an approver should know of a statement of a script. */
export interface Risk {
  /** From 0. */
  readonly statement: number
  readonly kind: RiskKind
  readonly severity: 'info' | 'medium' | 'high'
  readonly text: string
}

/** What a statement brings about, before it is numbered. */
export type Finding = Omit<Risk, 'statement'>

export interface RiskInput {
  readonly statements: readonly StatementFacts[]
  readonly catalog: Catalog
  /** True where a column will have a class: by the policy, or by the comment that the script gives it. */
  readonly isClassified: (schema: string | null, table: string, column: string, comment: string | null) => boolean
  /** Rows as the server estimates them, by `relationKey`. */
  readonly rows?: ReadonlyMap<string, number>
}

/** ` (about 1,200,000 rows)`, or nothing where the size is not known. */
export function sizeOf({ rows }: Pick<RiskInput, 'rows'>, { schema, name }: Pick<Relation, 'schema' | 'name'>): string {
  const count = rows?.get(relationKey(schema, name))
  // An estimate, and nothing finer than that.
  const about = count === undefined ? 0 : Number(count.toPrecision(2))
  return count === undefined ? '' : ` (about ${about.toLocaleString('en-US')} rows)`
}

/** What stands in for a masked column inside a substituted reference. Keys never leave the proxy, so keyed masks are NULL. */
export type SqlMask = { readonly kind: 'null' } | { readonly kind: 'constant'; readonly text: string }

export interface Substitution {
  /** By column name; every other column is passed through. */
  readonly masks: ReadonlyMap<string, SqlMask>
  /** Every masked column, also one that passes: rows must not come in its order (MySQL). Absent: those of `masks`. */
  readonly unordered?: ReadonlySet<string>
  /** Row condition as SQL over the relation's own columns, values already quoted; null for none. Always fenced. */
  readonly where: string | null
}

/** By `RelationUse.id` of one statement. */
export type SubstitutionPlan = ReadonlyMap<number, Substitution>

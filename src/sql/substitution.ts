/**
 * What stands in for a masked column inside a substituted reference. Keys never leave the proxy, so keyed masks are NULL.
 * The limits are those of the same mask on the wire: both give the same for every value.
 */
export type SqlMask =
  | { readonly kind: 'null' }
  /** As the input function of the column's type takes it. */
  | { readonly kind: 'constant'; readonly text: string }
  | {
      readonly kind: 'partial'
      readonly keepFirst: number
      readonly keepLast: number
      readonly fill: string
      /** Longer values are NULL. */
      readonly maxCharacters: number
    }
  /** Longer values are no address. */
  | { readonly kind: 'email'; readonly maxBytes: number }
  | { readonly kind: 'bucket'; readonly width: number }
  | { readonly kind: 'date_trunc'; readonly unit: 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' }

export interface Substitution {
  /** By column name; every other column is passed through. */
  readonly masks: ReadonlyMap<string, SqlMask>
  /**
   * Masked columns that pass, and in whose order the rows could come and must not (MySQL); those of `masks` are so too. A view may
   * have none and be in an order all the same: of a column that it does not show. */
  readonly unordered?: ReadonlySet<string>
  /** Columns that all rows of the result have one known value in: no order of theirs tells of them (MySQL). */
  readonly settled?: ReadonlySet<string>
  /** Columns that the account may not be able to read: they are NULL, and nothing names them (MySQL). */
  readonly unread?: ReadonlySet<string>
  /** Row condition as SQL over the relation's own columns, values already quoted; null for none. Fenced unless `plain`. */
  readonly where: string | null
  /** True where nothing in the statement can tell of a row that the condition excludes: it then needs no fence. */
  readonly plain?: boolean
  /** Columns that are aggregated in clear, each over groups of at least so many rows that have a value. */
  readonly minGroup?: readonly { readonly column: string; readonly rows: number }[]
}

/** By `RelationUse.id` of one statement. */
export type SubstitutionPlan = ReadonlyMap<number, Substitution>

import type { MaskRule } from '../masking/rule.ts'
import type { Classification } from './classification.ts'

/** One line of the masking policy. Patterns are exact names or `*`, `prefix*`; the first that matches a column wins. */
export interface ColumnMask {
  readonly targets: readonly string[]
  readonly databases: readonly string[]
  readonly schemas: readonly string[]
  readonly tables: readonly string[]
  readonly columns: readonly string[]
  /** Patterns of classes, of which the column must have one beside its name matching; absent: any column. */
  readonly classes?: readonly string[]
  readonly rule: MaskRule
  /** Sums and averages of clear values are allowed over groups of at least `minGroup`; absent: they are not. */
  readonly aggregate?: { readonly minGroup: number }
  /** Clear values can be looked up with `=` and `IN`, so many an hour and person; absent: they can't. */
  readonly equality?: { readonly budgetPerHour: number }
}

export interface MaskingPolicy {
  /** SHA-256 of the policy as loaded, hex; keys are left out of it. */
  readonly digest: string
  readonly masks: readonly ColumnMask[]
  /** What lines that name classes go by; absent: comments alone. */
  readonly classification?: Classification
}

/** The questions that auditors ask, ready-made: what goes in, and what comes out. */

export const QUESTIONS = ['pii-readers', 'exports', 'migration', 'deletions'] as const
export type QuestionName = (typeof QUESTIONS)[number]

/** Where sensitive columns are: the lines of the masking policy and of the classification, without their rules. */
export interface SensitivePattern {
  readonly targets: readonly string[]
  readonly databases: readonly string[]
  readonly schemas: readonly string[]
  readonly tables: readonly string[]
  readonly columns: readonly string[]
}

export type Question =
  | {
      readonly name: 'pii-readers'
      readonly from: number
      readonly to: number
      readonly targets: readonly string[] | null
      readonly sensitive: readonly SensitivePattern[]
      /** These columns alone: `column`, `table.column` or `schema.table.column`; null: those that the policy names. */
      readonly columns: readonly string[] | null
    }
  | { readonly name: 'exports'; readonly from: number; readonly to: number; readonly targets: readonly string[] | null }
  | {
      readonly name: 'deletions'
      readonly from: number
      readonly to: number
      readonly targets: readonly string[] | null
    }
  /** The id of a grant or of its request. */
  | { readonly name: 'migration'; readonly id: string }

export type Cell = string | number | readonly string[] | null

export interface QuestionAnswer {
  readonly name: QuestionName
  /** One sentence. */
  readonly verdict: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** There are more rows than are given. */
  readonly cut: boolean
  readonly unreadable: number
}

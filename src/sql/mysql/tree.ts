import type { FunctionUse, SettingChange, Span, StatementFacts } from '../facts.ts'
import type { Token } from './token.ts'

/** `email`, `u.email`, `shop.u.email`: one to three name tokens. */
export interface ColumnName {
  readonly kind: 'column'
  readonly parts: readonly Token[]
}

/** A constant, as the statement writes it: `text` stands for a string, `number` for digits with or without a sign. */
export interface Value {
  readonly kind: 'text' | 'number' | 'null' | 'param'
  readonly text: string
  readonly shown: Shown | null
  /** Of a parameter: where it stands. */
  readonly start?: number
}

/** The name that either flavour gives an output column without alias, where it isn't the text of the expression. */
export interface Shown {
  readonly mysql: string
  readonly mariadb: string
}

/** One of the tests that a conjunction joins: columns, constants and parameters. `truth`: one of them by itself. */
export interface Test {
  readonly test: 'compare' | 'equal' | 'in' | 'between' | 'null' | 'truth'
  readonly operands: readonly (ColumnName | Value)[]
}

/**
 * An expression, flattened: what it reads, not how it computes. Precedence doesn't matter to anyone here, and every
 * column inside counts as computed on, except where the whole expression is one bare column.
 */
export interface Expr {
  readonly columns: readonly ColumnName[]
  /** Columns of PARTITION BY and ORDER BY of a window, where some servers look among the select list's aliases first. */
  readonly windowColumns: readonly ColumnName[]
  readonly queries: readonly Query[]
  /** MariaDB's sequences, whose next or last number it takes. */
  readonly sequences: readonly TableName[]
  readonly bare: ColumnName | null
  /** The value of a plain integer literal: an ordinal in ORDER BY and GROUP BY. */
  readonly integer: number | null
  /** No column, subquery or call: the server might take it for an ordinal. */
  readonly constant: boolean
  /** A key of a window is a constant, which a server might take for the place of an output column. */
  readonly ordinals: boolean
  /** One column or literal in parentheses or under plus signs, or a string. */
  readonly shown: Shown | null
  /** Where it is such tests joined by AND and nothing else. */
  readonly tests: readonly Test[] | null
  readonly span: Span
}

export interface StarItem {
  readonly kind: 'star'
  /** `t` in `t.*`, `db` and `t` in `db.t.*`. */
  readonly parts: readonly Token[]
}

export interface ValueItem {
  readonly kind: 'value'
  readonly expr: Expr
  readonly alias: string | null
}

export interface TableName {
  readonly kind: 'table'
  /** One or two name tokens. */
  readonly parts: readonly Token[]
  readonly alias: Token | null
  /** `PARTITION (...)` as written, which moves inside a substituted reference. */
  readonly partition: Span | null
  readonly hints: Span | null
  /** What FOR SYSTEM_TIME reads. */
  readonly period: readonly Expr[] | null
  readonly sampled: boolean
  /** In `TABLE t` a subquery can't stand for the name. */
  readonly nameOnly?: boolean
}

export interface JsonTable {
  readonly kind: 'json_table'
  readonly source: Expr
  readonly alias: Token
  readonly columns: readonly string[]
}

export interface DerivedTable {
  readonly kind: 'derived'
  readonly query: Query
  /** It sees the tables that stand before it in the same FROM. */
  readonly lateral: boolean
  readonly alias: Token
  readonly columns: readonly string[] | null
}

export interface JoinedTable {
  readonly kind: 'join'
  readonly left: TableItem
  readonly right: TableItem
  readonly on: Expr | null
  readonly using: readonly Token[] | null
  readonly natural: boolean
  readonly rightJoin: boolean
}

/** `a, b` and `(a, b)`; one item where it stands in parentheses. */
export interface TableList {
  readonly kind: 'list'
  readonly items: readonly TableItem[]
}

export type TableItem = TableName | DerivedTable | JsonTable | JoinedTable | TableList

export interface Select {
  readonly kind: 'select'
  readonly distinct: boolean
  readonly items: readonly (StarItem | ValueItem)[]
  readonly from: TableItem | null
  readonly where: Expr | null
  readonly groupBy: readonly Expr[]
  readonly having: Expr | null
  readonly qualify: Expr | null
  readonly windows: readonly Expr[]
}

export interface Cte {
  readonly name: Token
  readonly columns: readonly string[] | null
  readonly query: Query
}

/** One or more terms joined by UNION, EXCEPT or INTERSECT; `ORDER BY` and `LIMIT` belong to the whole. */
export interface Query {
  readonly kind: 'query'
  readonly recursive: boolean
  readonly ctes: readonly Cte[]
  readonly terms: readonly (Select | Query)[]
  readonly orderBy: readonly Expr[]
  /** LIMIT, OFFSET or FETCH. */
  readonly limited: boolean
}

/** What the parser noted on its way, for the whole statement. */
export interface Notes {
  readonly columns: ColumnName[]
  readonly stars: StarItem[]
  readonly calls: FunctionUse[]
  /** Output expressions without an alias. */
  readonly unnamed: Expr[]
  /** Columns that stand alone as the argument of an aggregate that says nothing of one row. */
  readonly aggregated: Set<ColumnName>
  /** ROLLUP, CUBE or a window: rows count in more groups than one. */
  regrouped: boolean
  /** User variables that an expression assigns. */
  readonly settings: SettingChange[]
  into: NonNullable<StatementFacts['into']> | null
  /** A `*`, TABLE or NATURAL takes the columns that a reference has, whichever those are. */
  expands: boolean
  locking: boolean
  /** MariaDB's LIMIT ROWS EXAMINED, which counts the rows that no condition let through. */
  examined: boolean
  /** True while the assignments of ON DUPLICATE KEY UPDATE are read. */
  onDuplicate: boolean
}

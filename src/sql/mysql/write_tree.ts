import type { Given } from '../facts.ts'
import type { Token } from './token.ts'
import type { ColumnName, Expr, Query, Select, TableItem, TableName } from './tree.ts'

/** What a write gives a column: `expr` is null for the keyword DEFAULT. */
export interface Value {
  readonly expr: Expr | null
  readonly given: Given
}

export interface Assignment {
  readonly target: ColumnName
  readonly value: Value
}

/** `AS new(a, b)` behind the rows of an INSERT: how ON DUPLICATE KEY UPDATE names what is inserted. */
export interface RowAlias {
  readonly name: Token
  readonly columns: readonly string[] | null
}

export interface Insert {
  readonly kind: 'insert'
  readonly replace: boolean
  readonly ignore: boolean
  readonly table: TableName
  /** Null: every column that is not invisible. */
  readonly columns: readonly ColumnName[] | null
  /** Null where `query` gives them. */
  readonly rows: readonly (readonly Value[])[] | null
  readonly query: Query | null
  readonly alias: RowAlias | null
  readonly onDuplicate: readonly Assignment[]
  /** MariaDB. */
  readonly returning: Select['items'] | null
}

/** UPDATE and DELETE, of one table or several. */
export interface Change {
  readonly kind: 'update' | 'delete'
  /** MySQL: WITH in front. */
  readonly common: Pick<Query, 'ctes' | 'recursive'>
  readonly from: TableItem
  /** DELETE of several tables: those that lose rows, by the names that FROM gives them. */
  readonly targets: readonly (readonly Token[])[] | null
  readonly set: readonly Assignment[]
  readonly where: Expr | null
  readonly orderBy: readonly Expr[]
  /** MariaDB: FOR PORTION OF, which splits rows; its bounds. */
  readonly portion: readonly Expr[] | null
  readonly returning: Select['items'] | null
}

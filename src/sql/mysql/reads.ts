import type { Span } from '../facts.ts'
import type { Token } from './token.ts'
import type { ColumnName, Expr, Query } from './tree.ts'

/** What the expression under the cursor has been seen to read so far. */
export class Reads {
  readonly columns: ColumnName[] = []
  readonly windowColumns: ColumnName[] = []
  readonly queries: Query[] = []
  #bare = true
  #constant = true

  column(name: ColumnName): void {
    this.columns.push(name)
    this.#constant = false
  }

  /** One key of a window's PARTITION BY or ORDER BY. */
  windowKey(key: Expr): void {
    this.windowColumns.push(...key.columns, ...key.windowColumns)
    this.queries.push(...key.queries)
    this.call()
  }

  call(): void {
    this.#bare = false
    this.#constant = false
  }

  variable(): void {
    this.#bare = false
  }

  notBare(): void {
    this.#bare = false
  }

  /** The column, where nothing but one column has been read. */
  get single(): ColumnName | null {
    return this.#bare && this.columns.length === 1 && this.queries.length === 0 ? this.columns[0]! : null
  }

  /** `tokens` is the length of the whole expression, which tells a bare column from `email + 1`. */
  expr(span: Span, single: ColumnName | null, first: Token, tokens: number): Expr {
    const bare = single !== null && tokens === single.parts.length * 2 - 1 ? single : null
    const plain = tokens === 1 && first.kind === 'number' && /^\d+$/.test(first.text)
    return {
      columns: this.columns,
      windowColumns: this.windowColumns,
      queries: this.queries,
      bare,
      integer: plain ? Number(first.text) : null,
      constant: this.#constant && this.queries.length === 0,
      span,
    }
  }
}

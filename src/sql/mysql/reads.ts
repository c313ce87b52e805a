import type { Span } from '../facts.ts'
import { conjunction, type Part, shownAs } from './conjunction.ts'
import type { Cursor } from './cursor.ts'
import type { Token } from './token.ts'
import type { ColumnName, Expr, Query, TableName } from './tree.ts'

/** What the expression under the cursor has been seen to read so far. */
export class Reads {
  readonly columns: ColumnName[] = []
  readonly windowColumns: ColumnName[] = []
  readonly queries: Query[] = []
  readonly sequences: TableName[] = []
  #bare = true
  #ordinals = false
  #constant = true

  column(name: ColumnName): void {
    this.columns.push(name)
    this.#constant = false
  }

  /** One key of a window's PARTITION BY or ORDER BY. */
  windowKey(key: Expr): void {
    this.windowColumns.push(...key.columns, ...key.windowColumns)
    this.queries.push(...key.queries)
    this.sequences.push(...key.sequences)
    this.#ordinals ||= key.constant || key.ordinals
    this.call()
  }

  call(): void {
    this.#bare = false
    this.#constant = false
  }

  /** As `call`, with the routine noted for the statement. */
  noteCall(cursor: Cursor, name: string, args: number): void {
    this.call()
    cursor.notes.calls.push({ schema: '', name, userDefined: false, args })
  }

  /** Takes over what an expression in parentheses reads. */
  take(inner: Reads): void {
    this.columns.push(...inner.columns)
    this.windowColumns.push(...inner.windowColumns)
    this.queries.push(...inner.queries)
    this.sequences.push(...inner.sequences)
    this.#bare = false
    this.#constant &&= inner.#constant
    this.#ordinals ||= inner.#ordinals
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
  expr(span: Span, single: ColumnName | null, first: Token, tokens: number, parts: readonly Part[] = []): Expr {
    const bare = single !== null && tokens === single.parts.length * 2 - 1 ? single : null
    const plain = tokens === 1 && first.kind === 'number' && /^\d+$/.test(first.text)
    return {
      columns: this.columns,
      windowColumns: this.windowColumns,
      queries: this.queries,
      sequences: this.sequences,
      bare,
      integer: plain ? Number(first.text) : null,
      constant: this.#constant && this.queries.length === 0,
      ordinals: this.#ordinals,
      shown: parts.length === 1 && typeof parts[0] === 'object' ? shownAs(parts[0]) : null,
      tests: conjunction(parts),
      span,
    }
  }
}

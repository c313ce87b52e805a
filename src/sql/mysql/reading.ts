import type { AnalysisContext, Facts, StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import type { Statement } from './statement_facts.ts'

/** One statement while it is read, and how to read what stands inside of it. */
export interface Reading {
  readonly cursor: Cursor
  readonly statement: Statement
  /** The whole message. */
  readonly text: string
  readonly context: AnalysisContext
  /**
   * The facts of a statement that is a part of this one (EXPLAIN, CREATE VIEW), by another default database where one is
   * named. Throws where it is not understood.
   */
  readonly inner: (part: Statement, database?: string | null) => StatementFacts
  /** The facts of a text that this one holds as a string (PREPARE). */
  readonly message: (text: string) => Facts
}

/** The rest of the statement, from the cursor on, as a statement of its own. */
export function restOf({ cursor, statement }: Reading): Statement {
  const tokens = statement.tokens.slice(cursor.position)
  return { tokens, span: { start: cursor.peek().start, end: statement.span.end } }
}

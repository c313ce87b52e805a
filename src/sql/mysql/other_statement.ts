import type { StatementFacts } from '../facts.ts'
import { explainFacts } from './explain_statement.ts'
import { prepareFacts } from './prepare_statement.ts'
import type { Reading } from './reading.ts'
import { sessionFacts } from './session_statement.ts'
import { showFacts } from './show_statement.ts'

type Reader = (reading: Reading) => StatementFacts | null

/** Statements that are neither queries nor writes, by their first word. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['SHOW', ({ cursor, statement, text, context }) => showFacts(cursor, statement, text, context)],
  ['EXPLAIN', explainFacts],
  ['DESCRIBE', explainFacts],
  ['DESC', explainFacts],
  ['ANALYZE', explainFacts],
  ['PREPARE', prepareFacts],
])

/** Null where the statement is of no known form. */
export function otherFacts(reading: Reading): StatementFacts | null {
  const reader = READERS.get(reading.cursor.peek().upper)
  return reader ? reader(reading) : sessionFacts(reading.cursor, reading.statement, reading.context.sqlMode)
}

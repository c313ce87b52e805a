import type { StatementFacts } from '../facts.ts'
import { Cursor } from './cursor.ts'
import { type Reading, restOf } from './reading.ts'
import { describeFacts } from './show_statement.ts'
import { blank } from './statement_facts.ts'

/** EXPLAIN of a statement: every column counts as computed on, since a plan tells of values. */
export function explainFacts(reading: Reading): StatementFacts {
  const { cursor, statement, text, context } = reading
  const analyze = cursor.sees('ANALYZE') || cursor.peek(1).upper === 'ANALYZE'
  const skip = explainOptions(cursor)
  if (!/^(?:SELECT|WITH|\()$/.test(cursor.peek().upper)) {
    if (skip > 1 || statement.tokens[0]!.upper === 'ANALYZE')
      cursor.fail('only EXPLAIN of a SELECT is understood', 'SP-OPAQUE')
    return describeFacts(new Cursor(statement.tokens), statement, text, context)
  }
  const inner = withoutPassing(reading.inner(restOf(reading)))
  const { verbs, uses, functions, rowSources, hasWhere } = inner
  const shared = { verbs, uses, functions, rowSources, hasWhere, inner }
  return { ...blank(statement, 'explain'), ...shared, name: analyze ? 'analyze' : null }
}

/** How many tokens stand before the explained statement. */
function explainOptions(cursor: Cursor): number {
  cursor.next()
  cursor.accept('ANALYZE')
  if (!cursor.accept('EXTENDED')) cursor.accept('PARTITIONS')
  if (cursor.accept('FORMAT', '=')) {
    if (!/^(?:TRADITIONAL|JSON|TREE)$/.test(cursor.next().upper)) cursor.fail('unknown EXPLAIN format', 'SP-OPAQUE')
  }
  return cursor.position
}

/** Every read column as computed on; a column that is only written stays so. */
export function withoutPassing(facts: StatementFacts): StatementFacts {
  const uses = facts.uses.map((use) => {
    const columns = new Map(
      [...use.columns].map(([name, how]) => [name, how === 'written' ? how : 'computed'] as const),
    )
    return { ...use, columns }
  })
  return { ...facts, uses, output: facts.output?.map((field) => ({ ...field, origin: null })) ?? null }
}

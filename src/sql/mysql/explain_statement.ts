import type { StatementFacts } from '../facts.ts'
import { Cursor } from './cursor.ts'
import { type Reading, restOf } from './reading.ts'
import { describeFacts } from './show_statement.ts'
import { blank } from './statement_facts.ts'

interface ExplainOptions {
  readonly analyze: boolean
  /** The statement is MariaDB's ANALYZE, or options stand before what is explained: it can't be a table. */
  readonly explains: boolean
  readonly into: boolean
  readonly schema: string | null
}

/** EXPLAIN of a statement (Reference Manual 15.8.2): every column counts as computed on, since a plan tells of values. */
export function explainFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  const { analyze, explains, into, schema } = optionsOf(cursor)
  if (cursor.sees('FOR', 'CONNECTION')) {
    const reason = 'the plan of another session is not shown: it holds its statement'
    return { ...blank(statement, 'explain'), name: 'connection', opaque: { code: 'SP-OPAQUE', reason } }
  }
  if (!/^(?:SELECT|WITH|TABLE|VALUES|\(|INSERT|REPLACE|UPDATE|DELETE)$/.test(cursor.peek().upper)) {
    if (explains) cursor.fail('EXPLAIN of this statement is not understood', 'SP-OPAQUE')
    return describeFacts({ ...reading, cursor: new Cursor(statement.tokens) })
  }
  const inner = withoutPassing(reading.inner(restOf(reading), schema))
  if (inner.into) cursor.fail('EXPLAIN of SELECT INTO is refused', 'SP-OPAQUE')
  if (into) cursor.fail('EXPLAIN INTO keeps a plan where what it tells can not be seen to', 'SP-OPAQUE')
  const { verbs, uses, functions, rowSources, hasWhere } = inner
  const shared = { verbs, uses, functions, rowSources, hasWhere, inner }
  return { ...blank(statement, 'explain'), ...shared, name: analyze ? 'analyze' : null }
}

function optionsOf(cursor: Cursor): ExplainOptions {
  const start = cursor.position
  const analyze = cursor.next().upper === 'ANALYZE' || cursor.accept('ANALYZE')
  if (!cursor.accept('EXTENDED')) cursor.accept('PARTITIONS')
  if (cursor.accept('FORMAT', '=') && !/^(?:TRADITIONAL|TRADITIONAL_STRICT|JSON|TREE)$/i.test(cursor.next().value))
    cursor.fail('unknown EXPLAIN format', 'SP-OPAQUE')
  const into = cursor.accept('INTO') && cursor.next().kind === 'uservar'
  const ofSchema = cursor.accept('FOR', 'SCHEMA') || cursor.accept('FOR', 'DATABASE')
  const schema = ofSchema ? cursor.name().value : null
  return { analyze, explains: analyze || cursor.position > start + 1, into, schema }
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

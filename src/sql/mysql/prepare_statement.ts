import { SallyportError } from '../../errors.ts'
import type { StatementFacts } from '../facts.ts'
import { withoutPassing } from './explain_statement.ts'
import type { Reading } from './reading.ts'
import { blank } from './statement_facts.ts'

/**
 * `PREPARE name FROM 'text'`: the text is judged as a statement of its own; spans of `inner` count in that text.
 * Nothing passes through it, since EXECUTE names no columns that the wire could expect.
 */
export function prepareFacts({ cursor, statement, message }: Reading): StatementFacts {
  cursor.expect('PREPARE')
  const name = cursor.name().value
  cursor.expect('FROM')
  const literal = cursor.next()
  if (literal.kind !== 'string' || !/^['"]/.test(literal.text))
    cursor.fail('PREPARE takes its text as one plain string', 'SP-OPAQUE')
  cursor.end()
  const { statements } = message(literal.value)
  const parsed = statements[0]
  if (!parsed || statements.length !== 1) throw new SallyportError('SP-OPAQUE', 'PREPARE takes one statement')
  if (parsed.opaque) throw new SallyportError(parsed.opaque.code, parsed.opaque.reason)
  if (!/^(?:select|insert|update|delete)$/.test(parsed.kind))
    throw new SallyportError('SP-OPAQUE', 'PREPARE takes SELECT, INSERT, UPDATE and DELETE only')
  const inner = withoutPassing(parsed)
  const { verbs, uses, functions, rowSources, hasWhere } = inner
  return { ...blank(statement, 'prepare'), verbs, uses, functions, rowSources, hasWhere, name, inner }
}

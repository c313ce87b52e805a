import { SallyportError } from '../../errors.ts'
import type { Facts, StatementFacts, StatementKind } from '../facts.ts'
import { withoutPassing } from './explain_statement.ts'
import type { Reading } from './reading.ts'
import { given } from './session_statement.ts'
import { blank, opaqueFacts } from './statement_facts.ts'

/** What does nothing to the session when it is executed later. */
const PREPARED: ReadonlySet<StatementKind> = new Set([
  ...(['select', 'insert', 'update', 'delete', 'evaluate', 'call', 'truncate'] as const),
  ...(['ddl', 'create_table_as', 'maintenance', 'administration'] as const),
])

/** What does nothing to what the session knows either: the definitions of objects, and variables that a routine sets. */
const IMMEDIATE: ReadonlySet<StatementKind> = new Set(['select', 'insert', 'update', 'delete', 'evaluate'])

/**
 * `PREPARE name FROM 'text'`: the text is judged as a statement of its own; spans of `inner` count in that text.
 * Nothing passes through it, since EXECUTE names no columns that the wire could expect.
 */
export function prepareFacts({ cursor, statement, message }: Reading): StatementFacts {
  cursor.expect('PREPARE')
  const name = cursor.name().value
  cursor.expect('FROM')
  const source = cursor.next()
  if (source.kind === 'uservar' && cursor.peek().kind === 'end') return fromVariable(statement, name, source.value)
  if (source.kind !== 'string' || !/^['"]/.test(source.text))
    cursor.fail('PREPARE takes its text as one plain string', 'SP-OPAQUE')
  cursor.end()
  return { ...blank(statement, 'prepare'), ...heldFacts(message(source.value), PREPARED), name }
}

/** MariaDB: PREPARE, EXECUTE and DEALLOCATE in one. What might change the session is better sent by itself. */
export function immediateFacts({ cursor, statement, message, context }: Reading): StatementFacts {
  cursor.expect('EXECUTE', 'IMMEDIATE')
  if (context.catalog.dialect !== 'mariadb') cursor.fail('MySQL has no EXECUTE IMMEDIATE')
  const source = cursor.next()
  if (source.kind !== 'string' || !/^['"]/.test(source.text)) {
    const reason = 'EXECUTE IMMEDIATE takes its text as one plain string'
    return opaqueFacts(statement, 'SP-UNSUPPORTED', reason)
  }
  given(cursor)
  cursor.end()
  return { ...blank(statement, 'prepare'), ...heldFacts(message(source.value), IMMEDIATE), immediate: true }
}

/** What the statement in a string comes to, where it is one of these. */
function heldFacts({ statements }: Facts, kinds: ReadonlySet<StatementKind>) {
  const parsed = statements[0]
  if (!parsed || statements.length !== 1) throw new SallyportError('SP-OPAQUE', 'PREPARE takes one statement')
  if (parsed.opaque) throw new SallyportError(parsed.opaque.code, parsed.opaque.reason)
  if (!kinds.has(parsed.kind))
    throw new SallyportError('SP-OPAQUE', 'PREPARE takes no statement that would change the session when executed')
  const inner = withoutPassing(parsed)
  const { verbs, uses, functions, rowSources, hasWhere } = inner
  return { verbs, uses, functions, rowSources, hasWhere, inner }
}

/** Refused as it stands: the session puts the text in its place, where it knows what the variable holds. */
function fromVariable(statement: Reading['statement'], name: string, textFrom: string): StatementFacts {
  const reason = 'PREPARE takes its text from a variable that was SET to a constant before'
  return { ...blank(statement, 'prepare'), name, textFrom, opaque: { code: 'SP-UNSUPPORTED', reason } }
}

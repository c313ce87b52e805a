import { SallyportError } from '../../errors.ts'
import type { StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import type { Reading } from './reading.ts'
import { blank } from './statement_facts.ts'

export function useFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('USE')
  const name = cursor.name().value
  cursor.end()
  return { ...blank(statement, 'use'), verbs: ['session'], name }
}

/** KILL of a number. What else may stand there names a session that only the server knows. */
export function killFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('KILL')
  if (!cursor.accept('HARD')) cursor.accept('SOFT')
  const killQuery = cursor.accept('QUERY')
  if (!killQuery) cursor.accept('CONNECTION')
  if (cursor.sees('USER') || cursor.sees('ID')) cursor.fail('KILL takes the number of a session', 'SP-OPAQUE')
  const id = cursor.next()
  if (id.kind !== 'number' || !/^\d+$/.test(id.text)) cursor.fail('KILL takes a number', 'SP-OPAQUE')
  cursor.end()
  return { ...blank(statement, 'kill'), verbs: ['session'], name: id.text, killQuery }
}

/** EXECUTE with variables, or MariaDB's expressions, which read nothing. */
export function executeFacts(reading: Reading): StatementFacts {
  const { cursor, statement } = reading
  cursor.expect('EXECUTE')
  if (cursor.accept('IMMEDIATE')) return immediateFacts(reading)
  const name = cursor.name().value
  given(cursor)
  cursor.end()
  return { ...blank(statement, 'execute'), verbs: ['session'], name }
}

function given(cursor: Cursor): void {
  if (!cursor.accept('USING')) return
  cursor.list(() => {
    cursor.accept('-')
    const { kind, upper } = cursor.next()
    if (!/^(?:uservar|string|number|hex|bit|param)$/.test(kind) && !/^(?:NULL|DEFAULT|TRUE|FALSE)$/.test(upper))
      cursor.fail('EXECUTE takes variables and values', 'SP-OPAQUE')
  })
}

/** MariaDB: PREPARE, EXECUTE and DEALLOCATE in one. What it runs is known, and better sent by itself. */
function immediateFacts({ cursor, statement, message, context }: Reading): StatementFacts {
  if (context.catalog.dialect !== 'mariadb') cursor.fail('MySQL has no EXECUTE IMMEDIATE')
  const reason = 'EXECUTE IMMEDIATE runs a text that the result is not known of: send the text itself'
  const literal = cursor.next()
  const known = literal.kind === 'string' && (cursor.sees('USING') || cursor.peek().kind === 'end')
  const inner = known ? (message(literal.value).statements[0] ?? null) : null
  if (inner?.opaque) throw new SallyportError(inner.opaque.code, inner.opaque.reason)
  return { ...blank(statement, 'execute'), verbs: ['session'], opaque: { code: 'SP-UNSUPPORTED', reason } }
}

/** DEALLOCATE PREPARE and DROP PREPARE. */
export function deallocateFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.next()
  cursor.expect('PREPARE')
  const name = cursor.name().value
  cursor.end()
  return { ...blank(statement, 'deallocate'), verbs: ['session'], name }
}

/** HELP reads the server's own manual. */
export function helpFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('HELP')
  if (cursor.peek().kind === 'string') cursor.next()
  else cursor.name()
  cursor.end()
  return { ...blank(statement, 'show'), name: 'help' }
}

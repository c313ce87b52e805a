import type { StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import type { Reading } from './reading.ts'
import { blank, opaqueFacts } from './statement_facts.ts'

export function useFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('USE')
  const name = cursor.name().value
  cursor.end()
  return { ...blank(statement, 'use'), verbs: ['session'], name }
}

/** What KILL names the session itself by. */
export const OWN_SESSION = 'connection_id()'

/** KILL of a number, or of the session itself. What else may stand there names a session that only the server knows. */
export function killFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('KILL')
  if (!cursor.accept('HARD')) cursor.accept('SOFT')
  const killQuery = cursor.accept('QUERY')
  if (!killQuery) cursor.accept('CONNECTION')
  if (cursor.sees('USER') || cursor.sees('ID')) cursor.fail('KILL takes the number of a session', 'SP-OPAQUE')
  if (cursor.accept('CONNECTION_ID', '(', ')')) {
    cursor.end()
    return { ...blank(statement, 'kill'), verbs: ['session'], name: OWN_SESSION, killQuery }
  }
  const id = cursor.next()
  if (id.kind !== 'number' || !/^\d+$/.test(id.text)) cursor.fail('KILL takes a number', 'SP-OPAQUE')
  cursor.end()
  return { ...blank(statement, 'kill'), verbs: ['session'], name: id.text, killQuery }
}

/** EXECUTE with variables, or MariaDB's expressions, which read nothing. */
export function executeFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('EXECUTE')
  const name = cursor.name().value
  given(cursor)
  cursor.end()
  return { ...blank(statement, 'execute'), verbs: ['session'], name }
}

export function given(cursor: Cursor): void {
  if (!cursor.accept('USING')) return
  cursor.list(() => {
    cursor.accept('-')
    const { kind, upper } = cursor.next()
    if (!/^(?:uservar|string|number|hex|bit|param)$/.test(kind) && !/^(?:NULL|DEFAULT|TRUE|FALSE)$/.test(upper))
      cursor.fail('EXECUTE takes variables and values', 'SP-OPAQUE')
  })
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

/** What a routine does with conditions. Outside of one GET DIAGNOSTICS puts messages into variables, and SIGNAL makes them. */
export function conditionFacts({ cursor, statement }: Reading): StatementFacts {
  const { upper } = cursor.peek()
  const reason = `${upper === 'GET' ? 'GET DIAGNOSTICS keeps' : `${upper} makes up`} messages of the server, which are not followed`
  return opaqueFacts(statement, 'SP-OPAQUE', reason)
}

import type { SettingChange, StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import { setFacts } from './set_statement.ts'
import { blank, type Statement } from './statement_facts.ts'

type Reader = (cursor: Cursor, statement: Statement, sqlMode: ReadonlySet<string>) => StatementFacts

/** Statements about the session and its transaction, each with a small grammar of its own. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['SET', setFacts],
  ['USE', use],
  ['KILL', kill],
  ['BEGIN', begin],
  ['START', begin],
  ['COMMIT', finish],
  ['ROLLBACK', rollback],
  ['SAVEPOINT', savepoint],
  ['RELEASE', release],
  ['EXECUTE', execute],
  ['DEALLOCATE', deallocate],
  ['DROP', deallocate],
])

/** Null where the statement is not one of these. */
export function sessionFacts(
  cursor: Cursor,
  statement: Statement,
  sqlMode: ReadonlySet<string>,
): StatementFacts | null {
  const reader = READERS.get(cursor.peek().upper)
  if (!reader || (cursor.sees('DROP') && !cursor.sees('DROP', 'PREPARE'))) return null
  const facts = reader(cursor, statement, sqlMode)
  cursor.end()
  return facts
}

function use(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('USE')
  return { ...blank(statement, 'use'), verbs: ['session'], name: cursor.name().value }
}

function kill(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('KILL')
  const killQuery = cursor.accept('QUERY')
  if (!killQuery) cursor.accept('CONNECTION')
  const id = cursor.next()
  if (id.kind !== 'number' || !/^\d+$/.test(id.text)) cursor.fail('KILL takes a number', 'SP-OPAQUE')
  return { ...blank(statement, 'kill'), verbs: ['session'], name: id.text, killQuery }
}

function begin(cursor: Cursor, statement: Statement): StatementFacts {
  const settings: SettingChange[] = []
  if (cursor.accept('BEGIN')) cursor.accept('WORK')
  else {
    cursor.expect('START', 'TRANSACTION')
    if (cursor.peek().kind !== 'end') cursor.list(() => settings.push(...characteristic(cursor)))
  }
  return { ...blank(statement, 'begin'), verbs: ['session'], settings }
}

function characteristic(cursor: Cursor): SettingChange[] {
  if (cursor.accept('WITH', 'CONSISTENT', 'SNAPSHOT')) return []
  cursor.expect('READ')
  const mode = cursor.accept('ONLY') ? 'READ ONLY' : 'READ WRITE'
  if (mode === 'READ WRITE') cursor.expect('WRITE')
  return [{ name: 'transaction', scope: 'local', values: [mode] }]
}

function finish(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('COMMIT')
  chain(cursor)
  return { ...blank(statement, 'commit'), verbs: ['session'] }
}

/** `[WORK] [AND [NO] CHAIN] [[NO] RELEASE]`. */
function chain(cursor: Cursor): void {
  cursor.accept('WORK')
  if (cursor.accept('AND')) {
    cursor.accept('NO')
    cursor.expect('CHAIN')
  }
  if (!cursor.accept('RELEASE')) cursor.accept('NO', 'RELEASE')
}

function rollback(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('ROLLBACK')
  const work = cursor.accept('WORK')
  if (cursor.accept('TO')) {
    cursor.accept('SAVEPOINT')
    return { ...blank(statement, 'rollback_to'), verbs: ['session'], name: cursor.name().value }
  }
  if (!work) chain(cursor)
  return { ...blank(statement, 'rollback'), verbs: ['session'] }
}

function savepoint(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('SAVEPOINT')
  return { ...blank(statement, 'savepoint'), verbs: ['session'], name: cursor.name().value }
}

function release(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('RELEASE', 'SAVEPOINT')
  return { ...blank(statement, 'release'), verbs: ['session'], name: cursor.name().value }
}

function execute(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.expect('EXECUTE')
  if (cursor.sees('IMMEDIATE')) cursor.fail('EXECUTE IMMEDIATE is refused', 'SP-OPAQUE')
  const name = cursor.name().value
  if (cursor.accept('USING')) {
    cursor.list(() => {
      if (cursor.next().kind !== 'uservar') cursor.fail('EXECUTE takes user variables', 'SP-OPAQUE')
    })
  }
  return { ...blank(statement, 'execute'), verbs: ['session'], name }
}

function deallocate(cursor: Cursor, statement: Statement): StatementFacts {
  cursor.next()
  cursor.expect('PREPARE')
  return { ...blank(statement, 'deallocate'), verbs: ['session'], name: cursor.name().value }
}

import type { SettingChange, StatementFacts } from '../facts.ts'
import type { Cursor } from './cursor.ts'
import type { Reading } from './reading.ts'
import { blank } from './statement_facts.ts'

/** BEGIN and START TRANSACTION (Reference Manual 15.3.1). MariaDB's BEGIN NOT ATOMIC is no transaction but a block. */
export function beginFacts({ cursor, statement }: Reading): StatementFacts {
  const settings: SettingChange[] = []
  if (cursor.accept('BEGIN')) {
    if (cursor.sees('NOT', 'ATOMIC')) cursor.fail('a block of statements is not analysed', 'SP-OPAQUE')
    cursor.accept('WORK')
  } else {
    cursor.expect('START', 'TRANSACTION')
    if (cursor.peek().kind !== 'end') cursor.list(() => settings.push(...characteristic(cursor)))
  }
  cursor.end()
  return { ...blank(statement, 'begin'), verbs: ['session'], settings }
}

function characteristic(cursor: Cursor): SettingChange[] {
  if (cursor.accept('WITH', 'CONSISTENT', 'SNAPSHOT')) return []
  cursor.expect('READ')
  const mode = cursor.accept('ONLY') ? 'READ ONLY' : 'READ WRITE'
  if (mode === 'READ WRITE') cursor.expect('WRITE')
  return [{ name: 'transaction', scope: 'local', values: [mode] }]
}

export function commitFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('COMMIT')
  cursor.accept('WORK')
  chain(cursor)
  return { ...blank(statement, 'commit'), verbs: ['session'] }
}

/** `[AND [NO] CHAIN] [[NO] RELEASE]`. */
function chain(cursor: Cursor): void {
  if (cursor.accept('AND')) {
    cursor.accept('NO')
    cursor.expect('CHAIN')
  }
  if (!cursor.accept('RELEASE')) cursor.accept('NO', 'RELEASE')
  cursor.end()
}

export function rollbackFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('ROLLBACK')
  cursor.accept('WORK')
  if (cursor.accept('TO')) {
    cursor.accept('SAVEPOINT')
    return named(cursor, statement, 'rollback_to')
  }
  chain(cursor)
  return { ...blank(statement, 'rollback'), verbs: ['session'] }
}

export function savepointFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('SAVEPOINT')
  return named(cursor, statement, 'savepoint')
}

export function releaseFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('RELEASE', 'SAVEPOINT')
  return named(cursor, statement, 'release')
}

function named(
  cursor: Cursor,
  statement: Reading['statement'],
  kind: 'rollback_to' | 'savepoint' | 'release',
): StatementFacts {
  const name = cursor.name().value
  cursor.end()
  return { ...blank(statement, kind), verbs: ['session'], name }
}

/** XA (Reference Manual 15.3.8): `name` is what is done. */
export function twoPhaseFacts({ cursor, statement }: Reading): StatementFacts {
  cursor.expect('XA')
  const { upper } = cursor.next()
  if (!/^(?:START|BEGIN|END|PREPARE|COMMIT|ROLLBACK|RECOVER)$/.test(upper)) cursor.fail('unknown form of XA')
  return { ...blank(statement, 'two_phase'), verbs: ['session'], name: upper.toLowerCase() }
}

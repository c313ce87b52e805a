import type { Cursor } from './cursor.ts'

/** FOR UPDATE, FOR SHARE and LOCK IN SHARE MODE, each with what it waits for; several may follow each other. */
export function lockClause(cursor: Cursor): void {
  for (;;) {
    if (cursor.accept('LOCK', 'IN', 'SHARE', 'MODE')) cursor.notes.locking = true
    else if (cursor.accept('FOR', 'UPDATE') || cursor.accept('FOR', 'SHARE')) {
      cursor.notes.locking = true
      if (cursor.accept('OF')) cursor.list(() => lockedTable(cursor))
    } else return
    waiting(cursor)
  }
}

/** Names a table of the FROM clause; every one counts as locked, whichever are named. */
function lockedTable(cursor: Cursor): void {
  cursor.name()
  if (cursor.accept('.')) cursor.nameAfterDot()
}

function waiting(cursor: Cursor): void {
  if (cursor.accept('NOWAIT') || cursor.accept('SKIP', 'LOCKED')) return
  if (cursor.accept('WAIT') && cursor.next().kind !== 'number') cursor.fail('WAIT takes a number')
}

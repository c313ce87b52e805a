import type { Cursor } from './cursor.ts'

/**
 * `INTO @a, @b`, `INTO OUTFILE 'f' ...` and `INTO DUMPFILE 'f'` (Reference Manual 15.2.13.1): the rows do not come back,
 * which holds for the statement as a whole. True where the clause stood here.
 */
export function intoClause(cursor: Cursor): boolean {
  if (!cursor.accept('INTO')) return false
  if (cursor.notes.into !== null) cursor.fail('INTO stands twice')
  if (cursor.accept('OUTFILE')) outfile(cursor)
  else if (cursor.accept('DUMPFILE')) {
    cursor.notes.into = 'dumpfile'
    fileName(cursor)
  } else variables(cursor)
  return true
}

function fileName(cursor: Cursor): void {
  if (cursor.next().kind !== 'string') cursor.fail('expected a file name')
}

function outfile(cursor: Cursor): void {
  cursor.notes.into = 'outfile'
  fileName(cursor)
  if (cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET')) cursor.charset()
  exportOptions(cursor)
}

/** FIELDS and LINES with their terminators. */
function exportOptions(cursor: Cursor): void {
  if (cursor.accept('FIELDS') || cursor.accept('COLUMNS')) {
    while (/^(?:TERMINATED|ENCLOSED|ESCAPED|OPTIONALLY)$/.test(cursor.peek().upper)) {
      cursor.accept('OPTIONALLY')
      separator(cursor)
    }
  }
  if (cursor.accept('LINES')) while (/^(?:TERMINATED|STARTING)$/.test(cursor.peek().upper)) separator(cursor)
}

function separator(cursor: Cursor): void {
  cursor.next()
  cursor.expect('BY')
  if (!/^(?:string|hex|bit)$/.test(cursor.next().kind)) cursor.fail('expected a separator')
}

function variables(cursor: Cursor): void {
  cursor.notes.into = 'variables'
  cursor.list(() => {
    const { kind, value } = cursor.next()
    if (kind !== 'uservar') cursor.fail('INTO takes user variables', 'SP-OPAQUE')
    cursor.notes.settings.push({ name: `@${value.toLowerCase()}`, scope: 'session', values: 'expression' })
  })
}

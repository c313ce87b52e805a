import type { Cursor } from './cursor.ts'
import { TYPE_WORDS } from './words.ts'

/** What may follow the type's own word and its length. */
const ATTRIBUTES = new Set(
  'UNSIGNED SIGNED ZEROFILL PRECISION VARYING INTEGER INT BINARY ASCII UNICODE BYTE CHAR CHARACTER VARCHAR'.split(' '),
)

/**
 * A type of CAST, CONVERT, JSON_VALUE or a column of JSON_TABLE (Reference Manual 14.10 and 13). A type may be any
 * word: MariaDB has types by name.
 */
export function parseType(cursor: Cursor): void {
  if (cursor.accept('INTERVAL')) cursor.next()
  else if (cursor.seesAny(TYPE_WORDS) || cursor.seesName()) cursor.next()
  else cursor.fail('expected a type')
  for (;;) {
    if (cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET') || cursor.accept('COLLATE')) cursor.charset()
    else if (cursor.accept('(')) lengths(cursor)
    else if (!cursor.seesAny(ATTRIBUTES)) return
    else cursor.next()
  }
}

function lengths(cursor: Cursor): void {
  cursor.list(() => {
    if (!/^(?:number|string)$/.test(cursor.next().kind)) cursor.fail('expected a length')
  })
  cursor.expect(')')
}

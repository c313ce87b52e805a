import type { Cursor } from './cursor.ts'
import { TYPE_WORDS } from './words.ts'

/** The type of CAST and CONVERT (Reference Manual 14.10), without ARRAY. */
export function parseType(cursor: Cursor): void {
  if (!cursor.seesAny(TYPE_WORDS)) cursor.fail('expected a type')
  while (cursor.seesAny(TYPE_WORDS) && !cursor.sees('CHARACTER', 'SET')) cursor.next()
  if (cursor.accept('(')) {
    cursor.list(() => {
      if (cursor.next().kind !== 'number') cursor.fail('expected a length')
    })
    cursor.expect(')')
  }
  if (cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET')) {
    if (!cursor.accept('BINARY')) cursor.name()
  }
  if (cursor.accept('COLLATE')) cursor.name()
}

import { named, type Operand, OTHER, shownAs } from './conjunction.ts'
import type { Cursor } from './cursor.ts'
import type { Value } from './tree.ts'
import { INTRODUCERS } from './words.ts'

/**
 * Literals of every kind: strings that stand side by side are one; the string or bytes that an introducer or DATE, TIME,
 * TIMESTAMP stands before; NULL, TRUE, FALSE; a parameter. Null where none begins here.
 */
export function readLiteral(cursor: Cursor): Operand | null {
  const token = cursor.peek()
  if (token.kind === 'string') return readStrings(cursor)
  if (token.kind === 'param') return constant(cursor, 'param')
  if (token.kind === 'number') return constant(cursor, 'number')
  if (token.upper === 'NULL') return constant(cursor, 'null')
  if (token.upper === 'TRUE' || token.upper === 'FALSE')
    return { ...constant(cursor, 'number'), text: token.upper === 'TRUE' ? '1' : '0', shown: null }
  if (/^(?:hex|bit)$/.test(token.kind)) {
    cursor.next()
    return OTHER
  }
  const next = cursor.peek(1).kind
  const introduced = INTRODUCERS.has(token.upper) && /^(?:string|hex|bit)$/.test(next)
  const temporal = /^(?:DATE|TIME|TIMESTAMP)$/.test(token.upper) && next === 'string'
  if (!introduced && !temporal) return null
  cursor.next()
  if (cursor.peek().kind === 'string' && introduced) {
    const string = readStrings(cursor)
    return { kind: 'other', shown: shownAs(string) }
  }
  cursor.next()
  return OTHER
}

/** A string with a prefix has a character set of its own. */
function readStrings(cursor: Cursor): Operand {
  const first = cursor.next()
  let text = first.value
  while (cursor.peek().kind === 'string') text += cursor.next().value
  const shown = { mysql: first.value.trimStart(), mariadb: text.trimStart() }
  return /^['"]/.test(first.text) ? { kind: 'text', text, shown } : { kind: 'other', shown }
}

function constant(cursor: Cursor, kind: 'param' | 'number' | 'null'): Value {
  const { text, start } = cursor.next()
  if (kind === 'param') return { kind, text, shown: null, start }
  return { kind, text, shown: named(kind === 'null' ? 'NULL' : text) }
}

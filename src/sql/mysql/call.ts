import type { Cursor } from './cursor.ts'
import { readExpr } from './expression.ts'
import { namedArguments } from './named_argument.ts'
import type { Reads } from './reads.ts'
import { sequenceName } from './special_form.ts'
import type { Token } from './token.ts'
import { parseType } from './type_name.ts'
import { over, sortedBy } from './window.ts'
import { columnName } from './write_value.ts'

/** Words that join the arguments of single functions in place of commas. */
const JOINERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['trim', ['FROM']],
  ['substring', ['FROM', 'FOR']],
  ['substr', ['FROM', 'FOR']],
  ['mid', ['FROM', 'FOR']],
])

/** MariaDB's dynamic columns: an argument may say of which type it is. */
const TYPED_ARGUMENTS = new Set(['column_create', 'column_add', 'column_get'])

/** Keywords of MariaDB alone: elsewhere these are plain calls of whatever has the name. */
const SEQUENCE_FUNCTIONS = new Set(['NEXTVAL', 'LASTVAL', 'SETVAL'])

/** Aggregates that say something of a group and nothing of one row in it, as long as the group is large. */
const AGGREGATES = new Set('count sum avg std stddev stddev_pop stddev_samp variance var_pop var_samp'.split(' '))

/** A call of `name(...)` or `qualifier.name(...)`; the cursor stands at the name. */
export function parseCall(cursor: Cursor, reads: Reads, qualifier: readonly Token[] | null): void {
  const token = cursor.next()
  const name = token.value.toLowerCase()
  if (qualifier !== null && qualifier.length !== 1) cursor.fail('a function name has too many parts')
  cursor.expect('(')
  const seen = reads.columns.length
  const begun = cursor.position
  reads.call()
  // A name in quotes or with a qualifier is never one of the functions with a grammar of their own.
  const args = token.upper === '' ? plainArguments(cursor, reads) : argumentsOf(cursor, reads, token.upper)
  const alone = reads.columns.length === seen + 1 ? reads.columns[seen]! : null
  const whole = alone !== null && cursor.position - begun === alone.parts.length * 2 - 1
  cursor.expect(')')
  const schema = qualifier?.[0]?.value ?? ''
  cursor.notes.calls.push({ schema, name, userDefined: schema !== '', args })
  const windowed = over(cursor, reads)
  if (whole && !windowed && token.upper !== '' && AGGREGATES.has(name)) cursor.notes.aggregated.add(alone)
}

function plainArguments(cursor: Cursor, reads: Reads): number {
  if (cursor.sees(')')) return 0
  return cursor.list(() => {
    readExpr(cursor, reads)
    argumentAlias(cursor)
  }).length
}

/** `f(a AS x)`: a loadable function is told the name of its argument. */
function argumentAlias(cursor: Cursor): void {
  if (!cursor.accept('AS')) return
  if (cursor.peek().kind === 'string') cursor.next()
  else cursor.name()
}

function argumentsOf(cursor: Cursor, reads: Reads, upper: string): number {
  const name = upper.toLowerCase()
  if (cursor.sees(')')) return 0
  if (name === 'count' && cursor.accept('*')) return 0
  if (name === 'values' && cursor.notes.onDuplicate) return givenValue(cursor)
  if (SEQUENCE_FUNCTIONS.has(upper) && cursor.seesName()) return sequenceArguments(cursor, reads)
  const named = namedArguments(cursor, reads, name)
  if (named !== null) return named
  if (!cursor.accept('DISTINCT')) cursor.accept('ALL')
  let count = 0
  const joiners = JOINERS.get(name) ?? []
  do {
    readExpr(cursor, reads)
    if (TYPED_ARGUMENTS.has(name) && cursor.accept('AS')) parseType(cursor)
    argumentAlias(cursor)
    count += 1
  } while (cursor.accept(',') || joiners.some((word) => cursor.accept(word)))
  tail(cursor, reads, name)
  return count
}

/** What may follow the arguments of single functions. */
function tail(cursor: Cursor, reads: Reads, name: string): void {
  if (name === 'char' && cursor.accept('USING')) cursor.charset()
  nullRule(cursor)
  if (cursor.accept('ORDER', 'BY')) sortedBy(cursor, reads)
  if (name === 'group_concat' && cursor.accept('SEPARATOR') && cursor.next().kind !== 'string')
    cursor.fail('SEPARATOR takes a string')
  if (!cursor.accept('LIMIT')) return
  readExpr(cursor, reads)
  if (cursor.accept(',') || cursor.accept('OFFSET')) readExpr(cursor, reads)
}

/** `NULL ON NULL` and `ABSENT ON NULL` of JSON constructors. */
function nullRule(cursor: Cursor): void {
  if (!cursor.accept('NULL', 'ON', 'NULL')) cursor.accept('ABSENT', 'ON', 'NULL')
}

/** VALUES(column) is the value that the INSERT gives, not the one that is stored. */
function givenValue(cursor: Cursor): number {
  columnName(cursor)
  return 1
}

function sequenceArguments(cursor: Cursor, reads: Reads): number {
  reads.sequences.push(sequenceName(cursor))
  return cursor.accept(',') ? 1 + plainArguments(cursor, reads) : 1
}

import type { FieldPacket } from 'mysql2/promise'
import type { StatementFacts } from '../../src/sql/facts.ts'
import type { Substitution } from '../../src/sql/substitution.ts'
import type { Judged } from './judge.ts'
import type { Answer, Scratch } from './scratch.ts'

const IDENTITY: Substitution = { masks: new Map(), where: null }
/** What two runs of one statement need not agree on. */
const UNSTEADY =
  /\b(?:limit|rand|uuid\w*|random_bytes|now|sysdate|cur(?:rent_)?(?:date|time|timestamp)|localtime\w*|unix_timestamp|utc_\w+|connection_id|last_insert_id|found_rows|row_count|group_concat|json_(?:array|object)agg|any_value|nextval|next\s+value|setval|into|for\s+update|for\s+share|lock\s+in|row_number|lag|lead|first_value|last_value|nth_value|ntile|information_schema|performance_schema|rownum|offset|fetch|benchmark|encrypt|gtid\w*|schema_name|is_\w*lock|ps_\w+|statement_digest\w*|name_const)\b|@/i
/** NOT_NULL, keys, AUTO_INCREMENT, defaults: marks of a base column, which a derived table's may lack. */
const TYPE_FLAGS = 0x20 | 0x40 | 0x80 | 0x100 | 0x800

export interface Difference {
  readonly what: 'refused' | 'error' | 'names' | 'types' | 'rows'
  readonly detail: string
  readonly text: string
}

/** Whether a statement with every table replaced by a subquery that hides nothing answers as it does itself. */
export async function rewrittenDifference(
  { verdict, statement, context, engine }: Judged,
  original: Answer,
  scratch: Scratch,
): Promise<Difference | 'same' | null> {
  if (statement.kind !== 'select' || original.error !== null || UNSTEADY.test(verdict.facts.text)) return null
  const plan = planOf(statement)
  if (plan.size === 0) return null
  let text: string
  try {
    text = engine.rewrite(verdict.facts, [plan], context).text
  } catch (error) {
    return { what: 'refused', detail: String(error), text: '' }
  }
  const answer = await scratch.run(text)
  const difference = compare(original, answer)
  return difference === null ? 'same' : { ...difference, text }
}

function planOf({ uses }: StatementFacts): ReadonlyMap<number, Substitution> {
  const open = uses.filter(
    ({ fixed, role, relation }) => fixed === null && role === 'read' && relation.kind !== 'system',
  )
  return new Map(open.map(({ id }) => [id, IDENTITY]))
}

function compare(original: Answer, answer: Answer): Omit<Difference, 'text'> | null {
  if (answer.error !== null) return { what: 'error', detail: `${answer.error.errno} ${answer.error.message}` }
  const names = firstUnequal(original.fields, answer.fields, ({ name }) => name)
  if (names !== null) return { what: 'names', detail: names }
  const types = firstUnequal(original.fields, answer.fields, typeOf)
  if (types !== null) return { what: 'types', detail: types }
  const [before, after] = [rowsOf(original), rowsOf(answer)]
  const at = before.findIndex((row, index) => row !== after[index])
  if (before.length === after.length && at === -1) return null
  return { what: 'rows', detail: `${before.length} and ${after.length} rows; ${before[at]} | ${after[at]}` }
}

function firstUnequal(
  before: readonly FieldPacket[],
  after: readonly FieldPacket[],
  shown: (field: FieldPacket) => string,
): string | null {
  if (before.length !== after.length) return `${before.length} and ${after.length} fields`
  const index = before.findIndex((field, at) => shown(field) !== shown(after[at] as FieldPacket))
  return index === -1 ? null : `${shown(before[index] as FieldPacket)} and ${shown(after[index] as FieldPacket)}`
}

function typeOf(field: FieldPacket): string {
  const { columnType, flags, decimals, characterSet, columnLength } = field as unknown as Record<string, number>
  return `type ${columnType} charset ${characterSet} length ${columnLength} decimals ${decimals} flags ${(flags ?? 0) & TYPE_FLAGS}`
}

function rowsOf({ rows }: Answer): readonly string[] {
  return rows.map((row) => row.map((cell) => (cell === null ? 'NULL' : cell.toString('latin1'))).join('\t')).sort()
}

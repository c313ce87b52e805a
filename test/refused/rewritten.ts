import type { FieldPacket } from 'mysql2/promise'
import { columnsRead, columnUse } from '../../src/policy/column_needs.ts'
import type { ColumnRef, RelationUse, StatementFacts } from '../../src/sql/facts.ts'
import type { Substitution } from '../../src/sql/substitution.ts'
import type { Judged } from './judge.ts'
import type { Answer, Scratch } from './scratch.ts'

const IDENTITY: Substitution = { masks: new Map(), where: null }
/** What two runs of one statement need not agree on. */
const UNSTEADY =
  /\b(?:limit|rand|uuid\w*|random_bytes|now|sysdate|cur(?:rent_)?(?:date|time|timestamp)|localtime\w*|unix_timestamp|utc_\w+|connection_id|last_insert_id|found_rows|row_count|group_concat|json_(?:array|object)agg|any_value|nextval|next\s+value|setval|into|for\s+update|for\s+share|lock\s+in|row_number|lag|lead|first_value|last_value|nth_value|ntile|information_schema|performance_schema|rownum|offset|fetch|benchmark|encrypt|gtid\w*|schema_name|is_\w*lock|ps_\w+|statement_digest\w*|name_const)\b|@/i
/** Without ONLY_FULL_GROUP_BY the server takes any row of a group. */
const GROUPS = /\b(?:group\s+by|avg|count|sum|min|max)\b/i
/** NOT_NULL, keys, AUTO_INCREMENT, defaults: marks of a base column, which a derived table's may lack. */
const TYPE_FLAGS = 0x20 | 0x40 | 0x80 | 0x100 | 0x800

export interface Difference {
  readonly what: 'refused' | 'error' | 'names' | 'types' | 'rows' | 'rows that GROUP BY leaves open'
  readonly detail: string
  readonly text: string
}

export type Outcome = Difference | 'same' | null

/** Whether a statement with every table replaced by a subquery that hides nothing answers as it does itself. */
export async function rewrittenDifference(judged: Judged, original: Answer, scratch: Scratch): Promise<Outcome> {
  if (!isSteady(judged, original)) return null
  const plan = new Map(openUses(judged.statement).map(({ id }) => [id, IDENTITY]))
  return answered(judged, plan, scratch, (answer) => compare(original, answer))
}

/**
 * Whether what the facts call independent is so. With each column that only passes replaced by NULL nothing but the
 * fields that it passes into may change; with a column replaced that no row hangs on, nothing but the fields that have
 * it for a source.
 */
export async function interference(judged: Judged, original: Answer, scratch: Scratch): Promise<readonly Outcome[]> {
  if (!isSteady(judged, original)) return []
  const { statement } = judged
  const uses = openUses(statement)
  const output = statement.output ?? []
  const passing = hiding(uses, (use, column) => columnUse(statement, use, column) === 'passed')
  const passed = output.map(({ origin }) => origin !== null && isHidden(passing, origin.use, origin.column))
  const free = uses.flatMap((use) =>
    columnsRead(statement, use).map(({ name }) => ({ relation: use.relation, column: name })),
  )
  const source = free.find((one) => !statement.rowSources.some((row) => isSame(row, one)))
  const hidden = hiding(uses, ({ relation }, column) => source !== undefined && isSame(source, { relation, column }))
  const hit = output.map(({ sources }) => source !== undefined && sources.some((one) => isSame(one, source)))
  const outcomes = [
    await answered(judged, passing, scratch, (answer) =>
      compareRows(without(original, passed), without(answer, passed), answer),
    ),
    await answered(judged, hidden, scratch, (answer) =>
      compareRows(without(original, hit), without(answer, hit), answer),
    ),
  ]
  // What can't be hidden there is refused, as it should be.
  return outcomes.filter((outcome) => outcome === null || outcome === 'same' || outcome.what !== 'refused')
}

function isSteady({ verdict, statement }: Judged, original: Answer): boolean {
  return statement.kind === 'select' && original.error === null && !UNSTEADY.test(verdict.facts.text)
}

function openUses({ uses }: StatementFacts): readonly RelationUse[] {
  return uses.filter(({ fixed, role, relation }) => fixed === null && role === 'read' && relation.kind !== 'system')
}

/** NULL for the columns that are meant, of every use that has one. */
function hiding(
  uses: readonly RelationUse[],
  isMeant: (use: RelationUse, column: string) => boolean,
): ReadonlyMap<number, Substitution> {
  const plans = uses.map((use) => {
    const names = use.relation.columns.map(({ name }) => name).filter((name) => isMeant(use, name))
    return [use.id, { where: null, masks: new Map(names.map((name) => [name, { kind: 'null' as const }])) }] as const
  })
  return new Map(plans.filter(([, { masks }]) => masks.size > 0))
}

function isHidden(plan: ReadonlyMap<number, Substitution>, use: number, column: string): boolean {
  return plan.get(use)?.masks.has(column) ?? false
}

function isSame(left: ColumnRef, right: ColumnRef): boolean {
  return left.relation === right.relation && left.column === right.column
}

/** Null where there is nothing to replace. */
async function answered(
  { verdict, context, engine }: Judged,
  plan: ReadonlyMap<number, Substitution>,
  scratch: Scratch,
  judge: (answer: Answer) => Omit<Difference, 'text'> | null,
): Promise<Outcome> {
  if (plan.size === 0) return null
  let text: string
  try {
    text = engine.rewrite(verdict.facts, [plan], context).text
  } catch (error) {
    return { what: 'refused', detail: String(error), text: '' }
  }
  const difference = judge(await scratch.run(text))
  if (difference === null) return 'same'
  const open = !context.sqlMode.has('ONLY_FULL_GROUP_BY') && GROUPS.test(verdict.facts.text)
  return {
    ...difference,
    ...(open && difference.what === 'rows' ? { what: 'rows that GROUP BY leaves open' } : {}),
    text,
  }
}

function without(answer: Answer, left: readonly boolean[]): readonly string[] {
  return rowsOf({ ...answer, rows: answer.rows.map((row) => row.filter((_, index) => left[index] !== true)) })
}

function compare(original: Answer, answer: Answer): Omit<Difference, 'text'> | null {
  if (answer.error !== null) return { what: 'error', detail: `${answer.error.errno} ${answer.error.message}` }
  const names = firstUnequal(original.fields, answer.fields, ({ name }) => name)
  if (names !== null) return { what: 'names', detail: names }
  const types = firstUnequal(original.fields, answer.fields, typeOf)
  if (types !== null) return { what: 'types', detail: types }
  return compareRows(rowsOf(original), rowsOf(answer), answer)
}

function compareRows(
  before: readonly string[],
  after: readonly string[],
  { error }: Answer,
): Omit<Difference, 'text'> | null {
  if (error !== null) return { what: 'error', detail: `${error.errno} ${error.message}` }
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

import { matchesAnyFolded } from '../policy/patterns.ts'
import { Bindings } from './bindings.ts'
import type { Database, Row } from './database.ts'
import { entriesFor } from './events.ts'
import { migrationAnswer } from './migration_answer.ts'
import type { Cell, Question, QuestionAnswer, SensitivePattern } from './questions.ts'
import type { Gathered, Sources } from './sources.ts'

type Of<Name extends Question['name']> = Extract<Question, { readonly name: Name }>

/** A list for people, not a dump: whoever needs more exports the events. */
const MAX_ROWS = 1000
const MAX_COLUMNS = 100_000
const SEPARATOR = 'chr(31)'

export async function answerQuestion(
  database: Database,
  sources: Sources,
  question: Question,
  before: number | null,
): Promise<QuestionAnswer> {
  if (question.name === 'migration') return migrationAnswer(database, await sources.gather({ before }), question.id)
  const gathered = await sources.gather({ from: question.from, to: question.to, before })
  if (question.name === 'pii-readers') return readers(database, gathered, question)
  return question.name === 'exports' ? exported(database, gathered, question) : deleted(database, gathered, question)
}

/** Conditions on the time and the targets of a question. */
function within({ from, to, targets }: Exclude<Question, Of<'migration'>>, bind: Bindings): string {
  const time = `"time" >= ${bind.time(from)} AND "time" < ${bind.time(to)}`
  return targets === null ? time : `${time} AND "target" IN (SELECT unnest(${bind.texts(targets)}))`
}

/**
 * Which columns are sensitive is told by the policy, and by the log itself: what anybody saw masked
 * in that time, or in clear because a role lifts its mask. Then who read one of these in clear.
 */
async function readers(database: Database, gathered: Gathered, question: Of<'pii-readers'>): Promise<QuestionAnswer> {
  const keys = await sensitiveKeys(database, gathered, question)
  const columns = ['person', 'email', 'target', 'database', 'column', 'statements', 'rows', 'first', 'last']
  const rows = keys.length === 0 ? [] : await readersOf(database, gathered, question, keys)
  const people = new Set(rows.slice(0, MAX_ROWS).map(({ person }) => person)).size
  const verdict =
    rows.length === 0
      ? 'Nobody read a sensitive column in clear.'
      : `${people} ${people === 1 ? 'person' : 'people'} read sensitive columns in clear.`
  return answer(question.name, verdict, columns, rows, gathered)
}

function readersOf(database: Database, gathered: Gathered, question: Of<'pii-readers'>, keys: readonly Row[]) {
  const bind = new Bindings()
  const entries = entriesFor(gathered, bind, { ends: true, pieces: true })
  const names = bind.texts([...new Set(keys.map(({ column }) => String(column)))])
  const wanted = bind.texts(keys.map(keyText))
  const read =
    `SELECT "person", "email", "target", "database", "rows", "time", unnest("clear") AS "column" FROM (${entries}) ` +
    `WHERE ${within(question, bind)} AND "decision" = 'allow' AND list_has_any("clear", ${names})`
  const key = `concat("target", ${SEPARATOR}, "database", ${SEPARATOR}, "column")`
  return database.rows(
    `SELECT "person", any_value("email") AS "email", "target", "database", "column", count(*) AS "statements", ` +
      `coalesce(sum("rows"), 0)::BIGINT AS "rows", epoch_ms(min("time")) AS "first", epoch_ms(max("time")) AS "last" ` +
      `FROM (${read}) WHERE ${key} IN (SELECT unnest(${wanted})) ` +
      `GROUP BY "person", "target", "database", "column" ORDER BY "rows" DESC, "last" DESC, "person", "column" LIMIT ${MAX_ROWS + 1}`,
    bind,
  )
}

async function sensitiveKeys(database: Database, gathered: Gathered, question: Of<'pii-readers'>): Promise<Row[]> {
  const { columns, sensitive } = question
  const clear = () => columnsSeen(database, gathered, question, 'clear')
  if (columns !== null)
    return (await clear()).filter(({ column }) => columns.some((name) => isCalled(String(column), name)))
  const lifted = await columnsSeen(database, gathered, question, 'lifted')
  const masked = await columnsSeen(database, gathered, question, 'masked')
  const named =
    sensitive.length === 0 ? [] : (await clear()).filter((row) => sensitive.some((pattern) => isNamed(pattern, row)))
  return [...new Map([...lifted, ...masked, ...named].map((row) => [keyText(row), row])).values()]
}

function columnsSeen(
  database: Database,
  gathered: Gathered,
  question: Of<'pii-readers'>,
  how: 'clear' | 'lifted' | 'masked',
) {
  const bind = new Bindings()
  const entries = entriesFor(gathered, bind, { ends: false, pieces: true })
  const lists = `SELECT DISTINCT "target", "database", "${how}" AS list FROM (${entries}) WHERE ${within(question, bind)} AND "decision" = 'allow' AND len("${how}") > 0`
  return database.rows(
    `SELECT DISTINCT "target", "database", "column" FROM (SELECT "target", "database", unnest(list) AS "column" FROM (${lists})) LIMIT ${MAX_COLUMNS}`,
    bind,
  )
}

function isCalled(column: string, name: string): boolean {
  return column === name || column.endsWith(`.${name}`)
}

/** Without case, also where the database minds it: a question rather names too much. */
function isNamed(pattern: SensitivePattern, { target, database, column }: Row): boolean {
  const parts = String(column).split('.')
  const [name = '', table = '', schema = ''] = parts.toReversed()
  const matches = matchesAnyFolded
  return (
    matches(pattern.targets, String(target)) &&
    (matches(pattern.databases, String(database)) || matches(pattern.databases, schema)) &&
    matches(pattern.schemas, schema) &&
    matches(pattern.tables, table) &&
    matches(pattern.columns, name)
  )
}

function keyText({ target, database, column }: Row): string {
  return [target ?? '', database ?? '', column].join('\u001f')
}

async function exported(database: Database, gathered: Gathered, question: Of<'exports'>): Promise<QuestionAnswer> {
  const bind = new Bindings()
  const entries = entriesFor(gathered, bind, { ends: true, pieces: true })
  const columns = [
    'time',
    'person',
    'email',
    'target',
    'database',
    'tables',
    'clear',
    'masked',
    'decision',
    'outcome',
    'rows',
    'bytes',
    'statement',
  ]
  const rows = await database.rows(
    `SELECT epoch_ms("time") AS "time", ${columns
      .slice(1)
      .map((name) => `"${name}"`)
      .join(', ')} FROM (${entries}) ` +
      `WHERE ${within(question, bind)} AND list_contains("verbs", 'export') ORDER BY "time" DESC LIMIT ${MAX_ROWS + 1}`,
    bind,
  )
  const done = rows.filter(({ decision, outcome }) => decision === 'allow' && outcome !== 'error').length
  const verdict = `${done} exports ran, and ${rows.length - done} were refused or failed${rows.length > MAX_ROWS ? ', among the latest' : ''}.`
  return answer(question.name, verdict, columns, rows, gathered)
}

async function deleted(database: Database, gathered: Gathered, question: Of<'deletions'>): Promise<QuestionAnswer> {
  const bind = new Bindings()
  const entries = entriesFor(gathered, bind, { ends: true, pieces: true })
  const columns = ['person', 'email', 'target', 'table', 'kind', 'statements', 'rows', 'failed', 'first', 'last']
  const tables = `CASE WHEN len("written_tables") > 0 THEN "written_tables" WHEN len("tables") > 0 THEN "tables" ELSE ['(not known)'] END`
  const each =
    `SELECT "person", "email", "target", "kind", "outcome", "rows", "time", unnest(${tables}) AS "table" FROM (${entries}) ` +
    `WHERE ${within(question, bind)} AND "decision" = 'allow' AND (list_contains("verbs", 'delete') OR "kind" IN ('delete', 'truncate') OR starts_with("kind", 'drop'))`
  const rows = await database.rows(
    `SELECT "person", any_value("email") AS "email", "target", "table", "kind", count(*) AS "statements", ` +
      `coalesce(sum("rows"), 0)::BIGINT AS "rows", count(*) FILTER (WHERE "outcome" IN ('error', 'cancelled')) AS "failed", ` +
      `epoch_ms(min("time")) AS "first", epoch_ms(max("time")) AS "last" FROM (${each}) ` +
      `GROUP BY "person", "target", "table", "kind" ORDER BY "rows" DESC, "last" DESC, "person", "table" LIMIT ${MAX_ROWS + 1}`,
    bind,
  )
  const people = new Set(rows.map(({ person }) => person)).size
  const verdict =
    rows.length === 0 ? 'Nobody deleted anything.' : `${people} ${people === 1 ? 'person' : 'people'} deleted.`
  return answer(question.name, verdict, columns, rows, gathered)
}

function answer(
  name: QuestionAnswer['name'],
  verdict: string,
  columns: readonly string[],
  rows: readonly Row[],
  { unreadable }: Gathered,
): QuestionAnswer {
  const shown = rows.slice(0, MAX_ROWS).map((row) => columns.map((column) => (row[column] ?? null) as Cell))
  return { name, verdict, columns, rows: shown, cut: rows.length > MAX_ROWS, unreadable }
}

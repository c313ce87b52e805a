import { JOINING_COLUMNS, RECORD_COLUMNS, RECORD_SHAPE } from './record_columns.ts'

/**
 * How lines become records, and records become entries. A statement is one entry: its decision (the lead) with what
 * stands in records of its own (the followers): how it ended, the rest of long lists, a long text.
 */

const ENDS = ['outcome', 'error', 'rows', 'rows_withheld', 'bytes', 'duration_ms'] as const
const LISTS = ['tables', 'written_tables', 'clear', 'lifted', 'masked', 'written'] as const
const COMPLETION = 'db.completion'
const PIECE = 'db.statement.piece'
const TEXT = 'db.statement.text'
const IS_LEAD = `"event" IS NULL OR "event" NOT IN ('${COMPLETION}', '${PIECE}', '${TEXT}')`

const ENTRY_NAMES = RECORD_COLUMNS.map(({ name }) => name)
const ALL_COLUMNS = [...RECORD_COLUMNS, ...JOINING_COLUMNS]

/** An empty table of records, for what arrives line by line. */
export function createRecords(table: string): string {
  return `CREATE TABLE ${table} (${ALL_COLUMNS.map(({ name, type }) => `"${name}" ${type}`).join(', ')})`
}

/** Records of a relation with a column `line` of JSON; a line that is none, or has no number, is left out. */
export function recordsOfLines(lines: string): string {
  const columns = ALL_COLUMNS.map(({ name, from }) => `${from} AS "${name}"`)
  const taken = `SELECT json_transform(line, '${RECORD_SHAPE}') AS r FROM (${lines}) WHERE line IS NOT NULL`
  return `SELECT * FROM (SELECT ${columns.join(', ')} FROM (${taken})) WHERE "sequence" IS NOT NULL AND "time" IS NOT NULL`
}

/** What stands for itself. */
export function leadsOf(records: string): string {
  return `SELECT ${quoted([...ENTRY_NAMES, 'text_key'])} FROM ${records} WHERE ${IS_LEAD}`
}

/** Entries that were joined before, in the form of leads. */
export function leadsOfEntries(entries: string): string {
  return `SELECT ${quoted(ENTRY_NAMES)}, NULL::VARCHAR AS text_key FROM ${entries}`
}

export function followersOf(records: string): string {
  return `SELECT ${quoted(ALL_COLUMNS.map(({ name }) => name))} FROM ${records} WHERE NOT (${IS_LEAD})`
}

/** Followers whose lead is not among these; a long text is never away from what refers to it. */
export function restOf(followers: string, leads: string): string {
  const led = `SELECT "statement_id" FROM ${leads} WHERE "decision" IS NOT NULL`
  return `SELECT f.* FROM ${followers} f ANTI JOIN (${led}) l ON f."statement_id" = l."statement_id" WHERE f."event" <> '${TEXT}'`
}

export function piecesIn(records: string): string {
  return `SELECT count(*) FROM ${records} WHERE "event" IN ('${PIECE}', '${TEXT}')`
}

export interface EntryParts {
  /** How statements ended: those of decisions that are leads here. */
  readonly ends: boolean
  readonly pieces: boolean
}

/** Leads with what their followers say of them, as far as somebody asks. */
export function entriesOf(leads: string, followers: string, { ends, pieces }: EntryParts): string {
  const columns = ENTRY_NAMES.map((name) => {
    if (ends && isIn(ENDS, name)) return `coalesce(l."${name}", e."${name}") AS "${name}"`
    if (pieces && isIn(LISTS, name)) return `list_distinct(list_concat(l."${name}", p."${name}")) AS "${name}"`
    if (pieces && name === 'statement') return `coalesce(t."${name}", l."${name}") AS "${name}"`
    return `l."${name}"`
  })
  const withEnds = ends ? ` LEFT JOIN (${endsOf(followers)}) e ON ${DECIDED} = e.end_of` : ''
  const withPieces = pieces
    ? ` LEFT JOIN (${piecesOf(followers)}) p ON ${DECIDED} = p.piece_of LEFT JOIN (${textsOf(followers)}) t ON l.text_key = t.text_of`
    : ''
  return `SELECT ${columns.join(', ')} FROM ${leads} l${withEnds}${withPieces}`
}

/** One expression: with two conditions on the left side DuckDB compares each row with each other. */
const DECIDED = 'CASE WHEN l."decision" IS NOT NULL THEN l."statement_id" END'

/** One row a statement. One that is fetched in parts may end several times. */
function endsOf(followers: string): string {
  return (
    'SELECT "statement_id" AS end_of, arg_max("outcome", "sequence") AS "outcome", arg_max("error", "sequence") AS "error", ' +
    'sum("rows")::BIGINT AS "rows", sum("rows_withheld")::BIGINT AS "rows_withheld", sum("bytes")::BIGINT AS "bytes", ' +
    `sum("duration_ms") AS "duration_ms" FROM ${followers} WHERE "event" = '${COMPLETION}' GROUP BY "statement_id"`
  )
}

function piecesOf(followers: string): string {
  const lists = LISTS.map((name) => `flatten(list("${name}" ORDER BY "piece")) AS "${name}"`)
  return `SELECT "statement_id" AS piece_of, ${lists.join(', ')} FROM ${followers} WHERE "event" = '${PIECE}' GROUP BY "statement_id"`
}

/** Each segment that has need of a text has it once. */
function textsOf(followers: string): string {
  const pieces = `SELECT DISTINCT "text_key", "piece", "statement" FROM ${followers} WHERE "event" = '${TEXT}' AND "text_key" IS NOT NULL`
  return `SELECT "text_key" AS text_of, string_agg("statement", '' ORDER BY "piece") AS "statement" FROM (${pieces}) GROUP BY "text_key"`
}

function isIn(names: readonly string[], name: string): boolean {
  return names.includes(name)
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Bindings } from './bindings.ts'
import type { Database } from './database.ts'
import type { EventQuery } from './event_query.ts'
import { allOf, type KeyRange, leadsAmong, matching, NEWEST_FIRST } from './events.ts'
import { RECORD_COLUMNS } from './record_columns.ts'
import { entriesOf } from './records_sql.ts'
import type { Sources } from './sources.ts'

export const EXPORT_FORMATS = ['csv', 'json', 'parquet'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface ExportQuery {
  readonly query: EventQuery
  readonly format: ExportFormat
  /** The most entries that are written: the newest. */
  readonly most: number
  readonly before: number | null
}

export interface Exported {
  /** In the scratch folder; whoever asked removes it. */
  readonly path: string
  readonly rows: number
  readonly bytes: number
  /** There was more than was written. */
  readonly cut: boolean
  readonly unreadable: number
}

const OPTIONS: Readonly<Record<ExportFormat, string>> = {
  csv: 'FORMAT csv, HEADER true',
  json: 'FORMAT json',
  parquet: 'FORMAT parquet, COMPRESSION zstd',
}

/** Writes what matches to a file, the newest first. */
export async function exportEvents(
  database: Database,
  sources: Sources,
  asked: ExportQuery,
  name: string,
): Promise<Exported> {
  const { query, format, most, before } = asked
  const gathered = await sources.gather({ from: query.from, to: query.to, before })
  const bind = new Bindings()
  const { entries, conditions } = matching(gathered, query, bind)
  const path = join(sources.settings.scratch, `${name}.${format}`)
  // Which entries first, by the columns that decide: sorting whole ones took ten times as long.
  await database.run(
    `CREATE OR REPLACE TEMP TABLE chosen AS SELECT "sequence", "time" FROM (${entries}) WHERE ${allOf(conditions)} ` +
      `ORDER BY ${NEWEST_FIRST} LIMIT ${bind.whole(most + 1)}`,
    bind,
  )
  try {
    const range = await database.one(
      'SELECT count(*) AS total, coalesce(min("sequence"), 0) AS least, coalesce(max("sequence"), 0) AS most, ' +
        'coalesce(epoch_ms(min("time")), 0) AS "from", coalesce(epoch_ms(max("time")), 0) AS "to" FROM chosen',
    )
    const out = new Bindings()
    const leads = leadsAmong(gathered, out, range as unknown as KeyRange, 'SELECT "sequence" FROM chosen')
    const joined = { ends: gathered.hasFollowers, pieces: gathered.hasPieces }
    const whole = entriesOf(leads, gathered.hasFollowers ? gathered.followers(out) : '', joined)
    const newest = `SELECT * FROM (${whole}) ORDER BY ${NEWEST_FIRST} LIMIT ${out.whole(most)}`
    await database.run(
      `COPY (SELECT ${columnsFor(format)} FROM (${newest}) e ORDER BY ${NEWEST_OF_E}) TO ${out.text(path)} (${OPTIONS[format]})`,
      out,
    )
    const total = Number(range.total)
    const rows = Math.min(total, most)
    return { path, rows, bytes: statSync(path).size, cut: total > most, unreadable: gathered.unreadable }
  } finally {
    await database.run('DROP TABLE IF EXISTS chosen')
  }
}

/** By the columns themselves, which the file may have in another form. */
const NEWEST_OF_E = 'e."time" DESC, e."writer" DESC, e."sequence" DESC'

function columnsFor(format: ExportFormat): string {
  const columns = RECORD_COLUMNS.map(({ name, type }) => {
    const time = format === 'parquet' ? `"${name}"` : `strftime("${name}", '%Y-%m-%dT%H:%M:%S.%gZ')`
    if (type === 'TIMESTAMP') return `${time} AS "${name}"`
    if (format !== 'csv') return `"${name}"`
    if (type === 'VARCHAR') return `${harmless(`"${name}"`)} AS "${name}"`
    return type === 'VARCHAR[]' ? `${harmless(`array_to_string("${name}", ', ')`)} AS "${name}"` : `"${name}"`
  })
  return columns.join(', ')
}

/** A spreadsheet runs what begins like this (OWASP, CSV injection): an apostrophe before it makes it text. */
function harmless(text: string): string {
  return `CASE WHEN regexp_matches(${text}, '^[=+@\\t\\r\\n-]') THEN '''' || ${text} ELSE ${text} END`
}

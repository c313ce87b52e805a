import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Bindings } from './bindings.ts'
import { conditionsOf } from './conditions.ts'
import type { Database } from './database.ts'
import type { EventQuery } from './event_query.ts'
import { allOf, entriesFor } from './events.ts'
import { RECORD_COLUMNS } from './record_columns.ts'
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
  const entries = entriesFor(gathered, bind, { ends: true, pieces: true })
  const conditions = conditionsOf(query, bind, () => gathered.leads(bind))
  const chosen = `SELECT * FROM (${entries}) WHERE ${allOf(conditions)} ORDER BY "time" DESC, "writer" DESC, "sequence" DESC`
  const path = join(sources.settings.scratch, `${name}.${format}`)
  const limited = `SELECT ${columnsFor(format)} FROM (${chosen} LIMIT ${bind.whole(most + 1)})`
  await database.run(`CREATE OR REPLACE TEMP TABLE export AS ${limited}`, bind)
  try {
    const { total } = await database.one('SELECT count(*) AS total FROM export')
    const rows = Math.min(Number(total), most)
    const out = new Bindings()
    const newest = `SELECT * FROM export ORDER BY "time" DESC, "writer" DESC, "sequence" DESC LIMIT ${out.whole(most)}`
    await database.run(`COPY (${newest}) TO ${out.text(path)} (${OPTIONS[format]})`, out)
    return { path, rows, bytes: statSync(path).size, cut: Number(total) > most, unreadable: gathered.unreadable }
  } finally {
    await database.run('DROP TABLE IF EXISTS export')
  }
}

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

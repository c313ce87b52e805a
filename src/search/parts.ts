import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Segment, segmentName } from '../auditlog/segments.ts'
import { Bindings } from './bindings.ts'
import type { Database } from './database.ts'
import type { Part } from './manifest.ts'
import { followersOf, piecesIn, recordsOfLines } from './records_sql.ts'

/** Small groups of rows: a day of most logs has few, and each is passed over by its times alone. */
const ROW_GROUP_ROWS = 61_440
export const PARQUET_OPTIONS = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}`
/** A line is at most 64 KiB; what is longer is no record. */
const MAX_LINE_BYTES = 1_048_576

/** Turns a closed segment into a Parquet file of its records. `next` is the first line of the segment behind it. */
export async function makePart(database: Database, segment: Segment, next: number, folder: string): Promise<Part> {
  const { first, path } = segment
  const file = `${segmentName(first)}.parquet`
  const target = join(folder, file)
  const bind = new Bindings()
  const lines =
    `SELECT json AS line FROM read_ndjson_objects(${bind.text(path)}, ignore_errors = true, ` +
    `maximum_object_size = ${MAX_LINE_BYTES})`
  const copy = `COPY (${recordsOfLines(lines)}) TO ${bind.text(`${target}.new`)} (${PARQUET_OPTIONS})`
  await database.run(copy, bind)
  const about = await figuresOf(database, `${target}.new`)
  renameSync(`${target}.new`, target)
  const { rows, ...figures } = about
  return { first, next, file, ...figures, unreadable: Math.max(0, next - first - rows) }
}

async function figuresOf(database: Database, path: string) {
  const bind = new Bindings()
  const records = `read_parquet(${bind.text(path)})`
  const row = await database.one(
    `SELECT count(*) AS total, coalesce(epoch_ms(min("time")), 0) AS first_time, coalesce(epoch_ms(max("time")), 0) AS last_time, ` +
      `(SELECT count(*) FROM (${followersOf(records)})) AS followers, (${piecesIn(records)}) AS pieces FROM ${records}`,
    bind,
  )
  return {
    rows: Number(row.total),
    from: Number(row.first_time),
    to: Number(row.last_time),
    followers: Number(row.followers),
    pieces: Number(row.pieces),
  }
}

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { COLUMNS_VERSION } from './record_columns.ts'

/** Which lines of the log stand in which Parquet files, in `<log>/parquet/manifest.json`. */

/** A name in the folder, and nothing that leads out of it. */
const fileName = z.string().regex(/^[\w-][\w.-]*$/)

const range = {
  /** The sequence number of its first line, and of the first line behind it. */
  first: z.int().min(0),
  next: z.int().min(1),
  file: fileName,
  from: z.number(),
  to: z.number(),
  /** Lines that were no records. */
  unreadable: z.int().min(0),
  followers: z.int().min(0),
  pieces: z.int().min(0),
}

const part = z.object(range)
const day = z.object({ ...range, day: z.string(), rest: fileName.or(z.literal('')) })
const manifestSchema = z.object({ version: z.literal(COLUMNS_VERSION), days: z.array(day), parts: z.array(part) })

/** One segment, its records as they are. */
export type Part = Readonly<z.output<typeof part>>
/** The segments that were begun on one day: entries, and what of others' statements stands there. */
export type Day = Readonly<z.output<typeof day>>

export interface Manifest {
  readonly days: readonly Day[]
  readonly parts: readonly Part[]
}

const NAME = 'manifest.json'
const OWNER_ONLY = 0o600

/** Empty where there is none, or one that another version wrote: the files are made again. */
export function readManifest(folder: string): Manifest {
  try {
    const { days, parts } = manifestSchema.parse(JSON.parse(readFileSync(join(folder, NAME), 'utf8')))
    return { days, parts }
  } catch {
    return { days: [], parts: [] }
  }
}

export function writeManifest(folder: string, { days, parts }: Manifest): void {
  const path = join(folder, NAME)
  const text = `${JSON.stringify({ version: COLUMNS_VERSION, days, parts }, null, 1)}\n`
  writeFileSync(`${path}.new`, text, { mode: OWNER_ONLY, flush: true })
  renameSync(`${path}.new`, path)
}

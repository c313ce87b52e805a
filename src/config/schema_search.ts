import * as z from 'zod'
import { positive, positiveDuration } from './schema_values.ts'

/** Less than this and DuckDB can't read a segment. */
const MIN_MEMORY_MIB = 128

export const searchSection = z
  .strictObject({
    memoryMib: z.int().min(MIN_MEMORY_MIB).default(1024).describe('What the database of the search may take, in MiB.'),
    threads: positive.default(2).describe('Of the process of the search, which stands behind all others.'),
    tempMib: positive.default(4096).describe('What it may put aside on disk while it works, in MiB.'),
    timeout: positiveDuration.prefault('30s').describe('How long one question may take.'),
    compact: z
      .boolean()
      .default(true)
      .describe('Closed segments are also kept as Parquet, by day: searches of them are fast.'),
  })
  .prefault({})
  .describe('The search of the audit log, in a process of its own. See docs/search.md.')

export type SearchSection = z.output<typeof searchSection>

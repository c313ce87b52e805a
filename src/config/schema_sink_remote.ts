import * as z from 'zod'
import { positive } from './schema_values.ts'

/** What the sections of several services share. */

const MIN_ITEM_BYTES = 1024
/** A line of the log is at most so long; the fields that a format adds may make it somewhat longer. */
const MAX_ITEM_BYTES = 1024 * 1024
const DEFAULT_ITEM_BYTES = 128 * 1024

export const gzip = z.boolean().default(true).describe('Bodies are compressed.')

export const itemBytes = positive
  .min(MIN_ITEM_BYTES)
  .max(MAX_ITEM_BYTES)
  .default(DEFAULT_ITEM_BYTES)
  .describe('Larger records go in pieces.')

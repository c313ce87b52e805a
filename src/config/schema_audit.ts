import * as z from 'zod'
import { searchSection } from './schema_search.ts'
import { sinksSection } from './schema_sinks.ts'
import { duration, name, path, positiveDuration, secretRef } from './schema_values.ts'
import { isSealKey } from './seal_key.ts'

/** The least that a segment may be: it holds the longest line, and more. */
const MIN_SEGMENT_BYTES = 1_048_576
const MAX_SEGMENT_BYTES = 1_073_741_824
const DEFAULT_SEGMENT_BYTES = 67_108_864

const retained = duration.optional()

const hold = z.strictObject({
  name,
  from: z.iso.datetime({ offset: true }).describe('Records from this time on are kept.'),
  to: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('Up to this time; without it, for as long as the hold stands.'),
  reason: z.string().min(1).max(500),
})

const retention = z
  .strictObject({
    default: positiveDuration.prefault('2557d').describe('How long records are kept; seven years.'),
    statements: retained.describe('Statements: event codes `db.*`.'),
    logins: retained.describe('Logins and ends of sessions: `session.*`.'),
    alerts: retained.describe('Alerts: `alert.*`.'),
    administration: retained.describe('Requests, grants, policy, calls of the API and all else.'),
    holds: z
      .array(hold)
      .default([])
      .describe('Legal holds: nothing of their time is deleted, whatever its retention says.'),
  })
  .prefault({})
  .describe('A segment is deleted when the longest that applies to what it holds has passed; its checkpoint stays.')

export const auditSection = z
  .strictObject({
    directory: path.default('audit').describe('The log of record; a relative path starts at dataDir.'),
    durability: z
      .enum(['group', 'sync'])
      .default('group')
      .describe(
        'group: written before a statement goes out, on disk within 10 ms. sync: on disk before it goes out. Targets and ' +
          'roles may ask for sync; break-glass and clear reads of masked columns always have it.',
      ),
    origin: z
      .string()
      .regex(/^[\x21-\x2a\x2c-\x7e]{1,200}$/, 'must be printable, without spaces and +')
      .optional()
      .describe(
        'The first line of checkpoints, as a URL without its scheme. Default: `sallyport/` and the name of the node.',
      ),
    key: secretRef
      .optional()
      .describe(
        'The private key that checkpoints are signed with, as a signed-note key. Default: one is made in dataDir.',
      ),
    sealTo: z
      .string()
      .refine(isSealKey, 'must be a public key as `sallyport audit seal-key` prints it')
      .optional()
      .describe(
        'The public key that recordings and sealed statements are encrypted to; its secret half stays elsewhere.',
      ),
    segment: z
      .strictObject({
        maxBytes: z.int().min(MIN_SEGMENT_BYTES).max(MAX_SEGMENT_BYTES).default(DEFAULT_SEGMENT_BYTES),
        maxAge: positiveDuration.prefault('1d').describe('A segment is closed when it is as old, if it has a line.'),
      })
      .prefault({}),
    compress: z.boolean().default(true).describe('Closed segments are compressed (zstd).'),
    retention,
    sinks: sinksSection,
    search: searchSection,
  })
  .prefault({})

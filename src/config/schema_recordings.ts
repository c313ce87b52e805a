import * as z from 'zod'
import { path, positiveDuration } from './schema_values.ts'

const MIN_STATEMENT_BYTES = 1_024
const MAX_STATEMENT_BYTES = 268_435_456
const DEFAULT_STATEMENT_BYTES = 262_144

export const recordingsSection = z
  .strictObject({
    directory: path.default('recordings').describe('Where they are kept; a relative path starts at dataDir.'),
    maxBytesPerStatement: z
      .int()
      .min(MIN_STATEMENT_BYTES)
      .max(MAX_STATEMENT_BYTES)
      .default(DEFAULT_STATEMENT_BYTES)
      .describe('How much of the result of one statement is kept; what is left out is counted.'),
    maxBytesPerSession: z
      .int()
      .min(MIN_STATEMENT_BYTES)
      .optional()
      .describe('How much of all results of a session is kept. Statements and errors are kept in any case.'),
    retention: positiveDuration
      .prefault('2557d')
      .describe(
        'How long they are kept after their end; seven years. What a hold of node.audit.retention covers stays.',
      ),
    hold: z
      .array(z.string().min(1).max(300))
      .default([])
      .describe(
        'Recordings that are not deleted: by the id of the recording (which is that of its session) or of its grant, or by the email or subject of the person.',
      ),
  })
  .prefault({})
  .describe('Recordings of sessions: of break-glass, and of roles with `recording: true`.')

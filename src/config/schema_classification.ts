import * as z from 'zod'
import { patterns } from './schema_values.ts'

const className = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, 'must be 1 to 63 of a-z, 0-9, _, . and -')
  .describe('The name of a class, such as pii.email.')

const ID = /^\d{1,4}-\d{1,4}-\d{1,4}$/

export const classificationSection = z.strictObject({
  ids: z
    .record(z.string(), className)
    .refine((ids) => Object.keys(ids).every((id) => ID.test(id)), 'each key must be an id such as 1-4-2')
    .default({})
    .describe('What the ids at the begin of comments (`1-4-2-mobile number`) are called.'),
  columns: z
    .array(
      z.strictObject({
        class: className,
        targets: patterns.default(['*']),
        databases: patterns.default(['*']),
        schemas: patterns.default(['*']).describe('In MySQL: databases.'),
        tables: patterns.default(['*']),
        columns: patterns,
      }),
    )
    .default([])
    .describe('The classes of columns, beside those that their comments name: every line that matches counts.'),
})

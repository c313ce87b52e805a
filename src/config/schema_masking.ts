import * as z from 'zod'
import { parseJsonPath } from '../masking/json_path_syntax.ts'
import { patterns, secretRef } from './schema_values.ts'

const MAX_HASH_HEX = 64
const MIN_HASH_HEX = 8
const MAX_KEPT_CHARACTERS = 1000
const MAX_FILL_CHARACTERS = 8
const MAX_SHIFT_DAYS = 36_500

/** Neither PostgreSQL nor JSON as PostgreSQL holds it takes the character U+0000. */
const text = z.string().refine((value) => !value.includes('\0'), 'must hold no NUL character')
const key = z.string().min(1).describe('The name of a key under `keys`.')
const scope = z
  .string()
  .default('')
  .describe('Columns that share key and scope show equal values alike; another scope shows them otherwise.')
const unit = z.enum(['hour', 'day', 'week', 'month', 'quarter', 'year'])
const kept = z.int().min(0).max(MAX_KEPT_CHARACTERS).default(0)

const redact = { text: text.default('[REDACTED]').describe('Where a text can stand; NULL for other types.') }
const partial = {
  keepFirst: kept,
  keepLast: kept,
  fill: text
    .pipe(z.string().min(1).max(MAX_FILL_CHARACTERS))
    .default('*')
    .describe('Stands for each character that is hidden.'),
}
const hash = {
  key,
  scope,
  length: z.int().min(MIN_HASH_HEX).max(MAX_HASH_HEX).default(32).describe('Hexadecimal digits.'),
}
const token = { key, scope, prefix: text.default('tok_') }
const width = z.int().min(2).describe('Numbers become the largest multiple of it that is not above them.')

/** What a value inside a document can be masked by. */
const inDocument = {
  path: z.string().refine((path) => parseJsonPath(path) !== null, 'must be a path such as $.a.b[*]'),
}
const jsonRule = z.discriminatedUnion('strategy', [
  z.strictObject({ ...inDocument, strategy: z.literal('null') }),
  z.strictObject({ ...inDocument, strategy: z.literal('redact'), ...redact }),
  z.strictObject({ ...inDocument, strategy: z.literal('partial'), ...partial }),
  z.strictObject({ ...inDocument, strategy: z.literal('email') }),
  z.strictObject({ ...inDocument, strategy: z.literal('hash'), ...hash }),
  z.strictObject({ ...inDocument, strategy: z.literal('token'), ...token }),
  z.strictObject({ ...inDocument, strategy: z.literal('bucket'), width }),
  z.strictObject({ ...inDocument, strategy: z.literal('keep') }),
])

const onColumn = {
  targets: patterns.default(['*']),
  databases: patterns.default(['*']),
  schemas: patterns.optional(),
  tables: patterns.optional(),
  columns: patterns
    .optional()
    .describe('schemas, tables and columns are all needed, but where classes are given: then the default is any.'),
  classes: z
    .array(z.string().regex(/^([^*]+\*?|\*)$/))
    .min(1)
    .optional()
    .describe('Columns that have one of these classes (docs/classification.md): exact names, `prefix*` or `*`.'),
  aggregate: z
    .strictObject({ minGroup: z.int().min(2) })
    .optional()
    .describe('Sums and averages over the clear values are allowed for groups of at least so many.'),
  predicates: z
    .enum(['masked', 'equality'])
    .default('masked')
    .describe('`equality` lets a clear value be looked up with `=` and `IN`, counted against budgetPerHour.'),
  budgetPerHour: z.int().min(1).optional().describe('Values that one person may look up in an hour.'),
}

const mask = z
  .discriminatedUnion('strategy', [
    z.strictObject({
      ...onColumn,
      strategy: z.literal('null').optional().describe('Default where aggregate is given.'),
    }),
    z.strictObject({ ...onColumn, strategy: z.literal('redact'), ...redact }),
    z.strictObject({ ...onColumn, strategy: z.literal('partial'), ...partial }),
    z.strictObject({ ...onColumn, strategy: z.literal('email') }),
    z.strictObject({ ...onColumn, strategy: z.literal('hash'), ...hash }),
    z.strictObject({ ...onColumn, strategy: z.literal('token'), ...token }),
    z.strictObject({
      ...onColumn,
      strategy: z.literal('bucket'),
      width: width.optional(),
      unit: unit.optional().describe('The same for dates, as date_trunc.'),
    }),
    z.strictObject({ ...onColumn, strategy: z.literal('date_trunc'), unit }),
    z.strictObject({
      ...onColumn,
      strategy: z.literal('date_shift'),
      key,
      scope,
      maxDays: z.int().min(1).max(MAX_SHIFT_DAYS).default(30).describe('The longest way, back or forth.'),
    }),
    z.strictObject({
      ...onColumn,
      strategy: z.literal('json_path'),
      paths: z.array(jsonRule).min(1).describe('The first that matches a value wins.'),
      default: z.enum(['keep', 'drop']).default('keep').describe('What becomes of what no path names.'),
    }),
  ])
  .superRefine((section, context) => {
    const problem = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    for (const place of ['schemas', 'tables', 'columns'] as const)
      if (section[place] === undefined && section.classes === undefined) problem(place, 'is missing')
    if (section.strategy === undefined && section.aggregate === undefined) problem('strategy', 'is missing')
    if (section.strategy === 'bucket' && section.width === undefined && section.unit === undefined)
      problem('width', 'a bucket needs a width, a unit or both')
    if (section.predicates === 'equality' && section.budgetPerHour === undefined)
      problem('budgetPerHour', 'predicates: equality needs a budget')
    if (section.predicates === 'masked' && section.budgetPerHour !== undefined)
      problem('budgetPerHour', 'is for predicates: equality alone')
  })

export const maskingSection = z.strictObject({
  keys: z
    .record(z.string().min(1), secretRef)
    .default({})
    .describe('Keys of hash, token and date_shift: base64 of at least 32 random bytes, by reference.'),
  masks: z.array(mask).default([]).describe('The first mask that matches a column wins.'),
})

import * as z from 'zod'
import { count, patterns, secretRef } from './schema_values.ts'

const columns = {
  targets: patterns.default(['*']),
  databases: patterns.default(['*']),
  schemas: patterns,
  tables: patterns,
  columns: patterns,
}
const key = z.string().min(1).describe('The name of a key under `keys`.')
const MAX_HASH_HEX = 64
const MIN_HASH_HEX = 8

const mask = z.discriminatedUnion('strategy', [
  z.strictObject({ ...columns, strategy: z.literal('null') }),
  z.strictObject({ ...columns, strategy: z.literal('redact'), text: z.string().default('[REDACTED]') }),
  z.strictObject({
    ...columns,
    strategy: z.literal('partial'),
    keepFirst: count.default(0),
    keepLast: count.default(0),
    fill: z.string().min(1).default('*'),
  }),
  z.strictObject({ ...columns, strategy: z.literal('email') }),
  z.strictObject({
    ...columns,
    strategy: z.literal('hash'),
    key,
    length: z.int().min(MIN_HASH_HEX).max(MAX_HASH_HEX).default(32).describe('Hexadecimal digits.'),
  }),
  z.strictObject({ ...columns, strategy: z.literal('token'), key, prefix: z.string().default('tok_') }),
])

export const maskingSection = z.strictObject({
  keys: z
    .record(z.string().min(1), secretRef)
    .default({})
    .describe('Keys of hash and token: base64 of at least 32 random bytes, by reference.'),
  masks: z.array(mask).default([]).describe('The first mask that matches a column wins.'),
})

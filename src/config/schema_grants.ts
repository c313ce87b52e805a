import * as z from 'zod'
import { name, parameterValue, time } from './schema_values.ts'

const principal = z.union(
  [
    z.strictObject({
      subject: z.string().min(1),
      issuer: z.string().min(1).optional().describe('Whose subject it is. Default: that of any accepted issuer.'),
    }),
    z.strictObject({ email: z.string().min(3) }),
    z.strictObject({ group: z.string().min(1) }),
  ],
  { error: 'must be exactly one of subject, email and group' },
)

export const grantsSection = z.array(
  z
    .strictObject({
      id: z.string().min(1).max(128).describe('Never used again once the grant has ended.'),
      principal,
      target: name,
      role: name,
      parameters: z.record(z.string(), parameterValue).default({}),
      start: time.describe('Inclusive.'),
      end: time.describe('Exclusive.'),
      reason: z.string().min(1),
      ticket: z.string().min(1).optional(),
    })
    .refine((grant) => Date.parse(grant.end) > Date.parse(grant.start), {
      message: 'must be after start',
      path: ['end'],
    }),
)

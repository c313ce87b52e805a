import * as z from 'zod'
import { operation } from './operation.ts'
import { count, shown } from './values.ts'

export const checkpointOperations = {
  getCheckpoint: operation({
    tag: 'audit',
    method: 'GET',
    path: '/v1/audit/checkpoint',
    summary: 'The last signed checkpoint of the audit log of this node, and a proof that it continues an earlier one.',
    rate: 'heavy',
    status: 200,
    query: z.strictObject({
      from: z.coerce.number().int().min(0).optional().describe('The size of the tree that the caller has seen.'),
    }),
    answer: shown({
      checkpoint: z.string().describe('A C2SP signed note with a tlog-checkpoint.'),
      size: count.describe('Lines that it covers. Less than the newest has, where the caller is far behind.'),
      proof: z
        .array(z.string())
        .describe('Hashes in base64: the consistency proof of RFC 6962 from `from` to `size`; empty without `from`.'),
    }),
  }),
}

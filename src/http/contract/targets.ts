import * as z from 'zod'
import { operation } from './operation.ts'
import { ms, nameText } from './shown.ts'
import { maybeTime, nameParams, shown } from './values.ts'

const target = shown({
  name: nameText,
  engine: z.enum(['postgres', 'mysql']),
  labels: z.record(z.string(), z.string()),
  project: z.string().nullable(),
  locked: z.boolean(),
}).meta({ id: 'Target' })

const roleOption = shown({
  role: nameText,
  description: z.string(),
  parameters: z.record(z.string(), z.enum(['string', 'integer', 'boolean', 'uuid'])),
  defaultDurationMs: ms,
  maxDurationMs: ms,
  ticketRequired: z.boolean(),
  approval: z.enum(['auto', 'people', 'none']).describe('none: no rule, or nobody is known who may answer.'),
  rule: z.string().nullable(),
  breakGlass: z.boolean(),
}).meta({ id: 'RoleOption' })

const finding = shown({
  check: z.string(),
  severity: z.enum(['info', 'low', 'medium', 'high']),
  object: z.string(),
  text: z.string(),
  mend: z.string().describe('How to mend it.'),
}).meta({ id: 'PostureFinding' })

const base = { tag: 'targets' } as const

export const targetOperations = {
  listTargets: operation({
    ...base,
    method: 'GET',
    path: '/v1/targets',
    summary: 'List the targets with their labels and state.',
    rate: 'read',
    status: 200,
    answer: shown({ items: z.array(target) }),
  }),
  listRoleOptions: operation({
    ...base,
    method: 'GET',
    path: '/v1/targets/{name}/roles',
    summary: 'The roles that the caller may ask for, and what they would meet.',
    rate: 'read',
    status: 200,
    params: nameParams,
    answer: shown({ items: z.array(roleOption) }),
  }),
  getPosture: operation({
    ...base,
    method: 'GET',
    path: '/v1/targets/{name}/posture',
    summary: 'What the last check of the database itself found.',
    rate: 'read',
    status: 200,
    params: nameParams,
    answer: shown({ checkedAt: maybeTime, items: z.array(finding) }),
  }),
} as const

import * as z from 'zod'
import { compileCondition, isZone } from '../access/conditions.ts'
import { duration, name, patterns, positive } from './schema_values.ts'

const group = z.string().min(1)
const groups = z.array(group).min(1)

const waiting = {
  freshLogin: duration.prefault('0s').describe('An approval needs a login not older than this; 0s: any.'),
  nudgeAfter: duration.prefault('0s').describe('Those who may answer are told again after so long; 0s: never.'),
  escalateAfter: duration.prefault('0s').describe('escalateTo is told after so long; it gives no right to answer.'),
  escalateTo: z.array(group).default([]).describe('Groups that hear of a stage that waits.'),
}

const stage = z
  .strictObject({
    name: z.string().min(1).max(64),
    groups: groups.describe('Who may answer. `$leads`: the leads of the project of the target, for delegable roles.'),
    quorum: positive.default(1).describe('How many different people.'),
    distinctGroups: z.boolean().default(false).describe('Each of them for another of the groups.'),
    ...waiting,
  })
  .refine((one) => !one.distinctGroups || one.quorum <= new Set(one.groups).size, {
    message: 'is more than there are groups',
    path: ['quorum'],
  })

const single = z.strictObject({ groups, ...waiting }).describe('One person of any of the groups.')
const dual = z
  .strictObject({
    groups,
    distinctGroups: z.boolean().optional().describe('Default: true where there are several groups.'),
    ...waiting,
  })
  .refine((one) => one.distinctGroups !== true || new Set(one.groups).size > 1, {
    message: 'needs two groups',
    path: ['distinctGroups'],
  })
  .describe('Two different people, each of another group where there are several.')

const condition = z
  .string()
  .min(1)
  .max(2000)
  .superRefine((text, context) => {
    const compiled = compileCondition(text)
    if ('error' in compiled) context.addIssue({ code: 'custom', message: compiled.error })
  })
  .describe(
    'A CEL expression over person, groups, target, role, kind, verbs, duration, time, incident, classification and ' +
      'risks. What can not be judged approves nothing.',
  )

const WAYS = ['auto', 'single', 'dual', 'stages'] as const

export const approvalsSection = z
  .array(
    z
      .strictObject({
        name,
        roles: patterns.default(['*']),
        targets: patterns.default(['*']),
        labels: z
          .record(z.string(), z.string())
          .default({})
          .describe('Labels that the target must carry, all of them.'),
        kinds: z
          .array(z.enum(['standard', 'migration', 'extension']))
          .min(1)
          .default(['standard', 'extension'])
          .describe('Kinds of requests. Migrations have to be named.'),
        verbs: z
          .array(z.enum(['read', 'insert', 'update', 'delete', 'ddl', 'call', 'export', 'explain', 'session']))
          .default([])
          .describe('The rule matches where nothing beyond these is asked for; empty: whatever is asked for.'),
        when: condition.optional(),
        zone: z
          .string()
          .refine(isZone, 'must be a time zone such as Europe/Zurich')
          .default('UTC')
          .describe('The time zone of `time` in the condition.'),
        auto: z.literal(true).optional().describe('Approves by itself.'),
        single: single.optional(),
        dual: dual.optional(),
        stages: z
          .array(stage)
          .min(1)
          .max(10)
          .optional()
          .describe('In order: all before it are complete when one opens.'),
      })
      .refine((rule) => WAYS.filter((way) => rule[way] !== undefined).length === 1, {
        message: 'needs exactly one of auto, single, dual and stages',
      }),
  )
  .describe('Who has to approve what: the first rule that matches decides, and where none does nobody gets in.')

import type * as z from 'zod'
import { alertOperations } from './alerts.ts'
import { auditOperations } from './audit_events.ts'
import { checkpointOperations } from './checkpoints.ts'
import { clientOperations } from './client_settings.ts'
import { credentialOperations } from './credentials.ts'
import { evidenceOperations } from './evidence.ts'
import { grantOperations } from './grants.ts'
import { lockOperations } from './locks.ts'
import type { Operation } from './operation.ts'
import { peopleOperations } from './people.ts'
import { policyOperations } from './policies.ts'
import { recordingOperations } from './recordings.ts'
import { requestOperations } from './requests.ts'
import { reviewOperations } from './reviews.ts'
import { sessionOperations } from './sessions.ts'
import { sinkOperations } from './sinks.ts'
import { targetOperations } from './targets.ts'
import { webhookOperations } from './webhooks.ts'

/** Every operation of the API by its id: routes, OpenAPI and clients are made of this table. */
export const OPERATIONS = {
  ...requestOperations,
  ...grantOperations,
  ...sessionOperations,
  ...targetOperations,
  ...lockOperations,
  ...credentialOperations,
  ...policyOperations,
  ...reviewOperations,
  ...evidenceOperations,
  ...auditOperations,
  ...checkpointOperations,
  ...alertOperations,
  ...sinkOperations,
  ...recordingOperations,
  ...webhookOperations,
  ...peopleOperations,
  ...clientOperations,
} as const satisfies Record<string, Operation>

type Operations = typeof OPERATIONS
export type OperationId = keyof Operations

type Part<Id extends OperationId, Name extends 'params' | 'query' | 'body'> = Operations[Id] extends {
  readonly [N in Name]: infer Schema extends z.ZodType
}
  ? Schema
  : null

/** What a handler is given. */
export type Input<Id extends OperationId> = {
  readonly [Name in 'params' | 'query' | 'body']: Part<Id, Name> extends z.ZodType
    ? z.output<Part<Id, Name>>
    : undefined
}

/** What goes over the wire: names are snake_case, times RFC 3339. */
export type WireInput<Id extends OperationId> = {
  readonly [Name in 'params' | 'query' | 'body' as Part<Id, Name> extends z.ZodType ? Name : never]: Part<
    Id,
    Name
  > extends z.ZodType
    ? z.input<Part<Id, Name>>
    : never
}

/** The answer as the program has it: camelCase, times in milliseconds. */
export type Answer<Id extends OperationId> = Operations[Id]['answer'] extends z.ZodType
  ? z.output<Operations[Id]['answer']>
  : undefined

export type WireAnswer<Id extends OperationId> = Operations[Id]['answer'] extends z.ZodType
  ? z.input<Operations[Id]['answer']>
  : undefined

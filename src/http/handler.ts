import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../access/control.ts'
import { SallyportError } from '../errors.ts'
import type { ConsoleSession } from './console_sessions.ts'
import type { Answer, Input, OperationId } from './contract/operations.ts'
import type { Plain } from './ports.ts'

/** One call, checked and decoded. */
export interface Call<Id extends OperationId> {
  readonly input: Input<Id>
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** The body as it came, for signatures. */
  readonly raw: Uint8Array
  /** The digest in If-Match; null for If-None-Match: *. Undefined where neither is given. */
  readonly ifMatch: string | null | undefined
  readonly caller: Caller
  readonly session: ConsoleSession | null
}

/** What is no JSON. */
export type Special =
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'file'; readonly type: string; readonly name: string; readonly bytes: Uint8Array }

export type Handler<Id extends OperationId> = (
  call: Call<Id>,
) => Promise<Answer<Id> extends undefined ? Special | undefined : Plain<Answer<Id>>>

export type Handlers<Ids extends OperationId = OperationId> = { readonly [Id in Ids]: Handler<Id> }

/** What the configuration leaves out. */
export function configured<T>(port: T | null, what: string): T {
  if (port === null) throw new SallyportError('SP-NOT-CONFIGURED', `${what} is not configured`)
  return port
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type * as z from 'zod'
import { asSallyportError, type ErrorCode, SallyportError } from '../errors.ts'
import { type Authenticated, authenticate } from './authenticate.ts'
import { noteRefusal, recordRequest } from './call_record.ts'
import type { ConsoleSessions } from './console_sessions.ts'
import type { Operation } from './contract/operation.ts'
import { OPERATIONS, type OperationId } from './contract/operations.ts'
import type { Call, Handlers, Special } from './handler.ts'
import { once, type Replayable } from './idempotency.ts'
import type { ApiDeps } from './ports.ts'
import { ApiRefusal, inputRefusal } from './problem.ts'
import type { Rates } from './rates.ts'
import { rawBody } from './raw_body.ts'

const PRECONDITION_REQUIRED = 428
const JSON_TYPE = 'application/json; charset=utf-8'
const ETAG = /^"([0-9a-f]{64})"$/

/** A handler as the table has it: which operation it belongs to is no longer in its type. */
type AnyHandler = (call: Call<OperationId>) => Promise<unknown>

export interface RouteDeps {
  readonly deps: ApiDeps
  readonly sessions: ConsoleSessions
  readonly rates: Rates
  readonly handlers: Handlers
}

/** Registers every operation of the table. Limits and login come before the body is read. */
export function registerRoutes(app: FastifyInstance, parts: RouteDeps): void {
  for (const [id, operation] of Object.entries<Operation>(OPERATIONS)) {
    const handler = parts.handlers[id as OperationId] as unknown as AnyHandler
    app.route({
      method: operation.method,
      url: operation.path.replace(/\{([a-z]+)\}/g, ':$1'),
      onRequest: async (request, reply) => {
        await parts.rates.byAddress(operation.rate, request, reply)
        if (operation.access === 'person') await admit({ id, operation }, request, reply, parts)
      },
      handler: async (request, reply) => {
        if (operation.access === 'person') return answer(operation, handler, request, reply, parts.deps)
        await parts.rates.failures.check(request, reply)
        return answer(operation, handler, request, reply, parts.deps).catch((error) =>
          refuse(error, id, request, parts),
        )
      },
    })
  }
}

const callers = new WeakMap<FastifyRequest, Authenticated>()

async function admit(
  { id, operation }: { readonly id: string; readonly operation: Operation },
  request: FastifyRequest,
  reply: FastifyReply,
  parts: RouteDeps,
): Promise<void> {
  const { deps, rates, sessions } = parts
  await rates.failures.check(request, reply)
  const found = await authenticate(request, deps, sessions).catch((error) => refuse(error, id, request, parts))
  await rates.byPerson(operation.rate, found, request, reply)
  await recordRequest(deps, id, request, found.caller)
  callers.set(request, found)
}

async function refuse(error: unknown, id: string, request: FastifyRequest, { rates, deps }: RouteDeps): Promise<never> {
  const refusal = error instanceof ApiRefusal ? error.refusal : asSallyportError(error)
  if (refusal.code === 'SP-AUTH') await rates.failures.count(request)
  if (NOTED.has(refusal.code)) await noteRefusal(refusal, id, request, deps)
  throw error
}

/** Refused logins; what the control plane refuses, it records itself. */
const NOTED: ReadonlySet<ErrorCode> = new Set(['SP-AUTH', 'SP-LOCKED', 'SP-FORBIDDEN', 'SP-GROUP-OVERAGE'])

async function answer(
  operation: Operation,
  handler: AnyHandler,
  request: FastifyRequest,
  reply: FastifyReply,
  deps: ApiDeps,
): Promise<FastifyReply> {
  const found = callers.get(request)
  const call = {
    input: inputOf(operation, request),
    request,
    reply,
    raw: rawBody(request),
    ifMatch: ifMatchOf(operation, request),
    caller: found?.caller,
    session: found?.session ?? null,
  } as unknown as Call<OperationId>
  const run = async (): Promise<Replayable> => {
    const value = await handler(call)
    if (isSpecial(value)) return sendSpecial(value, reply)
    if (operation.answer === null || value === undefined) return { status: operation.status, body: null }
    const etag = operation.etag === undefined ? undefined : (value as { readonly digest: string }).digest
    if (etag !== undefined) reply.header('etag', `"${etag}"`)
    return { status: operation.status, body: JSON.stringify(encode(operation.answer, value)) }
  }
  const key = request.headers['idempotency-key']
  if (operation.method !== 'POST' || found === undefined || key === undefined) return send(await run(), reply)
  const keyed = {
    key: String(key),
    actor: found.caller.identity,
    call: [request.method, ' ', request.url, '\n', call.raw],
    requestId: request.id,
    once: operation.once === true || operation.produces !== undefined,
  }
  const kept = await once(keyed, deps, run)
  if (kept.replayed) reply.header('idempotency-replayed', 'true')
  return send(kept, reply)
}

function inputOf({ params, query, body }: Operation, request: FastifyRequest): Record<string, unknown> {
  return {
    params: parsed('params', params, request.params),
    query: parsed('query', query, request.query),
    body: parsed('body', body, request.body ?? {}),
  }
}

function parsed(part: 'params' | 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined
  const read = schema.safeParse(value)
  if (read.success) return read.data
  throw inputRefusal(part, read.error)
}

/** What does not fit the contract does not leave: it is a mistake of ours. */
function encode(schema: z.ZodType, value: unknown): unknown {
  const made = schema.safeEncode(value)
  if (made.success) return made.data
  throw new SallyportError('SP-INTERNAL', 'an internal error', { cause: made.error })
}

/** RFC 9110, section 13.1; where a precondition is demanded, RFC 6585, section 3. */
function ifMatchOf({ etag }: Operation, request: FastifyRequest): string | null | undefined {
  if (etag !== 'required') return undefined
  const { 'if-match': match, 'if-none-match': none } = request.headers
  if (match !== undefined) {
    const digest = ETAG.exec(match)?.[1]
    if (digest === undefined) throw new ApiRefusal('SP-PRECONDITION', 'If-Match is not an ETag of a policy')
    return digest
  }
  if (none === '*') return null
  throw new ApiRefusal('SP-PRECONDITION', 'send If-Match, or If-None-Match: * for what is new', PRECONDITION_REQUIRED)
}

function isSpecial(value: unknown): value is Special {
  return typeof value === 'object' && value !== null && SPECIAL.has((value as Special).kind) && !('id' in value)
}

const SPECIAL: ReadonlySet<unknown> = new Set(['redirect', 'file'])

const sent = new WeakMap<FastifyReply, Uint8Array>()

function sendSpecial(special: Special, reply: FastifyReply): Replayable {
  if (special.kind === 'redirect') {
    reply.header('location', special.to)
    return { status: 302, body: null }
  }
  reply.header('content-type', special.type)
  reply.header('content-disposition', `attachment; filename="${special.name.replace(/[^A-Za-z0-9._-]/g, '_')}"`)
  sent.set(reply, special.bytes)
  return { status: 200, body: null }
}

function send({ status, body }: Replayable, reply: FastifyReply): FastifyReply {
  const file = sent.get(reply)
  if (file !== undefined) return reply.code(status).send(Buffer.from(file))
  if (body === null) return reply.code(status).send()
  return reply.code(status).header('content-type', JSON_TYPE).send(body)
}

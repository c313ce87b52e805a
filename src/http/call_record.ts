import type { FastifyRequest } from 'fastify'
import type { Caller } from '../access/control.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { SallyportError } from '../errors.ts'
import { noteAccess } from './audit.ts'
import type { ApiDeps } from './ports.ts'

type Deps = Pick<ApiDeps, 'audit' | 'ids' | 'clock'>
type Called = Pick<
  Extract<AuditEvent, { readonly kind: 'api_call' }>,
  'operation' | 'method' | 'path' | 'resources' | 'requestId' | 'clientPort' | 'userAgent'
>

/** A path is kept as far as this, in characters: the server takes longer ones. */
const MAX_PATH = 512

/**
 * Who calls what, in the log before anything of it is done; neither the query nor the body, which may hold anything.
 * Rejects with `SP-AUDIT`: what can't be recorded is not done.
 */
export async function recordRequest(
  deps: Deps,
  operation: string,
  request: FastifyRequest,
  caller: Caller,
): Promise<void> {
  const { method, url, headers, params, id, socket } = request
  await recordCall(deps, caller, {
    operation,
    method,
    path: (url.split('?')[0] ?? '').slice(0, MAX_PATH),
    resources: params as Readonly<Record<string, string>>,
    requestId: id,
    // Behind a trusted proxy the port is the proxy's.
    clientPort: socket.remoteAddress === caller.clientAddress ? (socket.remotePort ?? null) : null,
    userAgent: headers['user-agent'] ?? null,
  })
}

export async function recordCall({ audit, ids, clock }: Deps, caller: Caller, called: Called): Promise<void> {
  const { issuer, subject, email, name } = caller.identity
  const by = { issuer, subject, email, name }
  const base = { kind: 'api_call', id: ids.uuid(), time: clock.now() } as const
  await audit.append([{ ...base, by, ...called, clientAddress: caller.clientAddress }])
}

/** A store that is away must not turn a refusal into something else. */
export async function noteRefusal(
  { code, detail: why }: SallyportError,
  operation: string,
  request: FastifyRequest,
  deps: Pick<ApiDeps, 'ids' | 'clock' | 'store' | 'log'>,
  caller: Partial<Caller> = { clientAddress: request.ip },
): Promise<void> {
  const detail = { code, why, method: request.method, route: request.routeOptions.url }
  await noteAccess(deps, 'api.refused', caller, detail, { type: 'operation', id: operation }).catch(() =>
    deps.log.error({ code }, 'a refused call could not be recorded'),
  )
}

import { randomUUID } from 'node:crypto'
import type { ErrorCode } from '../../errors.ts'
import { REFUSALS, SallyportError } from '../../errors.ts'
import { OPERATIONS, type OperationId, type WireAnswer, type WireInput } from '../../http/contract/operations.ts'

const TIMEOUT_MS = 60_000
const TRIES = 3
const WAIT_MS = 250

/** A call of the admin API as it goes over the wire: names are snake_case, times RFC 3339. */
export interface ApiClient {
  call<Id extends OperationId>(id: Id, input: WireInput<Id>, headers?: Headers): Promise<WireAnswer<Id>>
  /** For an answer that is not JSON. */
  download<Id extends OperationId>(id: Id, input: WireInput<Id>): Promise<Uint8Array>
  /** As `call`, with the ETag of the answer. */
  tagged<Id extends OperationId>(id: Id, input: WireInput<Id>): Promise<{ answer: WireAnswer<Id>; etag: string | null }>
}

type Headers = Readonly<Record<string, string>>

/** The API said no, in words for people: RFC 9457. */
export class ApiProblem extends Error {
  readonly code: string
  readonly status: number
  readonly next: string
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[]

  constructor(problem: Problem) {
    super(problem.detail)
    this.code = problem.code
    this.status = problem.status
    this.next = problem.next
    this.errors = problem.errors ?? []
  }
}

interface Problem {
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly next: string
  readonly errors?: ApiProblem['errors']
}

/** `token` is asked for at each call. Rejects with `ApiProblem`, or with `SP-STORE` where the API can't be reached. */
export function createApiClient(server: string, token: () => Promise<string | null>): ApiClient {
  const send = async (id: OperationId, input: unknown, headers: Headers): Promise<Response> => {
    const request = requestOf(server, id, input as Parts, { ...headers, ...(await authorization(token)) })
    const response = await sent(request.url, request.init)
    if (!response.ok) throw new ApiProblem(await problemOf(response))
    return response
  }
  return {
    call: async (id, input, headers = {}) => jsonOf(await send(id, input, headers)),
    download: async (id, input) => new Uint8Array(await (await send(id, input, {})).arrayBuffer()),
    tagged: async (id, input) => {
      const response = await send(id, input, {})
      return { answer: await jsonOf(response), etag: response.headers.get('etag') }
    },
  }
}

interface Parts {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
}

function requestOf(server: string, id: OperationId, { params = {}, query = {}, body }: Parts, headers: Headers) {
  const { method, path } = OPERATIONS[id]
  const url = new URL(server + path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? '')))
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  const init: RequestInit = {
    method,
    redirect: 'error',
    headers: {
      accept: 'application/json, application/problem+json, */*;q=0.1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      // The same through every try of one call: what was done once is not done again.
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }
  return { url, init }
}

async function authorization(token: () => Promise<string | null>): Promise<Headers> {
  const shown = await token()
  return shown === null ? {} : { authorization: `Bearer ${shown}` }
}

/** Tried again where no answer came: a POST carries its key, and all else may be repeated. */
async function sent(url: URL, init: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    } catch (cause) {
      if (attempt === TRIES) throw new SallyportError('SP-STORE', `${url.origin} can not be reached: ${whyOf(cause)}`)
      await new Promise((done) => setTimeout(done, WAIT_MS * attempt))
    }
  }
}

function whyOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no reason given'
  return cause.cause instanceof Error ? cause.cause.message : cause.message
}

async function jsonOf<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T
}

/** What is no problem document (a proxy's page) is told by its status. */
async function problemOf(response: Response): Promise<Problem> {
  const read = await response.json().catch(() => null)
  const given = (typeof read === 'object' && read !== null ? read : {}) as Partial<Problem>
  const code = given.code ?? 'SP-INTERNAL'
  return {
    status: response.status,
    detail: given.detail ?? `the server answered with status ${response.status}`,
    code,
    next: given.next ?? (code in REFUSALS ? REFUSALS[code as ErrorCode].next : ''),
    ...(given.errors === undefined ? {} : { errors: given.errors }),
  }
}

import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SallyportError } from '../errors.ts'
import type { Operation } from './contract/operation.ts'
import { OPERATIONS } from './contract/operations.ts'
import type { ApiDeps } from './ports.ts'
import { ApiRefusal, PROBLEM_TYPE, problemOf } from './problem.ts'

const BAD_REQUEST = 400
const UNAUTHORIZED = 401
const METHOD_NOT_ALLOWED = 405
const TOO_LARGE = 413
const URI_TOO_LONG = 414
const UNSUPPORTED_TYPE = 415
const INTERNAL = 500

const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}
const STRICT_TRANSPORT = 'max-age=31536000'

/** Headers of every answer, and every failure as a problem. */
export function registerAnswers(app: FastifyInstance, { settings, log }: ApiDeps): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...HEADERS, 'x-request-id': request.id })
    if (settings.tls !== null) reply.header('strict-transport-security', STRICT_TRANSPORT)
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = fromFastify(error)
    const { status, body } = problemOf(known, request.id)
    if (body.code === 'SP-INTERNAL') log.error({ request: request.id, error: stackOf(error) }, 'an internal error')
    if (status === UNAUTHORIZED) reply.header('www-authenticate', challenge(body.code))
    return sendProblem(reply, status, body)
  })
  app.setNotFoundHandler((request, reply) => {
    const allowed = methodsAt(request)
    const refusal =
      allowed.length === 0
        ? new ApiRefusal('SP-NOT-FOUND', 'there is nothing at this address')
        : new ApiRefusal('SP-INPUT', 'the address does not take this method', METHOD_NOT_ALLOWED)
    if (allowed.length > 0) reply.header('allow', allowed.join(', '))
    const { status, body } = problemOf(refusal, request.id)
    return sendProblem(reply, status, body)
  })
}

function sendProblem(reply: FastifyReply, status: number, body: object): FastifyReply {
  return reply.code(status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(body))
}

/** RFC 6750, section 3; RFC 9470 where a fresher login is demanded. */
function challenge(code: string): string {
  return code === 'SP-FRESH-LOGIN' ? 'Bearer error="insufficient_user_authentication", max_age="0"' : 'Bearer'
}

/** What fastify itself refuses; its texts may quote the input, so ours stand instead. */
function fromFastify(error: FastifyError): unknown {
  if (error instanceof SallyportError || error instanceof ApiRefusal) return error
  const { statusCode: status } = error
  if (status === TOO_LARGE) return new ApiRefusal('SP-INPUT', 'the body is larger than 1 MiB', TOO_LARGE)
  if (status === UNSUPPORTED_TYPE)
    return new ApiRefusal('SP-INPUT', 'the body must be application/json', UNSUPPORTED_TYPE)
  if (status === URI_TOO_LONG) return new ApiRefusal('SP-INPUT', 'the address is too long', URI_TOO_LONG)
  if (status !== undefined && status >= BAD_REQUEST && status < INTERNAL)
    return new ApiRefusal('SP-INPUT', 'the request can not be read', BAD_REQUEST)
  return error
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? ` < ${error.cause.stack ?? error.cause.message}` : ''
  return `${error.stack ?? error.message}${cause}`
}

function methodsAt(request: FastifyRequest): string[] {
  const path = request.url.split('?')[0] ?? ''
  return Object.values<Operation>(OPERATIONS)
    .filter((operation) => new RegExp(`^${operation.path.replace(/\{[a-z]+\}/g, '[^/]+')}$`).test(path))
    .map(({ method }) => method)
}

/** What fails before there is a route: no hook has run yet. */
export function answerUnrouted(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = problemOf(fromFastify(error), request.id)
  sendProblem(reply.headers({ ...HEADERS, 'x-request-id': request.id }), status, body)
}

/** What is no HTTP, or comes too slowly: there is no request to answer. */
export function answerUnread(_: Error, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const { body } = problemOf(new ApiRefusal('SP-INPUT', 'the request can not be read', BAD_REQUEST), '')
  const text = JSON.stringify(body)
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(text)}`
  socket.end(`${head}\r\nConnection: close\r\n\r\n${text}`)
}

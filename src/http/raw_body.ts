import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ApiRefusal } from './problem.ts'

const BAD_REQUEST = 400
const NOTHING = new Uint8Array()
const bodies = new WeakMap<FastifyRequest, Uint8Array>()

/** JSON and forms only; the bytes are kept, since signatures and idempotency are over them. */
export function registerBodies(app: FastifyInstance): void {
  const json = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    bodies.set(request, body)
    if (body.length === 0) return done(null, undefined)
    return json(request, body.toString('utf8'), (error, value) =>
      error === null ? done(null, value) : done(new ApiRefusal('SP-INPUT', 'the body is not valid JSON', BAD_REQUEST)),
    )
  })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (request, body: Buffer, done) => {
      bodies.set(request, body)
      done(null, undefined)
    },
  )
}

export function rawBody(request: FastifyRequest): Uint8Array {
  return bodies.get(request) ?? NOTHING
}

import * as z from 'zod'
import type { Operation } from './contract/operation.ts'
import { OPERATIONS } from './contract/operations.ts'
import { problemSchema } from './contract/people.ts'
import { webhookEvent } from './contract/webhooks.ts'

const SCHEMAS = '#/components/schemas/'

interface JsonObject {
  readonly [name: string]: unknown
}

const DESCRIPTION = `Requests, grants, break-glass, sessions, policy, reviews and evidence.

Names are snake_case, times RFC 3339 with a zone, durations milliseconds. Errors are problems (RFC 9457) with a stable
\`code\`. A POST may carry an \`Idempotency-Key\`: the same call with the same key is done once, and answered alike for 24
hours. Lists are read page by page with \`limit\` and \`cursor\`.`

/** OpenAPI 3.1 of the whole table; schemas with an id stand under components once. */
export function openapi(version: string): JsonObject {
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, Record<string, unknown>> = {}
  schemaOf(problemSchema, schemas)
  for (const [id, operation] of Object.entries<Operation>(OPERATIONS)) {
    const described = { [operation.method.toLowerCase()]: describe(id, operation, schemas) }
    paths[operation.path] = { ...paths[operation.path], ...described }
  }
  const tags = [...new Set(Object.values<Operation>(OPERATIONS).map(({ tag }) => tag))]
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title: 'Sallyport admin API', version, description: DESCRIPTION, license: LICENSE },
    servers: [{ url: '/' }],
    tags: tags.map((name) => ({ name })),
    security: [{ bearer: [] }, { session: [], csrf: [] }, { certificate: [] }],
    paths,
    webhooks: { event: outgoingEvent(schemas) },
    components: { schemas: sorted(schemas), securitySchemes: SECURITY, responses: RESPONSES },
  }
}

function outgoingEvent(schemas: Record<string, unknown>): JsonObject {
  const signature = 'HMAC-SHA256 over the seconds, a dot and the body: `t=SECONDS,v1=HEX`.'
  const schema = { type: 'string' }
  return {
    post: {
      summary: 'What an address of /v1/webhook-endpoints is told; at least once, in no promised order.',
      tags: ['webhooks'],
      security: [],
      parameters: [
        { name: 'Sallyport-Signature', in: 'header', required: true, description: signature, schema },
        { name: 'Sallyport-Event', in: 'header', required: true, description: 'The id of the event.', schema },
      ],
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(webhookEvent, schemas) } } },
      responses: { '2XX': { description: 'Taken. Any other answer: sent again later.' } },
    },
  }
}

const LICENSE = { name: 'Apache-2.0', identifier: 'Apache-2.0' }

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of the identity provider.' },
  session: { type: 'apiKey', in: 'cookie', name: '__Host-sallyport', description: 'Made by /v1/auth/login.' },
  csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token', description: 'With the cookie, for all but GET.' },
  certificate: { type: 'mutualTLS', description: "A client certificate of Sallyport's own authority." },
}

const RESPONSES = {
  Problem: {
    description: 'It was refused, or it failed: the code says why, and what to do next.',
    content: { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } },
  },
}

function describe(id: string, operation: Operation, schemas: Record<string, unknown>): JsonObject {
  const { params, query, body, summary, tag, access, consumes } = operation
  const parameters = [
    ...parametersIn('path', params, schemas),
    ...parametersIn('query', query, schemas),
    ...headersOf(operation),
  ]
  const type = consumes ?? 'application/json'
  const bodySchema = body === undefined ? { type: 'object' } : schemaOf(body, schemas)
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(access === 'person' ? {} : { security: [] }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined && consumes === undefined
      ? {}
      : { requestBody: { required: true, content: { [type]: { schema: bodySchema } } } }),
    responses: {
      [String(operation.status)]: answerOf(operation, schemas),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function answerOf({ answer, produces, status, etag }: Operation, schemas: Record<string, unknown>): JsonObject {
  const types = produces ?? (answer === null ? [] : ['application/json'])
  const schema = answer === null ? {} : schemaOf(answer, schemas)
  const content = Object.fromEntries(types.map((type) => [type, { schema }]))
  return {
    description: DESCRIPTIONS[status] ?? 'Done.',
    ...(etag === undefined ? {} : { headers: { ETag: { schema: { type: 'string' } } } }),
    ...(types.length === 0 ? {} : { content }),
  }
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  201: 'Made.',
  202: 'Taken.',
  204: 'Done; nothing to say.',
  302: 'The browser goes on to Location.',
}

function parametersIn(
  where: 'path' | 'query',
  schema: z.ZodType | undefined,
  schemas: Record<string, unknown>,
): JsonObject[] {
  if (!(schema instanceof z.ZodObject)) return []
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, of]) => {
    const { description, ...rest } = schemaOf(of, schemas)
    const optional = of.safeParse(undefined).success
    return {
      name,
      in: where,
      required: where === 'path' || !optional,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })
}

function headersOf({ method, access, etag, once }: Operation): JsonObject[] {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  })
  const given: JsonObject[] = []
  if (method === 'POST' && access === 'person') {
    const secret = once === true ? ' The secret that it gives is not given again.' : ''
    given.push(header('Idempotency-Key', `The same call with the same key is done once.${secret}`))
  }
  if (etag === 'required')
    given.push(
      header('If-Match', 'The ETag of what is replaced.'),
      header('If-None-Match', '`*` where there is nothing yet.'),
    )
  return given
}

/** The JSON Schema of what goes over the wire; parts with an id are moved to `schemas`. */
function schemaOf(schema: z.ZodType, schemas: Record<string, unknown>): JsonObject {
  const { $schema: _, $defs, ...made } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonObject
  for (const [name, part] of Object.entries(($defs ?? {}) as JsonObject)) schemas[name] = repoint(part)
  // A codec with an id is a reference to its own definition already; other schemas with one stand here whole.
  const own = z.globalRegistry.get(schema)?.id
  const whole = repoint(made) as JsonObject
  if (own === undefined || typeof made.$ref === 'string') return whole
  schemas[own] = whole
  return { $ref: `${SCHEMAS}${own}` }
}

/** Without the ids of the registry, and with references that lead to the components. */
function repoint(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(repoint)
  if (typeof part !== 'object' || part === null) return part
  const entries = Object.entries(part).filter(([name]) => name !== 'id' || typeof (part as JsonObject).id !== 'string')
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      name === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', SCHEMAS) : repoint(value),
    ]),
  )
}

function sorted(object: Record<string, unknown>): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
}

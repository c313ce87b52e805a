import * as z from 'zod'

/** The small values that the operations share. On the wire names are snake_case and times are RFC 3339. */

export const MAX_PAGE_ITEMS = 200
const DEFAULT_PAGE_ITEMS = 50
const MAX_ID_CHARACTERS = 256
const MAX_NAME_CHARACTERS = 128
const MAX_REASON_CHARACTERS = 2000
const MAX_TEXT_CHARACTERS = 4000
const MAX_LIST_ITEMS = 200
const MAX_DURATION_MS = 366 * 86_400_000
const MAX_CURSOR_CHARACTERS = 512

type Snake<S extends string> = S extends `${infer H}${infer T}`
  ? `${H extends Lowercase<H> ? H : `_${Lowercase<H>}`}${Snake<T>}`
  : ''
type SnakeShape<S extends z.ZodRawShape> = { [K in keyof S as Snake<K & string>]: S[K] }
type Fields<S extends z.ZodRawShape, How extends z.core.$ZodObjectConfig> = z.ZodCodec<
  z.ZodObject<SnakeShape<S>, How>,
  z.ZodCustom<z.output<z.ZodObject<S>>, z.output<z.ZodObject<S>>>
>

/** An object of an input: camelCase in the program, snake_case on the wire. Unknown names are refused. */
export function fields<S extends z.ZodRawShape>(shape: S): Fields<S, z.core.$strict> {
  return renamed(shape, (wire) => z.strictObject(wire)) as unknown as Fields<S, z.core.$strict>
}

/**
 * An object of an answer. Only what is listed here leaves, whatever else the record holds; a client passes over what a
 * later version adds.
 */
export function shown<S extends z.ZodRawShape>(shape: S): Fields<S, z.core.$strip> {
  return renamed(shape, (wire) => z.object(wire)) as unknown as Fields<S, z.core.$strip>
}

function renamed(shape: z.ZodRawShape, objectOf: (wire: z.ZodRawShape) => z.ZodType) {
  const names = Object.keys(shape).map((name) => [name, snake(name)] as const)
  const wire = objectOf(Object.fromEntries(names.map(([name, key]) => [key, shape[name]])) as z.ZodRawShape)
  return z.codec(wire, z.custom<Record<string, unknown>>(), {
    decode: (value) => pick(value as Record<string, unknown>, names, (name, key) => [key, name]),
    encode: (value) => pick(value, names, (name, key) => [name, key]),
  })
}

function pick(
  value: Record<string, unknown>,
  names: readonly (readonly [string, string])[],
  way: (name: string, key: string) => readonly [string, string],
): Record<string, unknown> {
  const found: [string, unknown][] = []
  for (const [name, key] of names) {
    const [from, to] = way(name, key)
    if (value[from] !== undefined) found.push([to, value[from]])
  }
  return Object.fromEntries(found)
}

export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Milliseconds since the epoch in the program. */
export const time = z
  .codec(z.iso.datetime({ offset: true, error: 'must be a time such as 2030-01-31T09:00:00Z' }), z.number(), {
    decode: (text) => Date.parse(text),
    encode: (ms) => new Date(ms).toISOString(),
  })
  .meta({ id: 'Time', description: 'RFC 3339 time with a zone.', examples: ['2030-01-31T09:00:00Z'] })

export const maybeTime = time.nullable()
export const durationMs = z.int().min(1).max(MAX_DURATION_MS).describe('Milliseconds.')
export const id = z.string().min(1).max(MAX_ID_CHARACTERS)
export const name = z.string().min(1).max(MAX_NAME_CHARACTERS)
export const reason = z.string().trim().min(1).max(MAX_REASON_CHARACTERS)
export const email = z.email().max(MAX_ID_CHARACTERS)
export const text = z.string().max(MAX_TEXT_CHARACTERS)
export const count = z.int().min(0)
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export function list<T extends z.ZodType>(of: T): z.ZodArray<T> {
  return z.array(of).max(MAX_LIST_ITEMS)
}

export const person = shown({
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
}).meta({ id: 'Person', description: 'A person as the identity provider names them.' })

const parameterValue = z.union([z.string().max(MAX_TEXT_CHARACTERS), z.number(), z.boolean()])
export const parameters = z.record(name, parameterValue).meta({
  id: 'Parameters',
  description: 'Values of the parameters of the role.',
})

const verb = z.enum(['read', 'insert', 'update', 'delete', 'ddl', 'call', 'export', 'explain', 'session'])
const patterns = list(name).min(1)
const narrowingRule = fields({
  databases: patterns,
  schemas: patterns,
  tables: patterns,
  columns: patterns.nullable().default(null),
  verbs: z.array(verb).min(1),
}).meta({ id: 'NarrowingRule', description: 'Patterns are an exact name, `prefix*` or `*`.' })
export const narrowing = list(narrowingRule).meta({
  id: 'Narrowing',
  description: 'Only what the role and one of these rules cover: it takes away and never adds.',
})

export const incident = fields({ provider: name, id }).meta({
  id: 'Incident',
  description: 'An incident at a provider of the configuration.',
})

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_ITEMS).default(DEFAULT_PAGE_ITEMS),
  cursor: z.string().min(1).max(MAX_CURSOR_CHARACTERS).optional().describe('The next_cursor of the page before.'),
}

export function page<T extends z.ZodType>(of: T) {
  return shown({ items: z.array(of), nextCursor: z.string().nullable().describe('Null on the last page.') })
}

export const idParams = z.strictObject({ id })
export const nameParams = z.strictObject({ name })
export const reasonBody = fields({ reason })

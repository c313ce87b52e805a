import { expect, test } from 'vitest'
import * as z from 'zod'
import type { Operation } from '../../src/http/contract/operation.ts'
import { OPERATIONS } from '../../src/http/contract/operations.ts'
import { fields, time } from '../../src/http/contract/values.ts'

const ALL: readonly (readonly [string, Operation])[] = Object.entries(OPERATIONS)

test('no two operations share a method and a path', () => {
  const shapes = ALL.map(([, { method, path }]) => `${method} ${path.replace(/\{[a-z]+\}/g, '{}')}`)
  expect(new Set(shapes).size).toBe(shapes.length)
})

test.each(ALL)('%s: the parameters of the path are those of the schema', (_, { path, params }) => {
  const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name)
  const inSchema = params instanceof z.ZodObject ? Object.keys(params.shape) : []
  expect(inSchema).toEqual(inPath)
})

test.each(ALL)('%s: a GET has no body, and what changes something is no GET', (_, { method, body, rate }) => {
  if (method !== 'GET') return
  expect(body).toBeUndefined()
  expect(rate).not.toBe('write')
})

test('names are snake_case on the wire and camelCase in the program; times are RFC 3339', () => {
  const schema = fields({ createdAt: time, durationMs: z.int().nullable().default(null) })
  expect(schema.decode({ created_at: '2030-01-31T09:00:00+01:00' })).toEqual({
    createdAt: Date.UTC(2030, 0, 31, 8),
    durationMs: null,
  })
  expect(schema.encode({ createdAt: 0, durationMs: 5 })).toEqual({
    created_at: '1970-01-01T00:00:00.000Z',
    duration_ms: 5,
  })
})

test('what the contract does not list does not leave, and does not come in', () => {
  const schema = fields({ id: z.string() })
  expect(schema.encode({ id: 'a', scram: 'secret' } as { id: string })).toEqual({ id: 'a' })
  expect(schema.safeParse({ id: 'a', more: 1 }).success).toBe(false)
})

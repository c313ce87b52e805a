import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import type { Operation } from '../../src/http/contract/operation.ts'
import { OPERATIONS } from '../../src/http/contract/operations.ts'
import { problemSchema } from '../../src/http/contract/people.ts'
import { startTestApi } from './api.ts'

const test = await startTestApi()
afterAll(() => test.close())

const ALL = Object.entries<Operation>(OPERATIONS)
const SERVER_ERROR = 500
const NOT_CONFIGURED = 501
const TOKEN = `token-of-${'x'.repeat(80)}`

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', '0', '-1', '1e999', 'null', '__proto__', 'constructor', '*', '../..', TOKEN),
)
const text = odd.map(encodeURIComponent)
const body = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc
    .object({ maxDepth: 3, key: fc.oneof(fc.string(), fc.constantFrom('target', 'role', 'reason', TOKEN)) })
    .map((value) => JSON.stringify(value)),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

/** A body that fits in part: what the schema asks for, with some of it put askew. */
const nearly = fc
  .record({
    target: fc.oneof(fc.constant('orders'), odd),
    role: fc.oneof(fc.constant('reader'), odd),
    reason: fc.oneof(fc.constant('because'), odd),
    parameters: fc.dictionary(odd, fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))),
    duration_ms: fc.oneof(fc.double(), fc.constant(null)),
    start: fc.oneof(fc.constant('2030-02-30T25:00:00Z'), fc.constant('0000-01-01T00:00:00Z'), odd),
  })
  .map((value) => JSON.stringify(value))

it.each(ALL)('%s: nothing that is sent makes it fail or say the token', async (_, { method, path, consumes }) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 4, maxLength: 4 }),
      fc.oneof(body, nearly),
      fc.dictionary(fc.constantFrom('limit', 'cursor', 'view', 'state', 'from', 'at', 'x'), odd),
      async (names, sent, query) => {
        let at = 0
        const filled = path.replace(/\{[a-z]+\}/g, () => names[at++] || 'a')
        const answer = await test.call(`${filled}?${new URLSearchParams(query)}`, {
          method,
          token: TOKEN,
          headers: { 'content-type': consumes ?? 'application/json', 'if-match': `"${'a'.repeat(64)}"` },
          ...(method === 'GET' ? {} : { body: sent }),
        })
        const said = await answer.text()
        expect(said).not.toContain(TOKEN)
        expect([...answer.headers].join()).not.toContain(TOKEN)
        if (answer.status === NOT_CONFIGURED || answer.status < 400) return
        expect(answer.status).toBeLessThan(SERVER_ERROR)
        expect(answer.headers.get('content-type')).toContain('application/problem+json')
        expect(problemSchema.parse(JSON.parse(said)).status).toBe(answer.status)
      },
    ),
    { numRuns: 15 },
  )
  expect(test.logged).toEqual([])
})

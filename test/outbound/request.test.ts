import { expect, it } from 'vitest'
import { jsonOf, member, textMember } from '../../src/outbound/json_answer.ts'
import { NoAnswer, send } from '../../src/outbound/request.ts'
import { type Fault, serveContract } from './contract_server.ts'

it('sends what it is told, over TLS, to the authority that is named alone', async () => {
  const server = await serveContract(({ body }) => ({ status: 200, json: { body } }), { tls: true })
  const url = `${server.url}/a?b=c`
  const headers = { 'x-one': '1' }
  const answer = await send({ url, method: 'POST', headers, body: 'ä', ca: server.ca, timeoutMs: 2000 })
  expect(jsonOf(answer)).toEqual({ body: 'ä' })
  expect(server.asked[0]).toMatchObject({ method: 'POST', path: '/a?b=c', headers: { 'x-one': '1' } })
  await expect(send({ url, timeoutMs: 2000 })).rejects.toThrow('can not be reached: UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

it.each([
  ['slow', 'did not answer in time'],
  ['cut', 'can not be reached: ECONNRESET'],
  ['huge', 'answered with too much'],
  ['hang up', 'can not be reached: ECONNRESET'],
] satisfies [Fault, string][])('%s: %s', async (fault, why) => {
  const server = await serveContract(() => ({ fault }))
  const sent = send({ url: server.url, timeoutMs: 300 })
  await expect(sent).rejects.toThrow(why)
  await expect(sent).rejects.toBeInstanceOf(NoAnswer)
})

it('gives a redirect as it is, and follows none', async () => {
  const server = await serveContract(() => ({ fault: 'redirect' }))
  expect((await send({ url: server.url, timeoutMs: 2000 })).status).toBe(302)
  expect(server.asked).toHaveLength(1)
})

it('does not quote what is no JSON', async () => {
  const server = await serveContract(() => ({ fault: 'garbage' }))
  const answer = await send({ url: server.url, timeoutMs: 2000 })
  expect(() => jsonOf(answer)).toThrow(/^answered with something other than JSON$/)
})

it.each([
  ['http://example.test/', 'not an https URL'],
  ['ftp://127.0.0.1/', 'not an https URL'],
  ['https://user:hunter2@example.test/', 'holds a password'],
  ['nonsense', 'not a URL'],
])('asks nothing of %s', async (url, why) => {
  const sent = send({ url, timeoutMs: 300 })
  await expect(sent).rejects.toThrow(why)
  await expect(sent).rejects.not.toThrow('hunter2')
})

it('finds own members alone', () => {
  expect(member({ a: 1 }, 'a')).toBe(1)
  expect(member({}, 'toString')).toBeUndefined()
  expect(member([1], '0')).toBeUndefined()
  expect(member(null, 'a')).toBeUndefined()
  expect(textMember({ a: '' }, 'a')).toBeNull()
  expect(textMember({ a: 1 }, 'a')).toBeNull()
})

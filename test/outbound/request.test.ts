import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { jsonOf, member, textMember } from '../../src/outbound/json_answer.ts'
import { keepConnections, NoAnswer, send } from '../../src/outbound/request.ts'
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

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Answers each request on a connection with what its number there gives; null closes without an answer. */
async function serveRaw(answer: (nth: number) => string | null): Promise<{ url: string; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    let nth = 0
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {
      nth++
      const given = answer(nth)
      if (given === null) socket.resetAndDestroy()
      else socket.write(given)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}/`, sockets }
}

it('keeps connections where it is given some, and sends again once on a new one where the kept one was closed', async () => {
  const { url, sockets } = await serveRaw((nth) => (nth < 3 ? OK : null))
  const connections = keepConnections(url, 1)
  onTestFinished(() => connections.destroy())
  const one = () => send({ url, connections, timeoutMs: 2000 })
  for (let i = 0; i < 2; i++) expect((await one()).text).toBe('ok')
  expect(sockets).toHaveLength(1)
  expect((await one()).text).toBe('ok')
  expect(sockets).toHaveLength(2)
})

it('does not send again what broke on a connection of its own', async () => {
  const { url, sockets } = await serveRaw(() => null)
  const connections = keepConnections(url, 1)
  onTestFinished(() => connections.destroy())
  await expect(send({ url, connections, timeoutMs: 2000 })).rejects.toThrow('can not be reached: ECONNRESET')
  expect(sockets).toHaveLength(1)
})

it('sends bytes as they are, gives the headers of the answer, and ends when it is told to', async () => {
  const server = await serveContract(({ body }) => ({ status: 429, headers: { 'retry-after': '7' }, json: { body } }))
  const answer = await send({ url: server.url, method: 'POST', body: new TextEncoder().encode('ä'), timeoutMs: 2000 })
  expect([answer.status, answer.headers['retry-after'], jsonOf(answer)]).toEqual([429, '7', { body: 'ä' }])
  const slow = await serveContract(() => ({ fault: 'slow' }))
  const signal = AbortSignal.timeout(50)
  await expect(send({ url: slow.url, timeoutMs: 60_000, signal })).rejects.toThrow('did not answer in time')
})

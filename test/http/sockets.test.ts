import { connect, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { SETTINGS, startTestApi } from './api.ts'

/** As many as one address may have, and one more. */
const TRIED = 201

async function standing(trustedProxies: readonly string[]): Promise<number> {
  const test = await startTestApi({}, { settings: { ...SETTINGS, trustedProxies } })
  let ended = 0
  const opened = await Promise.all(
    Array.from({ length: TRIED }, () => {
      const { promise, resolve } = Promise.withResolvers<Socket>()
      const socket = connect(test.api.port, '127.0.0.1', () => resolve(socket))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        ended += 1
        resolve(socket)
      })
      return promise
    }),
  )
  // Connections are taken in their order, so the answer to one more call comes after all of them were.
  const answer = await test.call('/v1/me').catch(() => null)
  const left = TRIED - ended
  for (const socket of opened) socket.destroy()
  await test.close()
  return answer === null ? left : TRIED
}

it('one address can not take all connections', async () => {
  expect(await standing([])).toBeLessThan(TRIED)
})

it("a proxy of one's own may", async () => {
  expect(await standing(['127.0.0.0/8'])).toBe(TRIED)
})

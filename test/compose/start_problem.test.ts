import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { asStartProblem } from '../../src/compose/start_problem.ts'

it('says which port is taken, and leaves other errors as they are', async () => {
  const first = createServer().listen(0, '127.0.0.1')
  await once(first, 'listening')
  const { port } = first.address() as { port: number }
  const second = createServer().listen(port, '127.0.0.1')
  const [error] = await once(second, 'error')
  expect(asStartProblem(error)).toMatchObject({
    code: 'SP-CONFIG',
    detail: `127.0.0.1:${port} can't be listened on: something else listens there`,
  })
  first.close()
  const other = new Error('no')
  expect(asStartProblem(other)).toBe(other)
})

import type { Logger } from 'pino'
import { expect, it } from 'vitest'
import { inTurn } from '../../src/compose/in_turn.ts'

it('gives each step its turn, whatever the others do', async () => {
  const done: string[] = []
  const told: unknown[] = []
  const log = { error: (what: { step: string }) => told.push(what.step) } as unknown as Logger
  await inTurn(
    {
      first: () => done.push('first'),
      throws: () => {
        throw new Error('no')
      },
      rejects: () => Promise.reject(new Error('no')),
      hangs: () => new Promise(() => undefined),
      last: async () => done.push('last'),
    },
    20,
    log,
  )
  expect(done).toEqual(['first', 'last'])
  expect(told).toEqual(['throws', 'rejects', 'hangs'])
})

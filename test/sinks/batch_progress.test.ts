import { expect, it } from 'vitest'
import type { StdoutSinkSettings } from '../../src/session/sink_settings.ts'
import { deliverRest, sendInHalves } from '../../src/sinks/senders/batch_progress.ts'
import { items, NETWORK } from './services/sending.ts'

const settings = (): StdoutSinkSettings => ({ ...NETWORK, kind: 'stdout' })
const failing = async () => {
  throw new Error('later')
}

it('goes on after a failure with what is left, and tells all that was refused', async () => {
  const of = settings()
  const batch = items(5)
  const first = deliverRest(of, batch, async (progress) => {
    progress.take(batch.slice(0, 2))
    progress.refuse(batch[2]!, 'no')
    await failing()
  })
  await expect(first).rejects.toThrow('later')
  let left: readonly unknown[] = []
  const refused = await deliverRest(of, batch, async (progress) => {
    left = progress.left(batch)
  })
  expect([left, refused]).toEqual([batch.slice(3), [{ item: batch[2], why: 'no' }]])
  await deliverRest(of, batch, async (progress) => {
    left = progress.left(batch)
  })
  expect(left).toEqual(batch)
})

it('forgets what is of another batch', async () => {
  const of = settings()
  const refusing = deliverRest(of, items(1), async (progress) => {
    progress.refuse(items(1)[0]!, 'no')
    await failing()
  })
  await expect(refusing).rejects.toThrow('later')
  expect(await deliverRest(of, items(1, 7), async () => undefined)).toEqual([])
})

it('loses no refusal while another sender of the same sink is at work', async () => {
  const of = settings()
  const batch = items(2)
  const wait = Promise.withResolvers<void>()
  const long = deliverRest(of, batch, async (progress) => {
    progress.refuse(batch[0]!, 'no')
    await wait.promise
  })
  expect(await deliverRest(of, items(1, 9), async () => undefined)).toEqual([])
  wait.resolve()
  expect(await long).toEqual([{ item: batch[0], why: 'no' }])
})

it.each([
  [8, new Set([0])],
  [8, new Set([3, 4])],
  [5, new Set([0, 1, 2, 3, 4])],
  [1, new Set([0])],
  [9, new Set<number>()],
])('of %i items finds those that are at fault, and keeps the order of the others', async (count, bad) => {
  const batch = items(count)
  const taken: number[] = []
  const refused = await deliverRest(settings(), batch, (progress) =>
    sendInHalves(batch, progress, AbortSignal.timeout(5000), async (part) => {
      if (part.some(({ sequence }) => bad.has(sequence))) return { unwanted: 'no' }
      taken.push(...part.map(({ sequence }) => sequence))
      return null
    }),
  )
  expect(new Set(refused.map(({ item }) => item.sequence))).toEqual(bad)
  expect(taken).toEqual(batch.map(({ sequence }) => sequence).filter((one) => !bad.has(one)))
})

it('stops halving at the deadline', async () => {
  const halving = deliverRest(settings(), items(2), (progress) =>
    sendInHalves(items(2), progress, AbortSignal.abort(), async () => null),
  )
  await expect(halving).rejects.toThrow('did not take the whole batch in time')
})

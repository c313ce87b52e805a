import type { Logger } from 'pino'
import { asSallyportError, SallyportError } from '../errors.ts'

type Step = () => Promise<unknown> | unknown

/** One after the other: a step that fails or takes longer than `maxMs` is logged, and keeps no other from its turn. */
export async function inTurn(steps: Readonly<Record<string, Step>>, maxMs: number, log: Logger): Promise<void> {
  for (const [step, work] of Object.entries(steps)) {
    try {
      await within(Promise.resolve().then(work), maxMs)
    } catch (error) {
      const { code, detail } = asSallyportError(error)
      log.error({ step, code, detail }, 'a step of the shutdown failed; the others go on')
    }
  }
}

async function within(work: Promise<unknown>, maxMs: number): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new SallyportError('SP-DRAIN', `it took over ${maxMs} ms`)), maxMs)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

import { createContext, Script } from 'node:vm'
import { SallyportError } from '../errors.ts'

/** Far more than any honest policy takes, also on a machine that is busy. */
const MAX_MS = 500
const place = createContext({ work: null })
const script = new Script('work()')

/**
 * Runs what judges texts of people by patterns and conditions of policy. A pattern can take a time that doubles with each
 * character, and conditions within conditions count all with all: neither may hold up everybody else. Throws `SP-REQUEST`.
 */
export function bounded<T>(work: () => T): T {
  place.work = work
  try {
    return script.runInContext(place, { timeout: MAX_MS })
  } catch (error) {
    if (!isTimeout(error)) throw error
    const what =
      'the conditions and patterns of the policy take too long for this: those who write the policy can mend it'
    throw new SallyportError('SP-REQUEST', what, { cause: error })
  } finally {
    place.work = null
  }
}

/** It is an error of the other context: no instance of ours. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
}

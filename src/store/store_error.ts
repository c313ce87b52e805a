import { SallyportError } from '../errors.ts'

const UNEXPLAINED = "the store can't be reached, or refused"

/** What the database or the way to it said, as `SP-STORE`; its own words are the cause, for the log alone. */
export function asStoreError(error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  return new SallyportError('SP-STORE', UNEXPLAINED, { cause: error })
}

/** A call of the database; it rejects with `SP-STORE`. */
export async function asked<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    throw asStoreError(error)
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization, deadlock, lock timeout. */
const LOST_RACES = new Set(['40001', '40P01', '55P03'])

/** True where the same transaction may succeed when it is run again, and did nothing this time. */
export function lostRace(error: unknown): boolean {
  const cause = error instanceof SallyportError ? error.cause : error
  return cause instanceof Error && 'code' in cause && LOST_RACES.has(String(cause.code))
}

/** At the start, for who set it up: with the words of the database or of the system, which name no secret. */
export function whyNotOpened(error: unknown): SallyportError {
  if (error instanceof SallyportError && error.detail !== UNEXPLAINED) return error
  const cause = error instanceof SallyportError ? error.cause : error
  const words = cause instanceof Error ? cause.message : 'for no known reason'
  return new SallyportError('SP-STORE', `the store can't be opened: ${words}`, { cause })
}

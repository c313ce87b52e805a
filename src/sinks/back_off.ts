const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 60_000
/** What a sink asks for is believed up to here: it must not stop the shipping for days by one header. */
const LONGEST_ASKED_MS = 600_000
const MAX_DOUBLINGS = 20

/**
 * The pause before the next try, the first of which is 1: exponential with full jitter, so that many nodes do not come
 * back at once, and never less than the sink has asked for.
 */
export function backOffMs(attempt: number, afterMs: number | undefined, random: number): number {
  const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, MAX_DOUBLINGS))
  return Math.max(random * most, Math.min(afterMs ?? 0, LONGEST_ASKED_MS))
}

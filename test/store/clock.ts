/** A clock that a test sets by hand. */
export function clockAt(now: number) {
  const at = { now, monotonic: 500 }
  return { at, clock: { now: () => at.now, monotonic: () => at.monotonic } }
}

const MULTIPLIER = 1_664_525
const INCREMENT = 1_013_904_223

export type Random = (below: number) => number

/** A linear congruential generator (Numerical Recipes): its high bits are random enough to choose a rule by. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, MULTIPLIER) + INCREMENT) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

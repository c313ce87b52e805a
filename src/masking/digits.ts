const ZERO = 0x30

/** The number that `count` ASCII digits at `at` stand for, or -1 where anything else is there. */
export function digitsAt(value: Uint8Array, at: number, count: number): number {
  let number = 0
  for (let index = at; index < at + count; index += 1) {
    const digit = (value[index] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

/** Writes the last `count` digits of a number; what is before `at` and behind them stays. */
export function putDigits(target: Uint8Array, at: number, count: number, value: number): void {
  let rest = value
  for (let index = at + count - 1; index >= at; index -= 1) {
    target[index] = ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

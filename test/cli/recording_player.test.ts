import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { playPieces } from '../../src/cli/operator/recording_player.ts'

const PIECES = [
  { at: 0, statement: -1, text: 'facts ' },
  { at: 1_000, statement: 0, text: 'one? ' },
  { at: 2_000, statement: 0, text: 'one! ' },
  { at: 60_000, statement: 1, text: 'two? ' },
  { at: 61_000, statement: 1, text: 'two! ' },
  { at: 61_000, statement: -1, text: 'end' },
]

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function player(speed = 1) {
  let printed = ''
  let press: (name: string) => void = () => undefined
  let listening = true
  const keyboard = {
    listen: (pressed: (name: string) => void) => {
      press = pressed
      return () => {
        listening = false
      }
    },
  }
  const over = playPieces(PIECES, (text) => (printed += text), keyboard, { speed, idleLimitMs: 5_000 })
  return { over, press: (name: string) => press(name), printed: () => printed, listening: () => listening }
}

it('prints each piece at its time, and waits no longer than the limit', async () => {
  const { over, printed, listening } = player()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(printed()).toBe('facts one? one! ')
  await vi.advanceTimersByTimeAsync(5_000)
  expect(printed()).toBe('facts one? one! two? ')
  await vi.advanceTimersByTimeAsync(1_010)
  await over
  expect(printed()).toMatch(/end$/)
  expect(listening()).toBe(false)
})

it('goes faster by its speed', async () => {
  const { over } = player(10)
  await vi.advanceTimersByTimeAsync(810)
  await over
})

it('pauses, goes to the next statement and back, and ends when it is told', async () => {
  const { over, press, printed } = player()
  await vi.advanceTimersByTimeAsync(1_000)
  press('space')
  await vi.advanceTimersByTimeAsync(100_000)
  expect(printed()).toBe('facts one? ')
  press('right')
  expect(printed()).toBe('facts one? one! two? ')
  press('left')
  press('space')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(printed()).toBe('facts one? one! two? \none? ')
  press('q')
  await over
})

import { emitKeypressEvents } from 'node:readline'
import type { Playback } from '../../recording/playback.ts'
import { type Piece, piecesOf } from '../../recording/screen_text.ts'
import type { CliContext } from '../context.ts'

export interface PlaySpeed {
  readonly speed: number
  readonly idleLimitMs: number
}

export interface Keyboard {
  /** Told of each key by its name; gives the way to stop. */
  listen(pressed: (name: string) => void): () => void
}

/** Plays it in real time at a terminal; elsewhere it is printed at once, without colors. */
export async function playIn(context: CliContext, playback: Playback, speed: PlaySpeed): Promise<void> {
  if (!process.stdout.isTTY || !process.stdin.isTTY) {
    for (const { text } of piecesOf(playback, false)) context.out(text)
    return
  }
  await playPieces(piecesOf(playback, true), context.out, terminalKeys(), speed)
}

/**
 * Prints the pieces at their times. `space` pauses, `q` ends, `right` and `down` go to the end of this statement or to the
 * next one, `left` and `up` begin the one before again.
 */
export function playPieces(
  pieces: readonly Piece[],
  out: (text: string) => void,
  keyboard: Keyboard,
  { speed, idleLimitMs }: PlaySpeed,
): Promise<void> {
  return new Promise((resolve) => {
    let next = 0
    let paused = false
    let timer: NodeJS.Timeout | undefined
    const stop = keyboard.listen((name) => {
      if (name === 'q' || name === 'quit') return end()
      if (name === 'space') paused = !paused
      if (name === 'right' || name === 'down') printUntil(startOf(pieces, next, 1))
      if (name === 'left' || name === 'up') {
        next = startOf(pieces, next, -1)
        out('\n')
      }
      goOn()
    })
    const end = () => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const printUntil = (index: number) => {
      for (; next < index; next++) out(pieces[next]?.text ?? '')
    }
    const goOn = () => {
      clearTimeout(timer)
      const piece = pieces[next]
      if (piece === undefined) return end()
      if (paused) return
      const gap = piece.at - (pieces[next - 1]?.at ?? 0)
      timer = setTimeout(() => {
        printUntil(next + 1)
        goOn()
      }, Math.min(gap, idleLimitMs) / speed)
    }
    goOn()
  })
}

/** Where the statement after this one begins, or the one before it. */
function startOf(pieces: readonly Piece[], next: number, by: 1 | -1): number {
  const current = pieces[Math.max(0, next - 1)]?.statement ?? -1
  if (by === 1) {
    const after = pieces.findIndex(({ statement }, index) => index >= next && statement !== current)
    return after < 0 ? pieces.length : after + 1
  }
  const begin = pieces.findIndex(({ statement }) => statement === Math.max(0, current - 1))
  return Math.max(0, begin)
}

function terminalKeys(): Keyboard {
  return {
    listen: (pressed) => {
      const { stdin } = process
      emitKeypressEvents(stdin)
      stdin.setRawMode(true)
      stdin.resume()
      const listener = (_text: unknown, key: { readonly name?: string; readonly ctrl?: boolean }) => {
        pressed(key.ctrl && key.name === 'c' ? 'quit' : (key.name ?? ''))
      }
      stdin.on('keypress', listener)
      return () => {
        stdin.off('keypress', listener)
        stdin.setRawMode(false)
        stdin.pause()
      }
    },
  }
}

import { asSallyportError, type SallyportError } from '../errors.ts'

/** What piles up in memory and is written from time to time. */
export interface WrittenBehind {
  /** Writes what is not written; rejects with `SP-STORE`. */
  flush(): Promise<void>
  /** The last time. */
  close(): Promise<void>
}

/** Runs `writeAll` every so often, one run after the other; nothing waits for it. */
export function writtenBehind(
  writeAll: () => Promise<void>,
  everyMs: number,
  failed: (error: SallyportError) => void,
): WrittenBehind {
  let running: Promise<void> = Promise.resolve()
  const flush = () => {
    const next = running.then(writeAll)
    running = next.catch(() => {})
    return next
  }
  const timer = setInterval(() => void flush().catch((error: unknown) => failed(asSallyportError(error))), everyMs)
  timer.unref()
  return {
    flush,
    close: async () => {
      clearInterval(timer)
      await flush()
    },
  }
}

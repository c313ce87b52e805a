import type { LogFile } from './log_file.ts'

const BLOCK_BYTES = 65_536
const NEWLINE = 0x0a

export interface LastLine {
  /** Without its newline; null in an empty log. */
  readonly line: string | null
  /** Where the whole lines end: what follows was torn by a crash. */
  readonly end: number
}

/** Reads backwards from the end, a block at a time. */
export function lastLine(file: LogFile): LastLine {
  let start = file.size()
  let tail = new Uint8Array(0)
  for (;;) {
    const last = tail.lastIndexOf(NEWLINE)
    const before = last <= 0 ? -1 : tail.lastIndexOf(NEWLINE, last - 1)
    if (last !== -1 && (before !== -1 || start === 0)) {
      return { line: new TextDecoder().decode(tail.subarray(before + 1, last)), end: start + last + 1 }
    }
    if (start === 0) return { line: null, end: 0 }
    const from = Math.max(0, start - BLOCK_BYTES)
    tail = joined(readBlock(file, from, start - from), tail)
    start = from
  }
}

function readBlock(file: LogFile, from: number, length: number): Uint8Array {
  const block = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const read = file.read(block.subarray(done), from + done)
    if (read === 0) break
    done += read
  }
  return block.subarray(0, done)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}

import { write, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { codeOf } from '../auditlog/system_error.ts'

/** The standard output of the program, for its own lines and for those of a sink: whole lines, one after the other. */
export interface StandardOutput {
  /** For the program's own lines. */
  write(text: string): void
  /** Resolves when the text is out. Rejects where nobody can be told anything any more. */
  writeAll(text: string): Promise<void>
}

type Write = (bytes: Buffer) => Promise<number>

interface Waiting {
  readonly bytes: Buffer
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const STDOUT = 1
const AGAIN_MS = 20
/** Lines of the program that wait for a reader who does not read. What is beyond is given up. */
const MAX_OWN_BYTES = 8 * 1024 * 1024

const writeTo = promisify(write)

/**
 * As long as no sink writes, lines go out at once. From then on all go through a queue and the system's threads: a reader
 * who is slow at the many lines of a sink must not hold up the thread that carries data.
 */
export function createStandardOutput(
  put: Write = async (bytes) => (await writeTo(STDOUT, bytes)).bytesWritten,
  putNow: (bytes: Buffer) => number = (bytes) => writeSync(STDOUT, bytes),
): StandardOutput {
  const output = new QueuedOutput(put, putNow)
  process.once('exit', () => output.flush())
  return output
}

class QueuedOutput implements StandardOutput {
  readonly #put: Write
  readonly #putNow: (bytes: Buffer) => number
  #queue: Waiting[] = []
  #ownBytes = 0
  /** Somebody else than the program has written. */
  #shared = false
  #writing = false

  constructor(put: Write, putNow: (bytes: Buffer) => number) {
    this.#put = put
    this.#putNow = putNow
  }

  write(text: string): void {
    const bytes = Buffer.from(text)
    if (!this.#shared && this.#queue.length === 0) return this.#now(bytes)
    if (this.#ownBytes + bytes.length > MAX_OWN_BYTES) return
    this.#ownBytes += bytes.length
    const forget = () => {
      this.#ownBytes -= bytes.length
    }
    this.#add({ bytes, resolve: forget, reject: forget })
  }

  writeAll(text: string): Promise<void> {
    this.#shared = true
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#add({ bytes: Buffer.from(text), resolve, reject })
    return promise
  }

  /** At the end of the process: what still waits, as far as it goes without waiting. */
  flush(): void {
    for (const { bytes } of this.#queue.splice(0)) this.#now(bytes)
  }

  /** What can't be written at once is queued; where nobody reads any more it is lost, as all that follows. */
  #now(bytes: Buffer): void {
    let rest = bytes
    try {
      while (rest.length > 0) rest = rest.subarray(this.#putNow(rest))
    } catch (error) {
      if (codeOf(error) === 'EAGAIN') this.#add({ bytes: rest, resolve: () => undefined, reject: () => undefined })
    }
  }

  #add(waiting: Waiting): void {
    this.#queue.push(waiting)
    if (!this.#writing) void this.#drain()
  }

  async #drain(): Promise<void> {
    this.#writing = true
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      try {
        await this.#whole(next.bytes)
        next.resolve()
      } catch (error) {
        next.reject(error)
      }
      this.#queue.shift()
    }
    this.#writing = false
  }

  async #whole(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      try {
        rest = rest.subarray(await this.#put(rest))
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') throw error
        await pause(AGAIN_MS)
      }
    }
  }
}

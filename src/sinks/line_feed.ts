import { LogReader } from '../auditlog/log_reader.ts'
import { segmentsOf } from '../auditlog/segments.ts'
import { type ShippedLine, shippedLine } from './shipped_line.ts'

/**
 * Lines that one sink after the other gets, each read and parsed once while the sinks keep up with the log. With eight
 * times as much, the lines outlived the young generation, and moving them was a sixth of all that a statement cost.
 */
const WINDOW_BYTES = 1024 * 1024
/** Read from the log at once. */
const BLOCK_BYTES = 512 * 1024

/** Where one sink reads. */
export interface LineCursor {
  /**
   * Lines from a sequence number on, which are on disk; at least one where there is one. Throws `SP-AUDIT` where they
   * can't be read, or are no longer there.
   */
  from(sequence: number): readonly ShippedLine[]
  close(): void
}

/** The durable lines of the log, for sinks at different places in it. */
export class LineFeed {
  readonly #directory: string
  readonly #durable: () => number
  #window: ShippedLine[] = []
  #windowBytes = 0
  /** The sequence number after the last line of the window, where its reader stands. */
  #end: number
  #reader: LogReader | null = null

  /** `durable` is the sequence number after the last line that is on disk. */
  constructor(directory: string, durable: () => number) {
    this.#directory = directory
    this.#durable = durable
    this.#end = durable()
  }

  get durable(): number {
    return this.#durable()
  }

  /** The first line that retention has left. */
  get first(): number {
    return segmentsOf(this.#directory)[0]?.first ?? 0
  }

  cursor(): LineCursor {
    const behind = new OwnReading(this.#directory)
    return {
      from: (sequence) => {
        const durable = this.#durable()
        if (sequence >= durable) return []
        const shared = this.#shared(sequence)
        if (shared === null) return behind.from(sequence, durable)
        behind.close()
        return shared
      },
      close: () => behind.close(),
    }
  }

  close(): void {
    this.#reader?.close()
    this.#reader = null
  }

  /** Null where the window doesn't reach. */
  #shared(sequence: number): readonly ShippedLine[] | null {
    if (sequence === this.#end) this.#extend()
    const first = this.#end - this.#window.length
    if (sequence < first || sequence >= this.#end) return null
    return this.#window.slice(sequence - first)
  }

  #extend(): void {
    try {
      this.#reader ??= new LogReader(this.#directory, this.#end)
      const lines = linesOf(this.#reader, this.#durable())
      for (const line of lines) this.#windowBytes += line.bytes
      this.#window.push(...lines)
      this.#end += lines.length
    } catch (error) {
      this.close()
      throw error
    }
    let gone = 0
    while (this.#windowBytes > WINDOW_BYTES && gone < this.#window.length - 1) {
      this.#windowBytes -= this.#window[gone]?.bytes ?? 0
      gone++
    }
    if (gone > 0) this.#window.splice(0, gone)
  }
}

function linesOf(reader: LogReader, before: number): ShippedLine[] {
  return reader.read(BLOCK_BYTES, before).map(({ sequence, bytes }) => shippedLine(sequence, bytes))
}

/** The reading of a sink that is behind the window. */
class OwnReading {
  readonly #directory: string
  #reader: LogReader | null = null
  /** The last lines that were read; they reach up to where the reader stands. */
  #lines: readonly ShippedLine[] = []

  constructor(directory: string) {
    this.#directory = directory
  }

  from(sequence: number, durable: number): readonly ShippedLine[] {
    const kept = this.#lines.findIndex((line) => line.sequence === sequence)
    if (kept !== -1) return this.#lines.slice(kept)
    try {
      // A reader that begins within a segment reads all before it.
      if (this.#reader?.next !== sequence) {
        this.close()
        this.#reader = new LogReader(this.#directory, sequence)
      }
      this.#lines = linesOf(this.#reader, durable)
      return this.#lines
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    this.#reader?.close()
    this.#reader = null
    this.#lines = []
  }
}

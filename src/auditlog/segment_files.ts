import { SallyportError } from '../errors.ts'
import { HeldBytes } from './held_bytes.ts'
import type { Disk, LogFile } from './log_file.ts'
import { type SegmentStart, startText } from './segment_start.ts'
import { plainPath, startPath } from './segments.ts'

interface OpenSegment {
  readonly first: number
  readonly path: string
  readonly file: LogFile
  /** Where its whole lines end. */
  end: number
  /** As far it was on disk at the last sync. */
  synced: number
  /** What a reader of it needs, until that is on disk. */
  start: SegmentStart | null
}

/** The segments that are written to: the open one, and those before it whose end is not on disk yet. */
export class SegmentFiles {
  readonly #directory: string
  readonly #disk: Disk
  #segments: OpenSegment[]
  /** What was written since the last sync that succeeded. */
  readonly #held = new HeldBytes()
  #torn = false

  constructor(
    directory: string,
    disk: Disk,
    opened: { readonly first: number; readonly file: LogFile; readonly end: number },
  ) {
    const { first, file, end } = opened
    this.#directory = directory
    this.#disk = disk
    this.#segments = [{ first, file, path: plainPath(directory, first), end, synced: end, start: null }]
  }

  /** The first line of the open segment, and how many bytes it has. */
  get open(): { readonly first: number; readonly end: number } {
    return this.#current
  }

  get #current(): OpenSegment {
    return this.#segments.at(-1) as OpenSegment
  }

  /** All or nothing: what a failed write left behind is cut off, and while that fails nothing else is written. */
  write(bytes: Uint8Array): void {
    const current = this.#current
    if (this.#torn) this.#cut()
    this.#torn = true
    try {
      for (let done = 0; done < bytes.length; ) {
        const count = current.file.write(bytes.subarray(done))
        if (count === 0) throw new SallyportError('SP-AUDIT', 'the audit log takes no more bytes')
        done += count
      }
    } catch (error) {
      this.#cut()
      throw error
    }
    this.#torn = false
    current.end += bytes.length
    this.#held.add(bytes)
  }

  /** True where a failed write left something that could not be cut off yet. */
  get torn(): boolean {
    return this.#torn
  }

  /** Begins another segment. Throws as the system does; the one before stays open then. */
  begin(start: SegmentStart): void {
    const path = plainPath(this.#directory, start.first)
    const file = this.#disk.open(path)
    this.#segments.push({ first: start.first, path, file, end: 0, synced: 0, start })
  }

  /** Resolves when all that was written before it was called is on disk, with the names of its files. */
  async sync(): Promise<void> {
    const segments = [...this.#segments]
    const ends = segments.map(({ end }) => end)
    const held = this.#held.length
    for (const segment of segments) await this.#syncOne(segment)
    this.#held.drop(held)
    for (const [index, segment] of segments.entries()) segment.synced = ends[index] as number
    for (const segment of segments.slice(0, -1)) segment.file.close()
    this.#segments = this.#segments.slice(segments.length - 1)
  }

  async #syncOne(segment: OpenSegment): Promise<void> {
    await segment.file.sync()
    if (segment.start === null) return
    await this.#disk.replace(startPath(this.#directory, segment.first), startText(segment.start))
    await this.#disk.syncDirectory(this.#directory)
    segment.start = null
  }

  /**
   * After a failed sync: what may be lost is written again, into a segment that begins with the first line that is not
   * known to be on disk. Nothing else may be written meanwhile. The pages of the old file can't be trusted any more, even
   * if another sync of it should succeed (fsync(2): errors are reported once).
   */
  async writeAgain(start: SegmentStart): Promise<void> {
    const path = plainPath(this.#directory, start.first)
    const beside = `${path}.new`
    this.#disk.remove(beside)
    const file = this.#disk.open(beside)
    try {
      const { bytes } = this.#held
      for (let done = 0; done < bytes.length; ) done += file.write(bytes.subarray(done))
      await file.sync()
      await this.#disk.replace(startPath(this.#directory, start.first), startText(start))
      await this.#cutBack(start.first)
      this.#disk.rename(beside, path)
      await this.#disk.syncDirectory(this.#directory)
    } catch (error) {
      file.close()
      throw error
    }
    for (const segment of this.#segments) segment.file.close()
    const end = this.#held.length
    this.#held.drop(end)
    this.#torn = false
    this.#segments = [{ first: start.first, path, file, end, synced: end, start: null }]
  }

  /** The old files end where they were last known to be on disk. */
  async #cutBack(first: number): Promise<void> {
    for (const segment of this.#segments) {
      if (segment.first > first) this.#disk.remove(segment.path)
      if (segment.first >= first) continue
      if (segment.file.size() > segment.synced) segment.file.truncate(segment.synced)
      await segment.file.sync()
    }
  }

  /** Why the open segment is not what was written to it, or null. */
  problem(): string | null {
    const { file, path, end } = this.#current
    if (!file.isAt(path)) return 'its segment was removed or replaced'
    const size = file.size()
    return size === end || this.#torn ? null : `its segment has ${size} bytes where ${end} were written`
  }

  close(): void {
    for (const { file } of this.#segments) file.close()
  }

  #cut(): void {
    this.#current.file.truncate(this.#current.end)
    this.#torn = false
  }
}

import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** How often what was written is synced while a session goes on, milliseconds. */
const SYNC_EVERY_MS = 1_000
const OWNER_ONLY = 0o600

/** What the writing needs of a file; `node:fs/promises` opens one. */
export interface AppendFile {
  write(bytes: Uint8Array): Promise<{ readonly bytesWritten: number }>
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  close(): Promise<void>
}

export type OpenFile = (path: string) => Promise<AppendFile>

/** Refuses a path where something stands already. */
export async function openNew(path: string): Promise<AppendFile> {
  const file: FileHandle = await open(path, 'ax', OWNER_ONLY)
  return {
    write: (bytes) => file.write(bytes),
    truncate: (length) => file.truncate(length),
    datasync: () => file.datasync(),
    close: () => file.close(),
  }
}

/** Appends whole pieces: one that could not be written whole is taken back. One piece at a time. */
export class RecordingFile {
  readonly #file: AppendFile
  readonly #monotonic: () => number
  readonly #hash = createHash('sha256')
  #bytes = 0
  #syncedAt: number

  constructor(file: AppendFile, monotonic: () => number) {
    this.#file = file
    this.#monotonic = monotonic
    this.#syncedAt = monotonic()
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Of what stands in the file, hex. */
  get sha256(): string {
    return this.#hash.copy().digest('hex')
  }

  async append(piece: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await this.#file.write(piece.subarray(at))
        if (bytesWritten === 0) throw new Error('the file takes nothing more')
        at += bytesWritten
      }
    } catch (error) {
      await this.#file.truncate(this.#bytes).catch(() => undefined)
      throw error
    }
    this.#bytes += piece.length
    this.#hash.update(piece)
    if (this.#monotonic() - this.#syncedAt >= SYNC_EVERY_MS) await this.sync()
  }

  async sync(): Promise<void> {
    this.#syncedAt = this.#monotonic()
    await this.#file.datasync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

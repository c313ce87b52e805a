import { closeSync, constants, fdatasync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'

/** The file under an audit log; tests put one in its place that fails. */
export interface LogFile {
  size(): number
  /** May write less than it was given. Throws as the system does. */
  write(bytes: Uint8Array): number
  read(bytes: Uint8Array, position: number): number
  truncate(length: number): void
  /** Resolves when what was written is on disk. */
  sync(): Promise<void>
  close(): void
}

const OWNER_ONLY = 0o600
const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
const sync = promisify(fdatasync)

export function openLogFile(path: string): LogFile {
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, OWNER_ONLY)
  return {
    size: () => fstatSync(fd).size,
    // Into the page cache: some ten microseconds, where the thread pool costs more than that in hops alone.
    write: (bytes) => writeSync(fd, bytes),
    read: (bytes, position) => readSync(fd, bytes, 0, bytes.length, position),
    truncate: (length) => ftruncateSync(fd, length),
    sync: () => sync(fd),
    close: () => closeSync(fd),
  }
}

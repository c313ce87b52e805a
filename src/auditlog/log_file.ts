import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { isMissing } from './system_error.ts'

/** A file that is appended to; tests put one in its place that fails. */
export interface LogFile {
  size(): number
  /** May write less than it was given. Throws as the system does. */
  write(bytes: Uint8Array): number
  read(bytes: Uint8Array, position: number): number
  truncate(length: number): void
  /** Resolves when what was written is on disk. */
  sync(): Promise<void>
  /** True while the path still names this file. */
  isAt(path: string): boolean
  close(): void
}

/** All that a log of record asks of the file system. */
export interface Disk {
  /** Opens or makes a file of its owner alone, to append to. */
  open(path: string): LogFile
  /** Null where there is none. */
  readText(path: string): string | null
  /** Whole and on disk, or not there: written beside, synced, then renamed. */
  replace(path: string, text: string): Promise<void>
  rename(from: string, to: string): void
  remove(path: string): void
  /** Resolves when names that were made in the directory are on disk. */
  syncDirectory(path: string): Promise<void>
  makeDirectory(path: string): void
}

const OWNER_ONLY = 0o600
const OWNER_ONLY_DIRECTORY = 0o700
const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_DIRECTORY, O_TRUNC, O_WRONLY } = constants
const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)

export const disk: Disk = {
  open: openLogFile,
  readText: (path) => {
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  },
  replace: async (path, text) => {
    const beside = `${path}.new`
    const fd = openSync(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, OWNER_ONLY)
    try {
      writeSync(fd, text)
      await syncAll(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
  },
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  syncDirectory: async (path) => {
    const fd = openSync(path, O_RDONLY | O_DIRECTORY)
    try {
      await syncAll(fd)
    } finally {
      closeSync(fd)
    }
  },
  makeDirectory: (path) => {
    mkdirSync(path, { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  },
}

function openLogFile(path: string): LogFile {
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, OWNER_ONLY)
  const { ino, dev } = fstatSync(fd)
  return {
    size: () => fstatSync(fd).size,
    // Into the page cache: some ten microseconds, where the thread pool costs more than that in hops alone.
    write: (bytes) => writeSync(fd, bytes),
    read: (bytes, position) => readSync(fd, bytes, 0, bytes.length, position),
    truncate: (length) => ftruncateSync(fd, length),
    sync: () => syncData(fd),
    isAt: (name) => {
      const found = statSync(name, { throwIfNoEntry: false })
      return found !== undefined && found.ino === ino && found.dev === dev
    },
    close: () => closeSync(fd),
  }
}

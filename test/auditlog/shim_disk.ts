import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Disk, disk, type LogFile } from '../../src/auditlog/log_file.ts'

/** What a test has fail: throw, or for `write` say how many bytes are taken. */
export interface Faults {
  write?: (bytes: Uint8Array, path: string) => number
  truncate?: () => void
  sync?: (path: string) => Promise<void>
  replace?: () => void
  open?: (path: string) => void
}

/**
 * The system's disk with faults, which knows what was synced: `losePower` takes the rest away, as a machine does whose
 * power fails. `keep` says how much of what was not synced stays all the same: a disk may have written some of it.
 */
export function shimDisk(faults: Faults = {}) {
  const synced = new Map<string, number>()
  const named = new Set<string>()
  const counts = { writes: 0, syncs: 0 }
  /** What open files are called now. */
  const holders: { path: string }[] = []
  const shim: Disk = {
    ...disk,
    open: (path) => {
      faults.open?.(path)
      if (existsSync(path)) named.add(path)
      const file = disk.open(path)
      if (!synced.has(path)) synced.set(path, named.has(path) ? file.size() : 0)
      const holder = { path }
      holders.push(holder)
      return wrapped(file, holder)
    },
    replace: async (path, text) => {
      faults.replace?.()
      await disk.replace(path, text)
      synced.set(path, Buffer.byteLength(text))
    },
    rename: (from, to) => {
      disk.rename(from, to)
      synced.set(to, synced.get(from) ?? 0)
      synced.delete(from)
      for (const one of holders) if (one.path === from) one.path = to
    },
    remove: (path) => {
      disk.remove(path)
      synced.delete(path)
      named.delete(path)
    },
    syncDirectory: async (path) => {
      await disk.syncDirectory(path)
      for (const file of synced.keys()) if (dirname(file) === path && existsSync(file)) named.add(file)
    },
  }
  function wrapped(file: LogFile, at: { readonly path: string }): LogFile {
    return {
      ...file,
      write: (bytes) => {
        counts.writes += 1
        return file.write(bytes.subarray(0, faults.write?.(bytes, at.path) ?? bytes.length))
      },
      truncate: (length) => {
        faults.truncate?.()
        file.truncate(length)
        synced.set(at.path, Math.min(synced.get(at.path) ?? 0, length))
      },
      sync: async () => {
        counts.syncs += 1
        const size = file.size()
        await faults.sync?.(at.path)
        await file.sync()
        synced.set(at.path, size)
      },
    }
  }
  return {
    disk: shim,
    counts,
    losePower: (keep: (unsynced: number) => number) => {
      for (const [path, length] of synced) {
        if (!existsSync(path)) continue
        const bytes = readFileSync(path)
        if (!named.has(path)) {
          disk.remove(path)
          continue
        }
        const kept = keptOf(bytes.length, length, keep)
        if (kept < bytes.length) truncateSync(path, kept)
      }
    },
    /** The same for a copy, while the log goes on: as the disk would be found if power failed now. */
    copyAsAfterLoss: (from: string, to: string, keep: (unsynced: number) => number) => {
      mkdirSync(to, { recursive: true })
      for (const name of readdirSync(from)) {
        const path = join(from, name)
        const length = synced.get(path)
        if (name === 'lock' || name.startsWith('lock-') || (length !== undefined && !named.has(path))) continue
        const bytes = readFileSync(path)
        const kept = length === undefined ? bytes.length : keptOf(bytes.length, length, keep)
        writeFileSync(join(to, name), bytes.subarray(0, kept))
      }
    },
  }
}

function keptOf(size: number, synced: number, keep: (unsynced: number) => number): number {
  return Math.min(size, synced + keep(Math.max(0, size - synced)))
}

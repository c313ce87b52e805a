import { join } from 'node:path'
import { SallyportError } from '../errors.ts'
import { holdLock, LOCK_FILE } from './audit_log.ts'
import type { Disk } from './log_file.ts'
import { readIdentity } from './log_identity.ts'
import { notesOf } from './notes.ts'
import { segmentsOf, startsOf } from './segments.ts'

/** What a new log says in its first record of the one that it takes the place of. */
export interface LogBefore {
  readonly writer: string | null
  /** Where it is now. */
  readonly path: string
  /** How many lines its last checkpoint has. */
  readonly size: number
  /** That checkpoint, a signed note; null where there is none. */
  readonly checkpoint: string | null
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

const FILE = 'after.json'

/**
 * Moves a log aside, whole, and leaves in its place a directory with `after.json`: the next log begins there. Throws
 * `SP-AUDIT` where a process has the log.
 */
export async function setLogAside(
  directory: string,
  { reason, time }: { readonly reason: string; readonly time: number },
  disk: Disk,
): Promise<LogBefore> {
  if (segmentsOf(directory).length + startsOf(directory).length === 0) {
    throw new SallyportError('SP-AUDIT', `${directory}: there is no audit log`)
  }
  const path = `${directory}.broken-${new Date(time).toISOString().replaceAll(':', '-')}`
  const lock = holdLock(join(directory, LOCK_FILE))
  try {
    const checkpoint = lastNote(directory, disk)
    const size = Number(checkpoint?.split('\n')[1] ?? 0)
    const before = { writer: writerOf(directory, disk), path, size, checkpoint, reason, time }
    disk.rename(directory, path)
    // Nobody needs the lock of what nobody writes any more.
    for (const name of [LOCK_FILE, `${LOCK_FILE}-journal`]) disk.remove(join(path, name))
    disk.makeDirectory(directory)
    await disk.replace(join(directory, FILE), `${JSON.stringify(before, null, 2)}\n`)
    await disk.syncDirectory(directory)
    return before
  } finally {
    lock.close()
  }
}

/** For the first record of a log; null where none was set aside. */
export function logBefore(directory: string, disk: Pick<Disk, 'readText'>): LogBefore | null {
  const text = disk.readText(join(directory, FILE))
  return text === null ? null : (JSON.parse(text) as LogBefore)
}

function lastNote(directory: string, disk: Disk): string | null {
  const firsts = [...segmentsOf(directory).map(({ first }) => first), ...startsOf(directory)].sort((a, b) => b - a)
  for (const first of firsts) {
    const note = notesOf(directory, first, disk).at(-1)
    if (note !== undefined) return note
  }
  return null
}

/** A broken log may have lost this too. */
function writerOf(directory: string, disk: Disk): string | null {
  try {
    return readIdentity(directory, disk)?.writer ?? null
  } catch (error) {
    if (error instanceof SallyportError) return null
    throw error
  }
}

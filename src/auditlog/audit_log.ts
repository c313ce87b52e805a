import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { NoteKey } from '../audit/note.ts'
import type { Product } from '../audit/ocsf_record.ts'
import { SallyportError } from '../errors.ts'
import type { AuditLog } from '../session/ports.ts'
import { type Disk, disk as realDisk } from './log_file.ts'
import { type LogIdentity, readIdentity, writeIdentity } from './log_identity.ts'
import { type OpenedLog, openLog } from './open_log.ts'
import { SegmentedLog } from './segmented_log.ts'
import { codeOf } from './system_error.ts'

export interface AuditLogOptions {
  readonly directory: string
  /** group: resolves when written, on disk within 10 ms. sync: resolves when on disk. */
  readonly durability: 'group' | 'sync'
  /** Names the writing process in the chain. */
  readonly writerId: string
  readonly origin: string
  /** Signs checkpoints. */
  readonly key: NoteKey
  readonly product: Product
  /** The public key, in base64, that statements are sealed to where a target asks for it. */
  readonly sealTo: string | null
  readonly segment: { readonly maxBytes: number; readonly maxAgeMs: number }
  readonly clock: { now(): number; monotonic(): number }
  readonly newId: () => string
  /** Told of what no caller hears of: a checkpoint that could not be written. */
  readonly failed: (error: unknown) => void
  /** Default: the system's. */
  readonly disk?: Disk
  /** How often a log that can't be written is tried again, and the open segment is looked at. Default: 1 s. */
  readonly lookEveryMs?: number
}

/** The log of record of a process. */
export interface LogOfRecord extends AuditLog {
  /** Shared with other threads: [0] the number of the next line, [1] of the next that is not on disk yet. */
  readonly progress: BigInt64Array
  readonly identity: LogIdentity
  /** What a crash had left behind the last whole line, when the log was opened. */
  readonly cut: OpenedLog['cut']
  /** Called when the log can't be written any more, and when it can again. */
  onHealth(listener: (healthy: boolean, why: string) => void): void
  /** Called when a segment was closed. */
  onRotation(listener: () => void): void
  /** Takes over what was configured anew: not the directory, the key, nor the origin. */
  configure(settings: Pick<AuditLogOptions, 'durability' | 'segment' | 'sealTo'>): void
}

export const LOCK_FILE = 'lock'

/**
 * The log of record: OCSF lines, chained, in segments that are appended to. Throws `SP-AUDIT` where the directory can't
 * be used, belongs to another writer, or holds a log that is not as it was signed.
 */
export async function openAuditLog(options: AuditLogOptions): Promise<LogOfRecord> {
  const disk = options.disk ?? realDisk
  const { directory } = options
  try {
    disk.makeDirectory(directory)
    const lock = holdLock(join(directory, LOCK_FILE))
    try {
      const identity = readIdentity(directory, disk) ?? (await newIdentity(options, disk))
      checkIdentity(identity, options)
      const opened = openLog(directory, identity, disk)
      await opened.file.sync()
      await disk.syncDirectory(directory)
      return new SegmentedLog(options, disk, identity, opened, lock)
    } catch (error) {
      lock.close()
      throw error
    }
  } catch (error) {
    if (error instanceof SallyportError) throw error
    throw new SallyportError('SP-AUDIT', `the audit log can't be opened: ${codeOf(error)}`, { cause: error })
  }
}

/** One of the operating system, on a file that SQLite holds: a killed process leaves none behind. Throws `SP-AUDIT`. */
export function holdLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    throw new SallyportError('SP-AUDIT', 'the audit log is held by another process', { cause })
  }
}

async function newIdentity({ directory, writerId, origin, key, clock }: AuditLogOptions, disk: Disk) {
  const identity: LogIdentity = {
    version: 1,
    writer: writerId,
    origin,
    created: clock.now(),
    vkeys: [{ vkey: key.vkey, from: 0 }],
  }
  await writeIdentity(directory, identity, disk)
  return identity
}

function checkIdentity({ writer, origin, vkeys }: LogIdentity, options: AuditLogOptions): void {
  if (writer !== options.writerId) {
    throw new SallyportError('SP-AUDIT', `the audit log belongs to ${writer}; give each node a directory of its own`)
  }
  if (origin !== options.origin) {
    throw new SallyportError('SP-AUDIT', `the audit log was begun as ${origin}; its origin can't be changed`)
  }
  if (vkeys.at(-1)?.vkey !== options.key.vkey) {
    throw new SallyportError('SP-AUDIT', 'the audit log is signed with another key; see sallyport audit key rotate')
  }
}

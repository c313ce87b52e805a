import { join } from 'node:path'
import { chainLine, leafHash } from '../audit/chain.ts'
import { checkpointText } from '../audit/checkpoint.ts'
import { type NoteKey, SIGNED, signNote } from '../audit/note.ts'
import type { Product } from '../audit/ocsf_record.ts'
import { recordsOf } from '../audit/project.ts'
import { SallyportError } from '../errors.ts'
import { holdLock, LOCK_FILE } from './audit_log.ts'
import type { Disk, LogFile } from './log_file.ts'
import { type LogIdentity, readIdentity, writeIdentity } from './log_identity.ts'
import { openLog } from './open_log.ts'
import { notesPath } from './segments.ts'

export interface KeyRotation {
  readonly directory: string
  /** The private key that signs now, and the one that does from now on. */
  readonly before: NoteKey
  readonly after: NoteKey
  readonly product: Product
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/**
 * Another key for a log that nobody writes: a record names it, a checkpoint over that record is signed by both keys, and
 * `log.json` tells from which size of the tree on the new one signs. Throws `SP-AUDIT`; then the old key goes on.
 */
export async function rotateKey(rotation: KeyRotation, disk: Disk): Promise<{ readonly from: number }> {
  const { directory, before, after } = rotation
  const identity = readIdentity(directory, disk)
  if (identity === null) throw new SallyportError('SP-AUDIT', `${directory}: there is no audit log`)
  checkKeys(identity, before, after)
  const lock = holdLock(join(directory, LOCK_FILE))
  try {
    const { first, file, end, chain, range } = openLog(directory, identity, disk)
    try {
      const [record] = recordsOf(eventOf(rotation), rotation.product)
      if (record === undefined) throw new SallyportError('SP-AUDIT', 'the change of the key has no record')
      const { line } = chainLine(chain, record)
      await append(file, `${line}\n`, end)
      range.append(Buffer.from(leafHash(line), 'hex'))
    } finally {
      file.close()
    }
    const { origin, vkeys } = identity
    const { size } = range
    const note = signNote(checkpointText({ origin, size, root: range.root() }), [before, after])
    await appendNote(notesPath(directory, first), note, disk)
    await writeIdentity(directory, { ...identity, vkeys: [...vkeys, { vkey: after.vkey, from: size }] }, disk)
    return { from: size }
  } finally {
    lock.close()
  }
}

function checkKeys({ vkeys }: LogIdentity, before: NoteKey, after: NoteKey): void {
  const wrong = (detail: string) => new SallyportError('SP-AUDIT', detail)
  if (before.private === null || after.private === null) throw wrong('both private keys are needed')
  if (vkeys.at(-1)?.vkey !== before.vkey) throw wrong(`the log is not signed by ${before.name}+${before.id} now`)
  if (vkeys.some(({ vkey }) => vkey === after.vkey)) throw wrong('a key that signed before is not taken again')
  if (after.type !== SIGNED) throw wrong('the key of a watcher signs no log')
}

function eventOf({ before, after, id, time }: KeyRotation): Parameters<typeof recordsOf>[0] {
  return { kind: 'log', what: 'key_rotated', id, time, detail: { vkey: after.vkey, previous: before.vkey } }
}

async function append(file: LogFile, text: string, end: number): Promise<void> {
  const bytes = Buffer.from(text)
  try {
    for (let done = 0; done < bytes.length; ) done += file.write(bytes.subarray(done))
  } catch (cause) {
    file.truncate(end)
    throw new SallyportError('SP-AUDIT', "the audit log can't be written", { cause })
  }
  await file.sync()
}

async function appendNote(path: string, note: string, disk: Disk): Promise<void> {
  const file = disk.open(path)
  try {
    const size = file.size()
    await append(file, size === 0 ? note : `\n${note}`, size)
  } finally {
    file.close()
  }
}

import { unlink } from 'node:fs/promises'
import { recordingIds, type StoredRecording, sha256Of, storedRecording } from './recording_files.ts'

export interface RecordingRetention {
  readonly directory: string
  readonly retentionMs: number
  /** Ids of recordings or grants, emails or subjects of people: nothing of theirs is deleted. */
  readonly hold: readonly string[]
  /** Times of legal holds of the audit log: what was recorded in them stays. */
  readonly heldTimes: readonly { readonly from: number; readonly to: number | null }[]
}

export interface DeletedRecording {
  readonly stored: StoredRecording
  readonly sha256: string
}

/**
 * Deletes what is older than its retention and under no hold. `record` resolves when it is on record that the file goes:
 * a file whose deletion can't be recorded stays. One whose head can't be read stays too: nobody knows whose it is.
 */
export async function deleteExpired(
  { directory, retentionMs, hold, heldTimes }: RecordingRetention,
  open: ReadonlySet<string>,
  now: number,
  record: (deleted: DeletedRecording) => Promise<void>,
): Promise<number> {
  let count = 0
  for (const id of await recordingIds(directory)) {
    if (open.has(id)) continue
    const stored = await storedRecording(directory, id)
    if (stored === null || stored.writtenAt + retentionMs > now) continue
    if (isHeld(stored, hold, heldTimes)) continue
    await record({ stored, sha256: await sha256Of(stored.path) })
    await unlink(stored.path)
    count++
  }
  return count
}

function isHeld(
  { id, head, writtenAt }: StoredRecording,
  hold: readonly string[],
  heldTimes: RecordingRetention['heldTimes'],
): boolean {
  if (head === null) return true
  const { person, grantId, started } = head
  const names = [id, grantId, person.subject, ...(person.email === null ? [] : [person.email])]
  if (hold.some((name) => names.includes(name))) return true
  return heldTimes.some(({ from, to }) => writtenAt >= from && (to === null || started <= to))
}

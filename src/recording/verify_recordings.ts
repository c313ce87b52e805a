import type { LoggedRecording } from './logged_recordings.ts'
import { recordingIds, sha256Of, storedRecording } from './recording_files.ts'

/**
 * `good`: as the log says. `open`: it has no end in the log, since its session goes on or its process was killed. `torn`:
 * it could not be written to its end, which the log says too. The others are wrong: what the log knows is `changed` or
 * `missing`, or what is there is `unknown` to the log. `deleted` by retention.
 */
export type RecordingState = 'good' | 'open' | 'torn' | 'deleted' | 'changed' | 'missing' | 'unknown'

export interface RecordingFinding {
  readonly id: string
  readonly state: RecordingState
  readonly why: string
}

export const WRONG: ReadonlySet<RecordingState> = new Set<RecordingState>(['changed', 'missing', 'unknown'])

/** Compares the files with what the log has of them, the newest first. */
export async function verifyRecordings(
  directory: string,
  logged: ReadonlyMap<string, LoggedRecording>,
): Promise<readonly RecordingFinding[]> {
  const stored = await recordingIds(directory)
  const ids = [...new Set([...stored, ...logged.keys()])].sort().reverse()
  const findings: RecordingFinding[] = []
  for (const id of ids) findings.push({ id, ...(await judged(directory, id, logged.get(id))) })
  return findings
}

async function judged(
  directory: string,
  id: string,
  logged: LoggedRecording | undefined,
): Promise<Omit<RecordingFinding, 'id'>> {
  const file = await storedRecording(directory, id)
  if (logged === undefined) return { state: 'unknown', why: 'the audit log has no start of it' }
  if (file === null) {
    return logged.deleted
      ? { state: 'deleted', why: 'its retention was over' }
      : { state: 'missing', why: 'the audit log has its start, and the file is not there' }
  }
  const { closed } = logged
  if (closed === null) return { state: 'open', why: 'the audit log has no end of it' }
  const sha256 = await sha256Of(file.path)
  if (sha256 !== closed.sha256) {
    return { state: 'changed', why: `SHA-256 is ${sha256}, and was ${closed.sha256} at its end` }
  }
  return closed.why === null
    ? { state: 'good', why: `${closed.bytes} bytes` }
    : { state: 'torn', why: `it could not be written to its end: ${closed.why}` }
}

import type { Logger } from 'pino'
import { accessEvent } from '../audit/access_event.ts'
import { fromBase64 } from '../bytes/base64.ts'
import type { Config } from '../config/config.ts'
import { asSallyportError } from '../errors.ts'
import type { RecordingQuery, RecordingShelf } from '../http/ports.ts'
import { readRecording, recordingIds, type StoredRecording, storedRecording } from '../recording/recording_files.ts'
import { type RecordingSettings, Recordings } from '../recording/recordings.ts'
import { type DeletedRecording, deleteExpired } from '../recording/retention.ts'
import type { AuditLog, Clock, Ids } from '../session/ports.ts'

/** How often recordings are looked through for what is kept no longer. */
const SWEEP_EVERY_MS = 3_600_000
const MAX_LOOKED_AT = 5_000

export interface RecordingsPart {
  readonly recordings: Recordings
  readonly shelf: RecordingShelf
  /** Deletes what is kept no longer, now. */
  sweep(): Promise<void>
  close(): Promise<void>
}

interface Deps {
  readonly live: { readonly config: Config }
  readonly audit: AuditLog
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Logger
}

export function composeRecordings({ live, audit, clock, ids, log }: Deps): RecordingsPart {
  const node = () => live.config.node
  const recordings = new Recordings({
    settings: () => settingsOf(live.config),
    node: node().name,
    now: clock.now,
    monotonic: clock.monotonic,
  })
  const deleted = async ({ stored: { id, head, bytes }, sha256 }: DeletedRecording) => {
    const detail = { bytes, sha256, started: head?.started, person: head?.person }
    const more = { target: head?.target ?? null, role: head?.role ?? null, grantId: head?.grantId ?? null, detail }
    const stamp = { id: ids.uuid(), time: clock.now() }
    await audit.append([accessEvent('recording.deleted', { type: 'recording', id }, stamp, more)])
  }
  const sweep = async () => {
    const { directory, retentionMs, hold } = node().recordings
    const heldTimes = node().audit.retention.holds
    await deleteExpired({ directory, retentionMs, hold, heldTimes }, recordings.open, clock.now(), deleted).catch(
      (error: unknown) => log.warn({ detail: asSallyportError(error).detail }, 'old recordings could not be deleted'),
    )
  }
  let sweeping = Promise.resolve()
  const timer = setInterval(() => {
    sweeping = sweep()
  }, SWEEP_EVERY_MS)
  timer.unref()
  return {
    recordings,
    shelf: {
      list: (query) => listed(node().recordings.directory, recordings.open, query),
      read: (id) => readRecording(node().recordings.directory, id),
    },
    sweep,
    close: async () => {
      clearInterval(timer)
      await sweeping
      await recordings.settled()
    },
  }
}

/** Looks through so many files at most for one page: the next page goes on from there. */
async function listed(directory: string, open: ReadonlySet<string>, query: RecordingQuery) {
  const { limit, after, target, person } = query
  const ids = (await recordingIds(directory)).filter((id) => after === undefined || id < after)
  const items: Listed[] = []
  for (const [index, id] of ids.entries()) {
    const head = (await storedRecording(directory, id)) ?? null
    const item = head && listedOf(head, open.has(id))
    const fits =
      item && (target === undefined || item.target === target) && (person === undefined || isOf(item, person))
    if (fits) items.push(item)
    const isLast = index === ids.length - 1
    if (items.length === limit || index === MAX_LOOKED_AT) return { items, next: isLast ? null : id }
  }
  return { items, next: null }
}

type Listed = Awaited<ReturnType<RecordingShelf['list']>>['items'][number]

function listedOf({ id, head, bytes, writtenAt }: StoredRecording, open: boolean): Listed | null {
  if (head === null) return null
  const { node, person, target, database, role, grantId, incident, started, sealedTo } = head
  return {
    ...{ id, node, person, target, database, role, grantId, incident, sealedTo, open, bytes },
    startedAt: started,
    writtenAt: Math.floor(writtenAt),
  }
}

function isOf({ person: { email, subject } }: Listed, person: string): boolean {
  return email === person || subject === person
}

function settingsOf({ node: { recordings, audit } }: Config): RecordingSettings {
  const { directory, maxBytesPerStatement, maxBytesPerSession } = recordings
  const sealTo = audit.sealTo === null ? null : fromBase64(audit.sealTo)
  return { directory, maxBytesPerStatement, maxBytesPerSession, sealTo }
}

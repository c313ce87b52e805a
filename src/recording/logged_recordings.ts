import { LogReader } from '../auditlog/log_reader.ts'

const READ_BYTES = 4 * 1024 * 1024
/** A line that is about something else is passed over without being read as JSON. */
const MARK = Buffer.from('"event_code":"recording.')

/** What the audit log says of one recording. */
export interface LoggedRecording {
  readonly id: string
  started: boolean
  /** What the file must be since its end; null while it has none. */
  closed: { readonly sha256: string; readonly bytes: number; readonly why: string | null } | null
  deleted: boolean
}

interface Line {
  readonly metadata?: { readonly event_code?: string }
  readonly entity?: { readonly uid?: string }
  readonly unmapped?: {
    readonly jit?: { readonly detail?: { readonly sha256?: string; readonly bytes?: number; readonly why?: string } }
  }
}

/** Reads all of the log: for commands. Throws `SP-AUDIT` where it can't be read. */
export function loggedRecordings(directory: string): ReadonlyMap<string, LoggedRecording> {
  const found = new Map<string, LoggedRecording>()
  const reader = new LogReader(directory)
  try {
    for (let lines = reader.read(READ_BYTES); lines.length > 0; lines = reader.read(READ_BYTES)) {
      for (const { bytes } of lines) if (bytes.includes(MARK)) take(found, JSON.parse(bytes.toString()) as Line)
    }
  } finally {
    reader.close()
  }
  return found
}

function take(found: Map<string, LoggedRecording>, { metadata, entity, unmapped }: Line): void {
  const id = entity?.uid
  if (id === undefined) return
  const known = found.get(id) ?? { id, started: false, closed: null, deleted: false }
  found.set(id, known)
  const { sha256, bytes, why } = unmapped?.jit?.detail ?? {}
  switch (metadata?.event_code) {
    case 'recording.started':
      known.started = true
      return
    case 'recording.closed':
    case 'recording.failed':
      if (sha256 !== undefined && bytes !== undefined) known.closed = { sha256, bytes, why: why ?? null }
      return
    case 'recording.deleted':
      known.deleted = true
  }
}

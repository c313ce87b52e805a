import type { TransactionStatus } from '../../wire/postgres/session-facts.ts'
import type { Definitions } from '../definitions.ts'
import type { Gate, Subject } from '../gate.ts'
import type { Output } from '../output.ts'
import type { Names } from '../verdict.ts'
import type { ProcessIds } from './notification.ts'
import type { Pipeline, Run } from './pipeline.ts'
import type { Registry } from './registry.ts'
import type { SearchPath } from './search_path.ts'

/** What the two halves of a PostgreSQL session share. */
export interface SessionState {
  readonly gate: Gate
  readonly subject: Subject
  readonly output: Output
  readonly pipeline: Pipeline
  readonly registry: Registry
  readonly path: SearchPath
  readonly processIds: ProcessIds
  /** The names in force for the next statement. */
  names: Names
  status: TransactionStatus
  /** After an error in the extended protocol, until the client's Sync. */
  skipping: boolean
  /** Extended messages were sent since the last ReadyForQuery: an implicit transaction may be open. */
  batchOpen: boolean
  /** An error came since the last ReadyForQuery: an implicit transaction was rolled back. */
  batchFailed: boolean
  /** The client got an error that the server did not send: nothing more reaches it until ReadyForQuery. */
  muted: boolean
  /** The search_path as the server last reported it (from PostgreSQL 18 on), null where it did not. */
  reportedPath: string | null
  /** Why texts can't be read now: only an unrestricted session gets there. */
  unread: string | null
  /** The server takes COPY data for this run; null again once the client has ended it. */
  copyIn: Run | null
  /** The role is unrestricted: results pass as they are. */
  readonly unrestricted: boolean
  /** A statement of this transaction may quote clear values in errors that no run owns: at Bind, COMMIT or Sync. */
  guarded: boolean
  /** What was done to definitions since others were last told: nothing, something, or nobody knows. */
  definitions: Definitions
}

export function namesOf({ path, unread }: Pick<SessionState, 'path' | 'unread'>): Names {
  const searchPath = path.current
  const names = { searchPath, defaultDatabase: null, sqlMode: null }
  const key = searchPath ? JSON.stringify(searchPath) : ''
  return unread === null ? { ...names, key } : { ...names, unread, key: `${key}\0${unread}` }
}

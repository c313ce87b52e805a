import type { AuditEvent } from '../audit/event.ts'
import type { SallyportError } from '../errors.ts'
import type { Permit } from '../policy/permit.ts'

/**
 * What a protocol machine asks of the world. The runner performs a list strictly in order, and a `record` that can't be
 * made durable ends the list and the statement: no audit, no query.
 */
export type Effect =
  | { readonly kind: 'record'; readonly event: AuditEvent }
  /** Recorded in order, but nothing waits for it: a completion's statement is already held by its decision. */
  | { readonly kind: 'note'; readonly event: AuditEvent }
  /** Bytes that carry SQL: only with the permit that allowed them. */
  | { readonly kind: 'sql'; readonly permit: Permit; readonly bytes: Uint8Array }
  /** Protocol messages without SQL: Sync, Flush, Bind, COM_PING. */
  | { readonly kind: 'server'; readonly bytes: Uint8Array }
  | { readonly kind: 'client'; readonly bytes: Uint8Array }
  /** PostgreSQL, in a recorded session: the body of a RowDescription that the client is not sent here, of rows that come. */
  | { readonly kind: 'described'; readonly body: Uint8Array }
  /** Nothing more is taken from the database for so many milliseconds: a limit of rows or bytes per second. */
  | { readonly kind: 'pace'; readonly ms: number }
  /** Another session's statement, or this one's, is to be cancelled on the server. */
  | { readonly kind: 'cancel'; readonly sessionId: string; readonly statementOnly: boolean }
  /** The catalog no longer agrees with what the server says, or may not where that is not `certain`. */
  | { readonly kind: 'catalog_stale'; readonly reason: string; readonly certain: boolean }
  /**
   * MySQL's COM_CHANGE_USER: the session is over, and its client logs in anew on the same connection. `command` is the
   * payload, `sequence` its packet's number.
   */
  | { readonly kind: 'login_again'; readonly command: Uint8Array; readonly sequence: number }
  /** The session is over: what stands before is still sent. `error` null is a normal end. */
  | { readonly kind: 'end'; readonly cause: string; readonly error: SallyportError | null }

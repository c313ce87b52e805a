/** What the clear first lines of a recording say: whose session it was, and what its bytes mean. */
export interface RecordingHead {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly started: number
  readonly protocol: 'postgres' | 'mysql'
  /** MySQL: what client and server agreed to; 0 in PostgreSQL. */
  readonly capabilities: number
  readonly extended: number
  readonly person: { readonly issuer: string; readonly subject: string; readonly email: string | null }
  readonly target: string
  readonly database: string | null
  readonly role: string
  readonly grantId: string
  readonly reason: string | null
  readonly ticket: string | null
  readonly incident: string | null
  readonly clientAddress: string
  readonly application: string | null
  /** The fingerprint of the key that it is sealed to. */
  readonly sealedTo: string
  readonly node: string
}

/** Of one statement, from its decision. */
export interface StatementEntry {
  readonly kind: 'statement'
  readonly at: number
  readonly id: string
  readonly statementKind: string
  readonly allowed: boolean
  readonly code: string | null
  readonly reason: string
  /** As it was sent; null where it is in the entry before, of the same message. */
  readonly text: string | null
  readonly normalized: string
  /** The values that were bound to it, readable; null where there are none. */
  readonly parameters: readonly (string | null)[] | null
  /** `schema.table.column`, as the person saw them. */
  readonly masked: readonly string[]
  readonly clear: readonly string[]
}

/** Messages as the client got them, whole: `bytes` of them. */
export interface BytesEntry {
  readonly kind: 'bytes'
  readonly at: number
  readonly bytes: Uint8Array
}

/** What the limit left out between the bytes before it and those after it. */
export interface LeftOutEntry {
  readonly kind: 'left_out'
  readonly at: number
  readonly rows: number
  readonly bytes: number
}

/** MySQL: which answer is due next, as `ResponseTo` of `wire/mysql/response.ts`. */
export interface AnswerEntry {
  readonly kind: 'answer'
  readonly at: number
  readonly to: string
}

export interface DoneEntry {
  readonly kind: 'done'
  readonly at: number
  readonly id: string
  readonly outcome: string
  readonly status: string | null
  readonly rows: number
  readonly rowsWithheld: number
  readonly durationMs: number
}

/** An alert or a cancel, in words. */
export interface NoteEntry {
  readonly kind: 'note'
  readonly at: number
  readonly text: string
}

export interface EndEntry {
  readonly kind: 'end'
  readonly at: number
  readonly cause: string
}

export type Entry = StatementEntry | BytesEntry | LeftOutEntry | AnswerEntry | DoneEntry | NoteEntry | EndEntry

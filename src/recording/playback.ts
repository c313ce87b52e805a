import type { RecordingHead } from './entries.ts'
import type { Wholeness } from './open_recording.ts'

/** A recording as people look at it. Times are milliseconds since its start. */
export interface Playback {
  readonly head: RecordingHead
  readonly statements: readonly PlayedStatement[]
  readonly end: { readonly at: number; readonly cause: string } | null
  readonly wholeness: Wholeness
  readonly sha256: string
}

export interface PlayedStatement {
  readonly at: number
  /** Null: what came before any statement. */
  readonly id: string | null
  readonly text: string
  readonly statementKind: string
  readonly allowed: boolean
  readonly code: string | null
  readonly reason: string
  readonly parameters: readonly (string | null)[] | null
  readonly masked: readonly string[]
  readonly clear: readonly string[]
  readonly shown: Shown[]
  outcome: Outcome | null
}

export interface Outcome {
  readonly at: number
  readonly outcome: string
  readonly status: string | null
  readonly rows: number
  readonly rowsWithheld: number
  readonly durationMs: number
}

/** What the client got, in order. */
export type Shown = ShownTable | ShownMessage

export interface ShownTable {
  readonly kind: 'table'
  readonly at: number
  readonly columns: readonly ShownColumn[]
  readonly rows: (readonly (string | null)[])[]
  leftOut: { readonly rows: number; readonly bytes: number } | null
}

export interface ShownColumn {
  readonly name: string
  /** Numbers stand at the right. */
  readonly number: boolean
}

export interface ShownMessage {
  readonly kind: 'message'
  readonly at: number
  readonly level: 'done' | 'notice' | 'error'
  readonly text: string
}

/** Takes what a decoder finds in the messages, in order. */
export interface Screen {
  table(columns: readonly ShownColumn[]): void
  row(cells: readonly (string | null)[]): void
  message(level: ShownMessage['level'], text: string): void
  /** A message came that ends an answer. */
  answered(): void
}

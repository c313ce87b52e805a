import type { Period } from './report_ports.ts'

/** What reports ask of the log of record. It may be large: nobody reads it on a thread that carries data. */
export interface AuditReader {
  /** Reads the whole period. Rejects with `SP-AUDIT` where the file can't be read. */
  period(period: Period): Promise<AuditPeriod>
  /** Rejects with `SP-AUDIT`. */
  search(search: HistorySearch): Promise<FoundHistory>
}

/** What the log has of a period, and which lines prove it. */
export interface AuditPeriod {
  /** The name of its directory. */
  readonly file: string
  /** Null: no record of the period. */
  readonly range: AuditRange | null
  /** By class and code of the event, in their order. */
  readonly counts: readonly { readonly className: string; readonly code: string; readonly count: number }[]
  /** From the revocation of a grant to the end of each session under it. */
  readonly revocationMs: readonly number[]
}

/** From the first record of the period to the last one, with what stands between them. */
export interface AuditRange {
  readonly writer: string
  readonly first: AuditLine
  readonly last: AuditLine
  readonly lines: number
  readonly bytes: number
  /** Of the bytes of these lines with their newlines, hex. */
  readonly sha256: string
  /** Null: each line follows the one before. Else which one does not, and why. */
  readonly broken: string | null
}

export interface AuditLine {
  readonly sequence: number
  readonly time: number
  /** RFC 6962 leaf hash, hex: what the next line names. */
  readonly leafSha256: string
}

export interface HistorySearch {
  readonly issuer: string
  readonly subject: string
  readonly from: number | null
  readonly to: number | null
  readonly target: string | null
  readonly contains: string | null
  /** The line from which on everything was given already; null for the end. */
  readonly before: number | null
  readonly limit: number
}

export interface HistoryEntry {
  readonly id: string
  readonly time: number
  readonly kind: string
  readonly target: string | null
  readonly role: string | null
  readonly grantId: string | null
  readonly sessionId: string | null
  readonly outcome: string | null
  readonly code: string | null
  readonly statement: string | null
  readonly rows: number | null
}

export interface FoundHistory {
  readonly items: readonly HistoryEntry[]
  /** Where to go on; null at the begin of the file, or of the time that was asked for. */
  readonly before: number | null
}

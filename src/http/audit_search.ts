import type { Answer, Input } from './contract/operations.ts'
import type { Plain } from './ports.ts'

type AuditFilters = Omit<Input<'searchAuditEvents'>['query'], 'limit' | 'cursor'>
type AuditQuestion = Input<'askAuditQuestion'>['params'] & Input<'askAuditQuestion'>['query']

/** The search of the audit log of this node. Rejects with `SP-SEARCH` where it failed, took too long or had too little memory. */
export interface AuditSearchPort {
  events(
    filters: AuditFilters,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<Omit<Plain<Answer<'searchAuditEvents'>>, 'nextCursor'> & { readonly next: string | null }>
  /** Rejects with `SP-INPUT` where more matches than one file holds. */
  export(
    filters: AuditFilters,
    format: 'csv' | 'json' | 'parquet',
  ): Promise<{ readonly bytes: Uint8Array; readonly unreadable: number }>
  /** A record as it stands in the log, or null. */
  record(sequence: number): Promise<string | null>
  ask(question: AuditQuestion): Promise<Plain<Answer<'askAuditQuestion'>>>
}

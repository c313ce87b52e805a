import type { Identity } from '../identity/identity.ts'
import type { AuditReader, HistoryEntry } from './audit_reader.ts'

export interface HistoryQuery {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly target?: string | undefined
  readonly contains?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

export interface OwnHistory {
  /** The person's own records in the log of this node, the newest first. Rejects with `SP-AUDIT`. */
  search(
    person: Pick<Identity, 'issuer' | 'subject'>,
    query: HistoryQuery,
  ): Promise<{ readonly items: readonly HistoryEntry[]; readonly next: string | null }>
}

export function createHistory(audit: Pick<AuditReader, 'search'>): OwnHistory {
  return {
    search: async ({ issuer, subject }, { from, to, target, contains, after, limit }) => {
      const bounds = { from: from ?? null, to: to ?? null, target: target ?? null, contains: contains ?? null }
      const { items, before } = await audit.search({ issuer, subject, ...bounds, before: placeOf(after), limit })
      return { items, next: before === null ? null : String(before) }
    },
  }
}

/** Whatever somebody makes up as a place: the search finds whole lines from there, and only the person's own. */
function placeOf(after: string | undefined): number | null {
  if (after === undefined) return null
  const place = Number(after)
  return Number.isSafeInteger(place) && place >= 0 ? place : 0
}

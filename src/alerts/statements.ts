import { LRUCache } from 'lru-cache'
import type { AuditEvent } from '../audit/event.ts'
import { minutes } from './logins.ts'
import type { Raiser } from './raiser.ts'
import { whoOf } from './who.ts'

type Decision = Extract<AuditEvent, { kind: 'decision' }>
type Completion = Extract<AuditEvent, { kind: 'completion' }>
type BulkRead = Extract<AuditEvent, { kind: 'bulk_read' }>

/** Statements that read in clear and run: the oldest beyond count no rows. */
const MAX_RUNNING = 4096

/** What of the policy the rules ask. */
export interface AlertWorld {
  isUnrestricted(role: string): boolean
  /** Whether the statement reads a column in clear that is masked for others. */
  readsMasked(decision: Decision): boolean
}

/** A denied statement counts until one is allowed that reads or writes: COMMIT and SHOW don't break a row. */
export function denied(event: Decision, raiser: Raiser): void {
  const { id, session, code, reason } = event
  const { key, label, about } = whoOf(session)
  raiser.hit('denied_statements', {
    key,
    label,
    evidence: id,
    about,
    say: (count, { windowMs }) =>
      `${count} statements of ${label} on ${session.target} denied in a row within ${minutes(windowMs)}, the last ${code}: ${reason}`,
  })
}

export function allowed({ session, objects }: Decision, raiser: Raiser): void {
  if (objects.length > 0 && raiser.counts('denied_statements')) raiser.forget('denied_statements', whoOf(session).key)
}

export function isExport({ verbs, code }: Decision): boolean {
  return code === 'SP-EXPORT' || verbs.includes('export')
}

export function exportTried({ id, session, effect, objects }: Decision, raiser: Raiser): void {
  const { key, label, about } = whoOf(session)
  const what = objects.map(({ schema, name }) => (schema === '' ? name : `${schema}.${name}`)).join(', ')
  raiser.hit('export_attempt', {
    key: `${key}\0${session.target}\0${effect}`,
    label: `${label}/${session.target}/${effect}`,
    evidence: id,
    about,
    say: () =>
      `${label} ${effect === 'allow' ? 'exports' : 'was denied an export'} on ${session.target}: ${what || 'objects not known'}`,
  })
}

export function bulkRead({ id, session, table, rows, threshold, windowMs }: BulkRead, raiser: Raiser): void {
  const { key, label, about } = whoOf(session)
  const name = table.schema === '' ? table.name : `${table.schema}.${table.name}`
  raiser.hit('bulk_read', {
    key: `${key}\0${session.target}\0${name}`,
    label: `${label}/${session.target}/${name}`,
    evidence: id,
    about,
    say: () =>
      `${label} has read ${rows} rows of ${name} on ${session.target} within ${minutes(windowMs)}; the role's bound is ${threshold}`,
  })
}

/** Rows of statements that read masked columns in clear: known when the statement is decided, counted when it is done. */
export class ClearReads {
  readonly #raiser: Raiser
  readonly #running = new LRUCache<string, true>({ max: MAX_RUNNING })

  constructor(raiser: Raiser) {
    this.#raiser = raiser
  }

  began(statementId: string): void {
    this.#running.set(statementId, true)
  }

  ended({ id, statementId, session, rows }: Completion): void {
    if (this.#running.size === 0 || !this.#running.delete(statementId) || rows === 0) return
    const { key, label, about } = whoOf(session)
    const say = (count: number, { windowMs }: { readonly windowMs: number }) =>
      `${label} has read ${count} rows with masked columns in clear on ${session.target} within ${minutes(windowMs)}`
    this.#raiser.add('clear_reads', { key, label, evidence: id, about, say }, rows)
  }
}

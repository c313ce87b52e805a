import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { chainLine, newChain } from '../../src/audit/chain.ts'
import type { AuditEvent, SessionFacts } from '../../src/audit/event.ts'
import { recordsOf } from '../../src/audit/project.ts'
import { plainPath } from '../../src/auditlog/segments.ts'
import type { ColumnAccess } from '../../src/policy/decision.ts'
import { PRODUCT, SESSION } from '../audit/events.ts'

/** Logs in their true form, fast: what the projection makes of events, chained, in segments. */

interface Shape {
  readonly kind: string
  readonly verbs: readonly string[]
  readonly text: string
  readonly objects: readonly { readonly schema: string; readonly name: string; readonly access: 'read' | 'target' }[]
  readonly columns: readonly ColumnAccess[]
}

const TARGETS = ['orders', 'billing', 'people', 'stock']
const TABLES = ['users', 'orders', 'invoices', 'payments', 'items']
const COLUMNS = ['id', 'email', 'ssn', 'created_at', 'amount', 'status']
const PERSONS = ['alice', 'bob', 'carol']
const SESSIONS = 60
const FLUSH_BYTES = 4_194_304
const DIGESTS = { config: 'c'.repeat(64), role: 'r'.repeat(64), masking: 'm'.repeat(64), catalog: 'k'.repeat(64) }

const SHAPES: readonly Shape[] = TABLES.flatMap((table) =>
  [3, 4, 6].flatMap((count) => [
    statementShape(table, count, 'clear'),
    statementShape(table, count, 'masked'),
    {
      ...statementShape(table, 1, 'clear'),
      kind: 'delete',
      verbs: ['delete'],
      text: `DELETE FROM app.${table} WHERE id = $1`,
    },
  ]),
)

function statementShape(table: string, count: number, ssn: 'clear' | 'masked'): Shape {
  const names = COLUMNS.slice(0, count)
  const columns = names.map(
    (column) => ({ schema: 'app', table, column, seen: column === 'ssn' ? ssn : 'clear' }) as const,
  )
  const text = `SELECT ${names.join(', ')} FROM app.${table} WHERE created_at > $1 AND status = $2 ORDER BY id LIMIT $3`
  return { kind: 'select', verbs: ['read'], text, objects: [{ schema: 'app', name: table, access: 'read' }], columns }
}

export interface LogPlan {
  readonly directory: string
  readonly records: number
  readonly from: number
  readonly to: number
  readonly segmentBytes: number
  /** The sequence number to begin with. */
  readonly first?: number
}

/** Decisions and completions by turns; gives the sequence number after the last. */
export function generateLog({ directory, records, from, to, segmentBytes, first = 0 }: LogPlan): number {
  mkdirSync(directory, { recursive: true })
  const sessions = sessionsOf()
  let chain = { ...newChain('node-1'), next: first }
  let file = openSync(plainPath(directory, first), 'w', 0o600)
  let inFile = 0
  let pending: string[] = []
  let pendingBytes = 0
  const flush = () => {
    writeSync(file, pending.join(''))
    inFile += pendingBytes
    pending = []
    pendingBytes = 0
  }
  for (let index = 0; index < records; index++) {
    if (inFile + pendingBytes >= segmentBytes) {
      flush()
      closeSync(file)
      file = openSync(plainPath(directory, chain.next), 'w', 0o600)
      inFile = 0
    }
    const time = Math.floor(from + ((to - from) * index) / records)
    for (const record of recordsOf(eventAt(first + index, time, sessions), PRODUCT)) {
      const made = chainLine(chain, record)
      chain = made.state
      pending.push(made.line, '\n')
      pendingBytes += made.line.length + 1
    }
    if (pendingBytes >= FLUSH_BYTES) flush()
  }
  flush()
  closeSync(file)
  return chain.next
}

function sessionsOf(): readonly SessionFacts[] {
  return Array.from({ length: SESSIONS }, (_, index) => {
    const name = PERSONS[index % PERSONS.length] ?? 'alice'
    const identity = { ...SESSION.identity!, subject: `u-${name}`, email: `${name}@example.test`, name }
    const target = TARGETS[index % TARGETS.length] ?? 'orders'
    return {
      ...SESSION,
      sessionId: uuidAt(0, index),
      identity,
      target,
      grantId: `grant-${index % 20}`,
      clientAddress: `10.0.0.${index}`,
    }
  })
}

function eventAt(index: number, time: number, sessions: readonly SessionFacts[]): AuditEvent {
  const statement = index - (index % 2)
  const random = (statement * 2654435761) % 4_294_967_296
  const session = sessions[random % SESSIONS]!
  const shape = SHAPES[(random >>> 8) % SHAPES.length]!
  const id = uuidAt(time, index)
  if (index % 2 === 1) {
    const rows = random % 1000 === 0 ? 50_000 : random % 100
    const numbers = { rows, bytes: rows * 120, rowsWithheld: 0, durationMs: (random % 500) / 10 }
    return {
      kind: 'completion',
      id,
      time,
      session,
      statementId: idOf(statement),
      statementKind: shape.kind,
      outcome: 'ok',
      status: null,
      ...numbers,
    }
  }
  const denied = random % 50 === 0
  const { kind: statementKind, verbs, objects, columns, text } = shape
  return {
    ...{ kind: 'decision', id, time, session, statementId: idOf(statement), statementKind, verbs, objects, columns },
    ...{ effect: denied ? 'deny' : 'allow', rule: denied ? 'masked' : 'scope', code: denied ? 'SP-MASKED' : null },
    reason: denied ? 'a masked column is compared' : 'in scope',
    statement: { normalized: text, sha256: idOf(random).repeat(2).slice(0, 64), bytes: text.length, full: null },
    digests: DIGESTS,
  }
}

function idOf(number: number): string {
  return uuidAt(number, number)
}

/** UUIDv7 in form, and the same for the same numbers. */
function uuidAt(time: number, number: number): string {
  const begin = time.toString(16).padStart(12, '0')
  const mixed = ((number * 2654435761) % 4_294_967_296).toString(16).padStart(8, '0')
  const end = number.toString(16).padStart(11, '0')
  return `${begin.slice(0, 8)}-${begin.slice(8, 12)}-7${mixed.slice(0, 3)}-8${mixed.slice(3, 6)}-${end.slice(-10)}${mixed.slice(6)}`
}

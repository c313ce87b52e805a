import type { AuditEvent } from '../audit/event.ts'
import { SallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import type { Deny } from '../policy/decision.ts'
import { familyOf } from '../policy/family.ts'
import { firstOf } from '../policy/grant.ts'
import type { Limits } from '../policy/role.ts'
import type { Catalog, Relation } from '../sql/catalog.ts'
import type { StatementFacts, StatementKind } from '../sql/facts.ts'
import type { Subject } from './gate.ts'
import type { Allowance, Ids, Quota } from './ports.ts'
import type { Verdict } from './verdict.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MINUTE_MS = 60_000

/** A limit that a result draws on, with all the other results that count together. */
interface Draw {
  readonly allowance: Allowance
  /** `rows per person and hour`. */
  readonly what: string
}

interface TableDraw extends Draw {
  readonly table: Relation
}

/** What one result draws on; made once, when its first rows come. */
export interface Draws {
  readonly rows: readonly Draw[]
  readonly bytes: readonly Draw[]
  readonly tables: readonly TableDraw[]
  readonly alertAt: number
  readonly rate: { readonly key: string; readonly rows: number; readonly bytes: number } | null
}

/** So much was granted; `over` says what stood against more. */
export interface Granted {
  readonly amount: number
  readonly over: SallyportError | null
}

/** What ends a transaction, or (MySQL) a statement. */
const ENDING: ReadonlySet<StatementKind> = new Set(['commit', 'rollback', 'rollback_to', 'kill'])

const NOTHING: Draws = { rows: [], bytes: [], tables: [], alertAt: 0, rate: null }

/** Counts what results give against the limits that hold over all sessions: by person, grant and table. */
export class Meter {
  readonly #quota: Quota
  readonly #ids: Ids
  readonly #known = new WeakMap<Subject, { readonly limits: Limits; readonly draws: Draws }>()

  /** Sessions in which a statement runs, by the first grant of an access: of roles that limit their number. */
  readonly #running = new Map<string, Set<string>>()

  constructor(quota: Quota, ids: Ids) {
    this.#quota = quota
    this.#ids = ids
  }

  /** Counts the session among those that run a statement, or says why none may start. What ends one, or a transaction, may. */
  enter({ grant, session }: Subject, { role, facts }: Verdict): Deny | null {
    const { maxStatements } = role.limits
    if (maxStatements === 0 || facts.statements.every(({ kind }) => ENDING.has(kind))) return null
    const access = firstOf(grant)
    const running = this.#running.get(access) ?? new Set()
    if (running.size >= maxStatements && !running.has(session.sessionId)) {
      const reason = `${running.size} statements run under this grant already`
      return { effect: 'deny', rule: 'limits', code: 'SP-LIMIT-STATEMENTS', reason, statement: 0 }
    }
    this.#running.set(access, running.add(session.sessionId))
    return null
  }

  /** Nothing runs in the session any more. */
  leave({ grant, session }: Subject): void {
    const access = firstOf(grant)
    const running = this.#running.get(access)
    if (running?.delete(session.sessionId) && running.size === 0) this.#running.delete(access)
  }

  draws(subject: Subject, { role: { limits }, catalog }: Verdict, facts: StatementFacts): Draws {
    let known = this.#known.get(subject)
    if (known?.limits !== limits) {
      known = { limits, draws: ofSession(subject, limits) }
      this.#known.set(subject, known)
    }
    if (limits.bulkReadRows === 0 && limits.maxRowsPerTableAndHour === 0) return known.draws
    const tables = tablesOf(facts, catalog).map((table) => ofTable(subject, limits, table))
    return { ...known.draws, rows: [...known.draws.rows, ...tables], tables }
  }

  /** Takes as much of `wanted` as every one of them has room for. */
  take(draws: readonly Draw[], wanted: number): Granted {
    let amount = wanted
    let over: SallyportError | null = null
    for (const [index, draw] of draws.entries()) {
      const granted = this.#quota.reserve(draw.allowance, amount)
      if (granted === amount) continue
      for (const earlier of draws.slice(0, index)) this.#quota.giveBack(earlier.allowance, amount - granted)
      amount = granted
      over = this.#reached(draw)
    }
    return { amount, over }
  }

  giveBack(draws: readonly Draw[], amount: number): void {
    for (const { allowance } of draws) this.#quota.giveBack(allowance, amount)
  }

  /** The tables of which `rows` rows more, just taken, are the ones that make it a bulk read. */
  alerts(draws: Draws, subject: Subject, statementId: string, rows: number, now: number): AuditEvent[] {
    const { alertAt, tables } = draws
    if (alertAt === 0 || rows === 0) return []
    return tables.flatMap(({ allowance, table: { schema, name } }): AuditEvent[] => {
      const { used } = this.#quota.usage(allowance)
      if (used < alertAt || used - rows >= alertAt) return []
      const base = { id: this.#ids.uuid(), time: now, session: subject.session, statementId }
      const table = { schema, name }
      return [{ kind: 'bulk_read', ...base, table, rows: used, threshold: alertAt, windowMs: HOUR_MS }]
    })
  }

  /** How many milliseconds the database has to wait after these. */
  pace({ rate }: Draws, rows: number, bytes: number): number {
    if (!rate) return 0
    const forRows = rate.rows > 0 ? this.#quota.pace(`rows\0${rate.key}`, rate.rows, rows) : 0
    const forBytes = rate.bytes > 0 ? this.#quota.pace(`bytes\0${rate.key}`, rate.bytes, bytes) : 0
    return Math.max(forRows, forBytes)
  }

  #reached({ allowance, what }: Draw): SallyportError {
    const { used, freesInMs } = this.#quota.usage(allowance)
    const minutes = Math.max(1, Math.ceil(freesInMs / MINUTE_MS))
    const detail = `the limit of ${allowance.max} ${what} is reached: ${used} are used, and some are free again in ${minutes} min`
    const crowded = 'the proxy counts for too many people at once'
    return new SallyportError('SP-LIMIT-QUOTA', used === 0 && allowance.max > 0 ? crowded : detail)
  }
}

function ofSession(subject: Subject, limits: Limits): Draws {
  const person = personKey(subject.identity)
  // Renewing or extending it begins no new day.
  const grant = firstOf(subject.grant)
  const draw = (key: string, max: number, windowMs: number, what: string): Draw[] =>
    max === 0 ? [] : [{ allowance: { key, max, windowMs }, what }]
  const rows = [
    ...draw(`rows\0hour\0${person}`, limits.maxRowsPerHour, HOUR_MS, 'rows per person and hour'),
    ...draw(`rows\0day\0${grant}`, limits.maxRowsPerDay, DAY_MS, 'rows per grant and day'),
  ]
  const bytes = [
    ...draw(`bytes\0hour\0${person}`, limits.maxBytesPerHour, HOUR_MS, 'bytes per person and hour'),
    ...draw(`bytes\0day\0${grant}`, limits.maxBytesPerDay, DAY_MS, 'bytes per grant and day'),
  ]
  const { rowsPerSecond, bytesPerSecond } = limits
  const rate = rowsPerSecond + bytesPerSecond > 0 ? { key: person, rows: rowsPerSecond, bytes: bytesPerSecond } : null
  const none = rows.length + bytes.length === 0 && !rate && limits.bulkReadRows === 0
  return none ? NOTHING : { ...NOTHING, rows, bytes, rate, alertAt: limits.bulkReadRows }
}

/** Subjects are unique within their issuer only. */

function ofTable(subject: Subject, limits: Limits, table: Relation): TableDraw {
  const { target, database } = subject
  const key = `table\0${personKey(subject.identity)}\0${target.name}\0${database}\0${table.schema}\0${table.name}`
  const max = limits.maxRowsPerTableAndHour || Number.POSITIVE_INFINITY
  const what = `rows of ${table.schema}.${table.name} per person and hour`
  return { allowance: { key, max, windowMs: HOUR_MS }, what, table }
}

/** What was not understood counts as one table: an unrestricted role may read so too. */
const NOT_UNDERSTOOD = { schema: '', name: '(not understood)' } as Relation

/**
 * Each table and view that the rows may come from, once; a partition counts as the table that it is a part of, too. The
 * catalogs, which clients browse, are left out.
 */
function tablesOf(facts: StatementFacts, catalog: Catalog): readonly Relation[] {
  if (facts.kind === 'opaque') return [NOT_UNDERSTOOD]
  const found = new Set<Relation>()
  for (let one: StatementFacts | null = facts; one; one = one.inner) {
    for (const { relation } of one.uses) {
      if (relation.kind === 'system') continue
      for (const counted of [relation, ...familyOf(catalog, relation).ancestors]) found.add(counted)
    }
  }
  return [...found]
}

import type { AuditEvent, SessionFacts } from '../audit/event.ts'
import type { Clock, LiveSessions, TableUse, Uses } from '../session/ports.ts'

/** How often others hear of a session's last statement, milliseconds: a statement costs nothing by it. */
const TOLD_EVERY_MS = 1_000
/** Statements of one session whose end was not seen; beyond, the oldest counts without its rows. */
const MAX_OPEN = 256

export type MaskedColumn = (schema: string, table: string, column: string) => boolean

type Decision = Extract<AuditEvent, { kind: 'decision' }>
type Completion = Extract<AuditEvent, { kind: 'completion' }>

/** What a session does, for those who look at it while it lives and for the reviews afterwards. */
export class SessionStory {
  readonly #sessions: LiveSessions
  readonly #uses: Uses
  readonly #clock: Clock
  #session: SessionFacts
  /** Allowed and under way, by statement. */
  readonly #open = new Map<string, Decision>()
  #last: Decision | null = null
  #told: Decision | null = null
  #toldAt = Number.NEGATIVE_INFINITY

  readonly #isMasked: MaskedColumn | null
  #startedAt = 0

  /** `isMasked` says what the masking policy masks for others; null where the role lifts no mask. */
  constructor(
    deps: { sessions: LiveSessions; uses: Uses; clock: Clock },
    session: SessionFacts,
    isMasked: MaskedColumn | null,
  ) {
    this.#sessions = deps.sessions
    this.#uses = deps.uses
    this.#clock = deps.clock
    this.#session = session
    this.#isMasked = isMasked
  }

  /** With the record of the login. */
  begin(startedAt: number): void {
    this.#startedAt = startedAt
    this.#show()
  }

  #show(): void {
    const { sessionId: id, identity, target, database, role, grantId, databaseUser } = this.#session
    if (identity === null || target === null || role === null || grantId === null) return
    const { issuer, subject, email, name, sid } = identity
    const { clientAddress, application } = this.#session
    this.#sessions.opened({
      id,
      person: { issuer, subject, email, name },
      target,
      database,
      role,
      grantId,
      databaseUser,
      clientAddress,
      application,
      startedAt: this.#startedAt,
      ...(sid && { sid }),
    })
  }

  decided(event: Decision): void {
    this.#last = event
    if (event.effect === 'deny') return
    if (this.#open.size >= MAX_OPEN) {
      const [oldest] = this.#open
      if (oldest) this.#count(oldest[0], 0)
    }
    if (event.objects.length > 0) this.#open.set(event.statementId, event)
  }

  completed(event: Completion): void {
    this.#count(event.statementId, event.outcome === 'ok' ? event.rows : 0)
  }

  /** `session` is what is said of it now: it may have gone on under another grant. */
  tick(session: SessionFacts): void {
    if (session.grantId !== this.#session.grantId) {
      this.#session = session
      this.#show()
      this.#told = null
    }
    const now = this.#clock.monotonic()
    if (this.#last === this.#told || now - this.#toldAt < TOLD_EVERY_MS) return
    this.#tell(now)
  }

  end(): void {
    if (this.#last !== this.#told) this.#tell(this.#clock.monotonic())
    for (const id of [...this.#open.keys()]) this.#count(id, 0)
    this.#sessions.closed(this.#session.sessionId, this.#clock.now())
  }

  #tell(now: number): void {
    this.#told = this.#last
    this.#toldAt = now
    if (this.#last) this.#sessions.seen(this.#session.sessionId, this.#last.time, this.#last.statement.normalized)
  }

  #count(statementId: string, rows: number): void {
    const decision = this.#open.get(statementId)
    if (!decision) return
    this.#open.delete(statementId)
    for (const use of usesOf(decision, rows, this.#isMasked)) this.#uses.note(use)
  }
}

/** One line for each table and verb. The rows of a statement count for every table that it read. */
function usesOf(
  { session, objects, columns, verbs, time }: Decision,
  rows: number,
  isMasked: MaskedColumn | null,
): TableUse[] {
  const { grantId } = session
  if (grantId === null) return []
  return objects.flatMap(({ schema, name: table, access }) => {
    const clear =
      isMasked !== null &&
      columns.some(
        (c) => c.seen === 'clear' && c.schema === schema && c.table === table && isMasked(schema, table, c.column),
      )
    const done = access === 'read' ? ['read'] : verbs.filter((verb) => verb !== 'read')
    return done.map((verb) => ({ grantId, schema, table, verb, rows, clear, at: time }))
  })
}

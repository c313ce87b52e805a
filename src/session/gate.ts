import type { BoundParameters } from '../audit/bound_values.ts'
import type { AuditEvent, PolicyDigests, SessionFacts } from '../audit/event.ts'
import type { StatementActivity } from '../audit/statement_activity.ts'
import { SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import type { Allow, Deny } from '../policy/decision.ts'
import type { Grant } from '../policy/grant.ts'
import { Permit } from '../policy/permit.ts'
import type { Role } from '../policy/role.ts'
import type { Facts } from '../sql/facts.ts'
import { capturedText } from './capture.ts'
import { LookupBudgets } from './lookups.ts'
import { Meter } from './meter.ts'
import { activityOf, coveredByStatement, objectsOf } from './objects.ts'
import type { PlanProgress } from './plan_port.ts'
import { PlanRuns } from './plan_runs.ts'
import type { Catalogs, Grants, Ids, PolicySource, Quota, Refusals, Target } from './ports.ts'
import { RefusedStatements } from './refused.ts'
import { Standing } from './standing.ts'
import { type Engine, type Names, saysTheSame, type Verdict, VerdictCache } from './verdict.ts'

/** Who asks, and on what: fixed for the life of a session, but for the grant where it goes on under the next one. */
export interface Subject {
  readonly session: SessionFacts
  readonly identity: Identity
  readonly grant: Grant
  readonly target: Target
  /** The database that the catalog was read for; '' in MySQL. */
  readonly database: string
  readonly engine: Engine
  /** Whether the role was unrestricted at the login: what such a session has set is not known in full. */
  readonly unrestricted?: boolean
  /** The session's account holds the privileges of its grant alone. */
  readonly limited?: boolean
  /** Everything of it is recorded: what the log leaves out of a statement goes along for that. */
  readonly recorded?: boolean
  /** From now on it stands on this grant, and its records name it. Without it the session ends with its grant. */
  readonly goOn?: (next: Grant) => void
}

/** One execution of one statement: its id joins decision and completion. */
export interface Execution {
  readonly statementId: string
  readonly kind: string
  readonly activity?: StatementActivity
  /** As it was when the statement was decided: its completion names the same grant. */
  readonly session?: SessionFacts
}

export type Admission =
  | {
      readonly kind: 'allow'
      readonly verdict: Verdict
      readonly decision: Allow
      readonly permit: Permit
      /** One decision record per statement of the message, to be made durable before the permit is used. */
      readonly events: readonly AuditEvent[]
      readonly executions: readonly Execution[]
    }
  | Denied

export type Preparation = { readonly kind: 'allow'; readonly verdict: Verdict; readonly permit: Permit } | Denied

export interface Denied {
  readonly kind: 'deny'
  readonly error: SallyportError
  readonly events: readonly AuditEvent[]
}

interface Judged {
  readonly kind: 'judged'
  readonly verdict: Verdict
  readonly decision: Allow
}

/** How an execution ended. `started` is in milliseconds since the epoch. */
export interface ExecutionResult {
  readonly outcome: 'ok' | 'error' | 'cancelled' | 'withheld'
  /** SQLSTATE or errno; null when it succeeded. */
  readonly status: string | null
  readonly rows: number
  readonly bytes: number
  readonly rowsWithheld: number
  readonly started: number
}

function grantRefused({ code, detail }: SallyportError): Deny {
  return { effect: 'deny', rule: 'grant', code, reason: detail, statement: 0 }
}

export interface GateDependencies {
  readonly catalogs: Pick<Catalogs, 'current' | 'latest' | 'awaited'>
  readonly policy: PolicySource
  /** Where they can't be listed no session goes on under another grant than its first. */
  readonly grants: Pick<Grants, 'refusal'> & Partial<Pick<Grants, 'snapshot' | 'endedAt'>>
  readonly ids: Ids
  readonly quota: Quota
  /** Without it nothing runs under a grant that is bound to a script. */
  readonly plans?: PlanProgress
  /** Without it nobody is told how to ask for what was refused. */
  readonly refusals?: Refusals
}

const NO_REFUSALS: Refusals = { note: () => null }

/**
 * The only admission path: both protocols' machines come here with every text before it goes anywhere. Facts and
 * decisions are cached by text and by everything that they depend on; the grant's window is judged anew every time.
 */
export class Gate {
  readonly #deps: GateDependencies
  readonly #verdicts = new VerdictCache()
  readonly meter: Meter
  readonly #lookups: LookupBudgets
  readonly #plans: PlanRuns
  readonly #refused: RefusedStatements
  readonly #standing: Standing

  constructor(deps: GateDependencies) {
    this.#deps = deps
    this.#plans = new PlanRuns(deps.plans)
    this.#standing = new Standing(deps.grants)
    this.#refused = new RefusedStatements(deps.refusals ?? NO_REFUSALS)
    this.meter = new Meter(deps.quota, deps.ids)
    this.#lookups = new LookupBudgets(deps.quota)
  }

  #judge(subject: Subject, names: Names, text: string, now: number): Verdict {
    const { catalogs, policy } = this.#deps
    const role = policy.roleOf(subject.grant)
    if (!role) throw new SallyportError('SP-NO-GRANT', `the role ${subject.grant.role} no longer exists`)
    if (subject.unrestricted && !role.unrestricted)
      throw new SallyportError('SP-STALE', `the role ${role.name} has become narrower: connect again`)
    if (role.asking.recording && !subject.recorded)
      throw new SallyportError('SP-STALE', `sessions under ${role.name} are recorded from now on: connect again`)
    const catalog = catalogFor(catalogs, subject, role)
    if (!catalog) throw new SallyportError('SP-CATALOG', `the catalog of ${subject.target.name} is being read`)
    const config = policy.configDigest
    return this.#verdicts.judge({ subject, names, text, now, catalog, role, masking: policy.masking(), config })
  }

  /** What the text means, or null where it could not be judged: nothing is allowed by that. */
  facts(subject: Subject, names: Names, text: string, now: number): Facts | null {
    try {
      return this.#judge(subject, names, text, now).facts
    } catch {
      return null
    }
  }

  /** For a statement that is only prepared: the permit to send it for analysis by the server; it has no effect yet. */
  prepare(subject: Subject, names: Names, text: string, now: number): Preparation {
    const answer = this.#decide(subject, names, text, now)
    if (answer.kind === 'deny') return answer
    return { kind: 'allow', verdict: answer.verdict, permit: Permit.issue(answer.verdict.text, '') }
  }

  /**
   * Decides one execution, with the verdict at hand where it is still fresh. A permit exists only in an allowing answer, together with
   * the records that go first.
   */
  admit(
    subject: Subject,
    names: Names,
    text: string,
    now: number,
    known?: Verdict,
    parameters?: BoundParameters,
  ): Admission {
    const admission = this.#admit(subject, names, text, now, known)
    if (parameters === undefined) return admission
    return { ...admission, events: admission.events.map((event) => ({ ...event, parameters })) }
  }

  #admit(subject: Subject, names: Names, text: string, now: number, known?: Verdict): Admission {
    const answer = this.#decide(subject, names, text, now, known)
    if (answer.kind === 'deny') return answer
    const early = this.#plans.judge(subject, names, answer.verdict, now)
    if (early) return this.#deny(subject, answer.verdict, early, now)
    const crowded = this.meter.enter(subject, answer.verdict)
    if (crowded) return this.#deny(subject, answer.verdict, crowded, now)
    const overdrawn = this.#overdrawn(subject, answer.decision)
    if (overdrawn) return this.#deny(subject, answer.verdict, overdrawn, now)
    return this.#allow(subject, answer.verdict, answer.decision, now)
  }

  /** True where a statement had better wait a little: definitions have changed, and are being read, or see `PlanRuns`. */
  awaits(subject: Subject): boolean {
    return this.#deps.catalogs.awaited(subject.target.name, subject.database) || this.#plans.awaits(subject)
  }

  /** True where judging the same text again could only give this verdict: nothing that it hangs on has changed. */
  fresh(verdict: Verdict, subject: Subject, names: Names): boolean {
    const { catalogs, policy } = this.#deps
    return (
      verdict.namesKey === names.key &&
      verdict.catalog === catalogFor(catalogs, subject, verdict.role) &&
      verdict.role === policy.roleOf(subject.grant) &&
      verdict.masking === policy.masking() &&
      verdict.digests.config === policy.configDigest
    )
  }

  /**
   * What an open cursor or a statement that SQL prepared goes on under, whatever names are in force by now: its verdict, or
   * one that says the same of the same text where only something else in the catalog has changed. Null: prepare it again.
   */
  renewed(verdict: Verdict, subject: Subject, names: Names, now: number): Verdict | null {
    if (this.fresh(verdict, subject, { ...names, key: verdict.namesKey })) return verdict
    try {
      const again = this.#judge(subject, names, verdict.facts.text, now)
      return saysTheSame(verdict, again) ? again : null
    } catch {
      return null
    }
  }

  #decide(subject: Subject, names: Names, text: string, now: number, known?: Verdict): Denied | Judged {
    let verdict: Verdict
    const refusal = this.#standing.refusal(subject, now)
    try {
      verdict = known && this.fresh(known, subject, names) ? known : this.#judge(subject, names, text, now)
    } catch (error) {
      return this.#refuseUnjudged(subject, error, now, text)
    }
    const { decision } = verdict
    if (decision.effect === 'deny')
      return this.#deny(subject, verdict, this.#told(subject, names, verdict, decision, now), now)
    if (refusal) return this.#deny(subject, verdict, grantRefused(refusal), now)
    return { kind: 'judged', verdict, decision }
  }

  /** What is not in the script at all is told with the statement that would be next. */
  #told(subject: Subject, names: Names, verdict: Verdict, deny: Deny, now: number): Deny {
    return deny.code === 'SP-PLAN' ? (this.#plans.judge(subject, names, verdict, now) ?? deny) : deny
  }

  /** Each execution takes what it looks up from the person's budgets, over all of their sessions. */
  #overdrawn({ identity, target }: Subject, { plans }: Allow): Deny | null {
    const lookups = plans.flatMap((plan) => plan.lookups ?? [])
    if (lookups.length === 0) return null
    const person = `${personKey(identity)}\0${target.name}`
    const refused = this.#lookups.take(person, lookups)
    if (refused === null) return null
    const statement = plans.findIndex((plan) => plan.lookups?.includes(refused))
    const column = `${refused.schema}.${refused.table}.${refused.column}`
    const reason = `no more than ${refused.budgetPerHour} values of ${column} may be looked up in an hour`
    return { effect: 'deny', rule: 'lookups', code: 'SP-LIMIT-LOOKUPS', reason, statement }
  }

  #allow(subject: Subject, verdict: Verdict, decision: Allow, now: number): Admission {
    const { session } = subject
    const executions = verdict.facts.statements.map((statement) => ({
      statementId: this.#deps.ids.uuid(),
      kind: statement.kind,
      activity: activityOf(statement),
      session,
    }))
    const places = this.#plans.started(subject, verdict, executions)
    const events = executions.map((execution, index) => {
      const event = this.#event(subject, verdict, index, execution.statementId, now, null)
      const reason = places[index]
      return reason === undefined ? event : { ...event, rule: 'plan', reason }
    })
    const first = executions[0]?.statementId ?? ''
    return { kind: 'allow', verdict, decision, permit: Permit.issue(verdict.text, first), events, executions }
  }

  #deny(subject: Subject, verdict: Verdict, refused: Deny, now: number): Denied {
    const deny = this.#refused.told(subject, verdict, refused)
    const event = this.#event(subject, verdict, deny.statement, this.#deps.ids.uuid(), now, deny)
    return {
      kind: 'deny',
      error: new SallyportError(deny.code, deny.reason, { position: deny.position }),
      events: [event],
    }
  }

  #event(
    subject: Subject,
    verdict: Verdict,
    index: number,
    statementId: string,
    now: number,
    deny: Deny | null,
  ): AuditEvent {
    const statement = verdict.facts.statements[index]
    return {
      kind: 'decision',
      id: this.#deps.ids.uuid(),
      time: now,
      ...(deny === null && verdict.showsMasked ? ON_DISK : onDiskFirst(subject, verdict.role)),
      session: subject.session,
      statementId,
      effect: deny ? 'deny' : 'allow',
      rule: deny?.rule ?? verdict.decision.rule,
      code: deny?.code ?? null,
      reason: deny?.reason ?? verdict.decision.reason,
      statementKind: statement?.kind ?? 'empty',
      ...(statement && { activity: activityOf(statement) }),
      verbs: statement?.verbs ?? [],
      statement: capturedText(subject, verdict, index),
      ...(subject.recorded && { text: verdict.facts.text }),
      objects: statement ? objectsOf(statement) : [],
      columns: coveredByStatement(verdict.decision, index),
      digests: verdict.digests,
    }
  }

  /** The gate could not even judge: the refusal is recorded all the same. */
  #refuseUnjudged(subject: Subject, cause: unknown, now: number, text?: string): Denied {
    const error =
      cause instanceof SallyportError
        ? cause
        : new SallyportError('SP-INTERNAL', 'the statement could not be judged', { cause })
    const event: AuditEvent = {
      kind: 'decision',
      id: this.#deps.ids.uuid(),
      time: now,
      ...onDiskFirst(subject, null),
      session: subject.session,
      statementId: this.#deps.ids.uuid(),
      effect: 'deny',
      rule: 'gate',
      code: error.code,
      reason: error.detail,
      statementKind: 'opaque',
      verbs: [],
      statement: { normalized: '', sha256: '', bytes: 0, full: null },
      ...(subject.recorded && text !== undefined && { text }),
      objects: [],
      columns: [],
      digests: { ...NO_DIGESTS, config: this.#deps.policy.configDigest },
    }
    return { kind: 'deny', error, events: [event] }
  }

  /** The record of a refusal that was decided outside of SQL: an unsupported protocol message, a foreign KILL. */
  refusal(subject: Subject, statementKind: string, error: SallyportError, now: number, text?: string): AuditEvent {
    const denied = this.#refuseUnjudged(subject, error, now, text).events[0] as Extract<
      AuditEvent,
      { kind: 'decision' }
    >
    return { ...denied, statementKind, rule: 'protocol' }
  }

  /** Why the session has to end, or null; it has gone on under the grant that follows its own where that was due. */
  unfounded(subject: Subject, now: number): SallyportError | null {
    return this.#standing.refusal(subject, now)
  }

  /** Until when its grant stands, with those that go on from it. */
  standsUntil(subject: Subject, now: number): number {
    return this.#standing.until(subject, now)
  }

  /** The session is over; nothing of it runs any more. */
  left(subject: Subject): void {
    this.#plans.left(subject)
  }

  completion(subject: Subject, execution: Execution, result: ExecutionResult, now: number): AuditEvent {
    this.#plans.ended(subject, execution, result)
    return {
      kind: 'completion',
      id: this.#deps.ids.uuid(),
      time: now,
      session: execution.session ?? subject.session,
      statementId: execution.statementId,
      statementKind: execution.kind,
      ...(execution.activity && { activity: execution.activity }),
      outcome: result.outcome,
      status: result.status,
      rows: result.rows,
      bytes: result.bytes,
      rowsWithheld: result.rowsWithheld,
      durationMs: Math.max(0, now - result.started),
    }
  }
}

/** Nothing that an unrestricted role does hangs on the catalog but its record: its own changes don't hold it up. */
function catalogFor(catalogs: GateDependencies['catalogs'], { target, database }: Subject, role: Role) {
  return role.unrestricted ? catalogs.latest(target.name, database) : catalogs.current(target.name, database)
}

const ON_DISK = { sync: true } as const
const WITH_THE_LOG = {} as const

/** What is done in an emergency is on record whatever happens next to this machine, as is what asks for it. */
function onDiskFirst({ grant, target }: Subject, role: Role | null): { readonly sync?: true } {
  const asks = grant.kind === 'break_glass' || target.durability === 'sync' || role?.asking.durability === 'sync'
  return asks ? ON_DISK : WITH_THE_LOG
}

const NO_DIGESTS: PolicyDigests = { config: '', role: '', masking: '', catalog: '' }

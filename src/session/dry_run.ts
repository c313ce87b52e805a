import type { SessionFacts } from '../audit/event.ts'
import type { ErrorCode, SallyportError } from '../errors.ts'
import type { ColumnAccess } from '../policy/decision.ts'
import type { Grant } from '../policy/grant.ts'
import type { MaskingPolicy } from '../policy/masking_policy.ts'
import type { Limits, ParameterValue, Role } from '../policy/role.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { Facts, OutputField, StatementFacts } from '../sql/facts.ts'
import { Gate, type Subject } from './gate.ts'
import { coveredByStatement } from './objects.ts'
import type { PlanProgress } from './plan_port.ts'
import type { Quota } from './ports.ts'
import type { Names, Verdict } from './verdict.ts'

/** What the gate would say of a text. Nothing runs, nothing is recorded, and no budget is drawn on. */

export interface DryRun extends Pick<Subject, 'identity' | 'grant' | 'target' | 'database' | 'engine' | 'limited'> {
  readonly catalog: Catalog
  /** As the grant narrows it; undefined: there is no such role any more. */
  readonly role: Role | undefined
  readonly masking: MaskingPolicy
  /** MySQL: the database that the session is in. */
  readonly defaultDatabase: string | null
  readonly text: string
  readonly now: number
  /** Why the person may start nothing under the grant now; null: it stands. */
  readonly refusal: SallyportError | null
  /** How much of an approved script has run; absent: nothing of it. */
  readonly planDone?: number | null
}

export interface DryAnswer {
  readonly allowed: boolean
  readonly code: ErrorCode | null
  readonly reason: string
  /** The text as it would be sent; null where nothing would be. */
  readonly sent: string | null
  readonly columns: readonly ColumnAccess[]
  /** Of every statement of the message in turn. */
  readonly fields: readonly DryField[]
  readonly limits: Limits | null
  /** Null where the text could not even be judged. */
  readonly facts: Facts | null
}

export interface DryField {
  readonly name: string
  /** null: nothing of the value is left. */
  readonly seen: 'clear' | 'masked' | 'null'
  /** `computed`: by the server from what is masked. */
  readonly strategy: string | null
}

export function dryRun(question: DryRun): DryAnswer {
  const { catalog, role, masking, text, now, refusal } = question
  const subject = subjectOf(question)
  const gate = new Gate({
    catalogs: { current: () => catalog, latest: () => catalog, awaited: () => false },
    policy: { configDigest: '', roleOf: () => role, masking: () => masking },
    grants: { refusal: () => refusal },
    ids: { uuid: () => 'dry-run' },
    quota: PLENTY,
    plans: progressAt(question.planDone === undefined ? 0 : question.planDone),
  })
  const names = namesFor(question)
  const admission = gate.admit(subject, names, text, now)
  const facts = gate.facts(subject, names, text, now)
  if (admission.kind === 'deny') {
    const { code, detail } = admission.error
    return { ...NOTHING, allowed: false, code, reason: detail, facts }
  }
  const { verdict, decision } = admission
  const { statements } = verdict.facts
  return {
    allowed: true,
    code: null,
    reason: decision.reason,
    sent: verdict.text,
    columns: statements.flatMap((_statement, index) => coveredByStatement(decision, index)),
    fields: statements.flatMap((statement, index) => fieldsOf(verdict, statement, index)),
    limits: decision.limits,
    facts,
  }
}

const NOTHING = { sent: null, columns: [], fields: [], limits: null } as const

const PLENTY: Quota = {
  reserve: (_allowance, amount) => amount,
  giveBack: () => {},
  usage: () => ({ used: 0, freesInMs: 0 }),
  pace: () => 0,
}

function progressAt(done: number | null): PlanProgress {
  const progress = {
    current: () => done,
    awaited: () => false,
    take: () => true,
    leave: () => {},
    advance: () => {},
    failed: () => {},
    deviated: () => {},
  }
  return progress
}

function namesFor({ catalog, defaultDatabase }: DryRun): Names {
  if (catalog.dialect === 'postgres') return { searchPath: null, defaultDatabase: null, sqlMode: null, key: '' }
  return { searchPath: null, defaultDatabase, sqlMode: null, key: defaultDatabase ?? '' }
}

function subjectOf({ identity, grant, target, database, engine, limited, role }: DryRun): Subject {
  const unrestricted = role?.unrestricted === true
  const session = sessionOf(identity, grant.id, target)
  return { session, identity, grant, target, database, engine, unrestricted, ...(limited && { limited }) }
}

function sessionOf(identity: Subject['identity'], grantId: string, { name, engine }: Subject['target']): SessionFacts {
  return {
    sessionId: 'dry-run',
    identity,
    claimedUser: '',
    application: null,
    protocol: engine,
    clientAddress: '',
    clientPort: 0,
    tlsVersion: null,
    target: name,
    targetHost: null,
    targetPort: null,
    database: null,
    databaseUser: null,
    grantId,
    role: null,
    reason: null,
    ticket: null,
  }
}

/** A field of the result as the person gets it: masked on the wire, by the server in place of the column, or not at all. */
function fieldsOf(verdict: Verdict, statement: StatementFacts, index: number): readonly DryField[] {
  const { decision } = verdict
  if (decision.effect === 'deny') return []
  const plan = decision.plans[index]
  return (statement.output ?? []).map((field, at) => {
    if (decision.verbatim || plan === undefined) return clear(field.name)
    const onWire = plan.fields?.[at]?.mask
    if (onWire) return masked(field.name, onWire.strategy)
    return inServer(verdict, statement, plan.columns, field)
  })
}

function inServer(
  { masks }: Verdict,
  statement: StatementFacts,
  columns: readonly ColumnAccess[],
  { name, origin, sources }: OutputField,
): DryField {
  const seen = ({ relation, column }: OutputField['sources'][number]) =>
    masks.of(relation, column) !== null &&
    columns.some(
      (one) =>
        one.schema === relation.schema &&
        one.table === relation.name &&
        one.column === column &&
        (one.seen === 'masked' || one.seen === 'computed_masked'),
    )
  const use = origin === null ? undefined : statement.uses.find(({ id }) => id === origin.use)
  if (origin !== null && use !== undefined) {
    const passed = { relation: use.relation, column: origin.column }
    return seen(passed) ? masked(name, masks.of(passed.relation, passed.column)?.strategy ?? 'null') : clear(name)
  }
  return sources.some(seen) ? masked(name, 'computed') : clear(name)
}

function clear(name: string): DryField {
  return { name, seen: 'clear', strategy: null }
}

function masked(name: string, strategy: string): DryField {
  return { name, seen: strategy === 'null' ? 'null' : 'masked', strategy }
}

const ASSUMED_MS = 3_600_000

/** The grant that the person would hold if the role were granted to them now. */
export function assumedGrant(
  {
    identity,
    target,
    role,
    now,
  }: Pick<DryRun, 'identity' | 'now'> & { readonly target: string; readonly role: string },
  parameters: Readonly<Record<string, ParameterValue>>,
): Grant {
  const { issuer, subject } = identity
  return {
    id: 'assumed',
    kind: 'standard',
    principal: { issuer, subject },
    target,
    role,
    parameters: new Map(Object.entries(parameters)),
    narrowing: null,
    start: now,
    end: now + ASSUMED_MS,
    reason: '',
    ticket: null,
    incident: null,
    requestId: null,
    plan: null,
  }
}

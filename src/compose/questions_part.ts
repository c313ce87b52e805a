import type { Caller } from '../access/control.ts'
import { checkParameters } from '../access/validate.ts'
import { SallyportError } from '../errors.ts'
import type { PolicyQuestions } from '../http/ports.ts'
import type { Identity } from '../identity/identity.ts'
import type { Grant } from '../policy/grant.ts'
import { chooseGrant } from '../policy/grants.ts'
import { narrowRole } from '../policy/narrow.ts'
import { assumedGrant, type DryAnswer, dryRun } from '../session/dry_run.ts'
import type { PlanProgress } from '../session/plan_port.ts'
import type { Clock, Grants, Target } from '../session/ports.ts'
import { everyRecord } from '../store/snapshot.ts'
import type { SqlStore } from '../store/sql_store.ts'
import { createImpact, type ImpactDeps } from './impact.ts'
import { type CatalogDeps, catalogOf, targetOf } from './scripts.ts'

type Question = Parameters<PolicyQuestions['evaluate']>[1]
type Evaluation = Awaited<ReturnType<PolicyQuestions['evaluate']>>

export interface QuestionsDeps extends CatalogDeps {
  readonly store: SqlStore
  readonly grants: Grants
  readonly plans: PlanProgress
  readonly clock: Clock
}

/** Would this statement be allowed to this person, and how would it be rewritten? By the gate itself; nothing runs. */
export async function evaluate(deps: QuestionsDeps, caller: Caller, question: Question): Promise<Evaluation> {
  const target = targetOf(deps, question.target)
  const identity = await identityOf(deps, caller, question)
  const now = deps.clock.now()
  const grant = grantFor(deps, identity, target, question, now)
  if (grant instanceof SallyportError) return refusedBy(grant, question.role)
  const { catalog, engine, database } = await catalogOf(deps, target, question.database)
  const role = deps.live.config.roles.get(grant.role)
  const isAssumed = question.role !== null
  const answer = dryRun({
    ...{ identity, grant, target, database, engine, catalog, now },
    role: role && narrowRole(role, grant.narrowing),
    masking: deps.live.policy.masking(),
    limited: deps.live.makesAccounts(target.name),
    defaultDatabase: target.engine === 'mysql' ? (question.database ?? (target.defaultDatabase || null)) : null,
    text: question.statement,
    refusal: isAssumed ? null : deps.grants.refusal(grant.id, identity, target.name),
    planDone: grant.plan === null ? 0 : deps.plans.current(grant.id),
  })
  return shown(answer, grant, isAssumed)
}

function refusedBy({ code, detail }: SallyportError, role: string | null): Evaluation {
  const nothing = { grantId: null, rewritten: null, columns: [], masks: [], limits: {} }
  return { allowed: false, code, reason: detail, role, ...nothing }
}

function shown(answer: DryAnswer, { id, role }: Grant, isAssumed: boolean): Evaluation {
  const limits = Object.entries(answer.limits ?? {}).filter(([, value]) => value !== 0)
  return {
    allowed: answer.allowed,
    code: answer.code,
    reason: answer.reason,
    role,
    grantId: isAssumed ? null : id,
    rewritten: answer.sent,
    columns: answer.columns.map(({ mask: _, ...access }) => access),
    masks: answer.fields.flatMap(({ name, strategy }) => (strategy === null ? [] : [{ field: name, strategy }])),
    limits: Object.fromEntries(limits),
  }
}

function grantFor(
  { grants, live }: QuestionsDeps,
  identity: Identity,
  target: Target,
  { role: name, parameters }: Question,
  now: number,
): Grant | SallyportError {
  if (name === null) return orRefusal(() => chooseGrant(identity, grants.snapshot(), target.name, null, now))
  const role = live.config.roles.get(name)
  if (role === undefined) throw new SallyportError('SP-NOT-FOUND', `there is no role ${name}`)
  checkParameters(role, parameters)
  return assumedGrant({ identity, target: target.name, role: name, now }, parameters)
}

/** Why there is no grant is an answer, and no failure of the question. */
function orRefusal<T>(find: () => T): T | SallyportError {
  try {
    return find()
  } catch (error) {
    if (error instanceof SallyportError) return error
    throw error
  }
}

/** The person as they are now, or as they were seen last; what the files say of their groups counts as well. */
async function identityOf(
  { store, live }: QuestionsDeps,
  { identity: own }: Caller,
  { person, groups }: Question,
): Promise<Identity> {
  if (person === null) return groups === null ? own : { ...own, groups }
  const email = person.toLowerCase()
  const seen = await store.read((tx) => everyRecord(tx.people, { email: [...new Set([person, email])] }))
  const last = seen.toSorted((a, b) => b.seenAt - a.seenAt)[0]?.identity
  const byFile = live.config.oidc.groups.get(email) ?? []
  if (last !== undefined) return { ...last, groups: groups ?? [...new Set([...last.groups, ...byFile])] }
  if (groups === null && byFile.length === 0) {
    throw new SallyportError('SP-NOT-FOUND', `${person} was never seen here: name their groups`)
  }
  return unseen(live.config.oidc.issuer, email, groups ?? byFile)
}

/** Somebody of whom only the address is known. */
export function unseen(issuer: string, email: string, groups: readonly string[]): Identity {
  return {
    ...{ issuer, subject: email, email, name: null, groups, aliases: [email], tokenId: null },
    ...{ expiresAt: Number.MAX_SAFE_INTEGER, authTime: null, acr: null, amr: [] },
  }
}

/** The questions of the admin API about policy. */
export function composeQuestions(deps: ImpactDeps): PolicyQuestions {
  const impact = createImpact(deps)
  return {
    evaluate: (caller, question) => evaluate(deps, caller, question),
    impact: (_caller, proposal) => impact(proposal),
  }
}

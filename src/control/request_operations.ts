import { type Approver, delegatedRights, eligible, isLive, refsOf, rightsIn } from '../access/approvers.ts'
import type {
  AccessControl,
  Amendment,
  AnalysedScript,
  Caller,
  NewRequest,
  NewVote,
  Outcome,
  RequestQuery,
} from '../access/control.ts'
import type { AccessRequest, Stage } from '../access/model.ts'
import { isSelf, samePerson } from '../access/person.ts'
import { type AccessPolicy, ledProjects } from '../access/policy.ts'
import type { ReadTx } from '../access/ports.ts'
import type { Delegation } from '../access/records.ts'
import { amendRequest, cancelRequest, createRequest, type Told, type Wish } from '../access/requests.ts'
import type { Act } from '../access/transition.ts'
import { castVote, type Voted } from '../access/votes.ts'
import { SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import { bounded } from './bounded.ts'
import { all, given, page } from './listing.ts'
import { checkRoom } from './room.ts'
import { type Apply, acting, type ControlDeps, checkLocks, isAllowed, notFound, transact } from './running.ts'
import { changers, seenAs, seenPeople, surroundingsOf } from './surroundings.ts'

type RequestOperations = Pick<
  AccessControl,
  'createRequest' | 'amendRequest' | 'cancelRequest' | 'vote' | 'request' | 'requests' | 'approvers'
>

export function requestOperations(deps: ControlDeps): RequestOperations {
  return {
    createRequest: (caller, input) =>
      acting(deps, caller, 'request.create', `${input.target} ${input.role}`, async (act, policy) =>
        submit(deps, caller, act, policy, await wishOf(deps, input)),
      ),
    amendRequest: (caller, id, input) =>
      acting(deps, caller, 'request.create', id, (act, policy) => amend(deps, caller, act, policy, id, input)),
    cancelRequest: (caller, id, reason) =>
      acting(deps, caller, 'request.cancel', id, (act) =>
        transact(deps, async (tx, apply) => {
          const request = await requestOf(tx, id)
          return (await apply(cancelRequest(act, request, reason))).of('requests', id)
        }),
      ),
    vote: (caller, id, input) =>
      acting(deps, caller, 'request.answer', id, (act, policy) => vote(deps, caller, act, policy, id, input)),
    request: (caller, id) =>
      acting(deps, caller, 'self.read', id, (act, policy) =>
        deps.store.read(async (tx) => {
          const request = await requestOf(tx, id)
          if (await maySee(deps, tx, caller, act, policy, request)) return request
          throw notFound('request', id)
        }),
      ),
    requests: (caller, query) => requests(deps, caller, query),
    approvers: (caller, id) =>
      acting(deps, caller, 'self.read', id, (act, policy) =>
        deps.store.read(async (tx) => {
          const request = await requestOf(tx, id)
          if (!(await maySee(deps, tx, caller, act, policy, request))) throw notFound('request', id)
          return stageApprovers(tx, act, policy, request)
        }),
      ),
  }
}

/** A request with everything around it, also of refusals and of grants that are to be prolonged. */
export async function submit(
  deps: ControlDeps,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  wish: Wish,
): Promise<Outcome> {
  const classification = await deps.classesOf(wish.target, wish.role, wish.narrowing)
  const ids = { requestId: deps.ids.uuid(), grantId: deps.ids.uuid() }
  return transact(deps, async (tx, apply) => {
    await checkLocks(tx, act.now, { target: wish.target })
    await checkRoom(tx, caller.identity)
    const asked = { person: caller.identity, target: wish.target, role: wish.role }
    const around = await surroundingsOf(tx, policy, act.now, asked, { classification, ...ids })
    return outcome(
      apply,
      bounded(() => createRequest(act, wish, around)),
    )
  })
}

async function outcome(apply: Apply, { request, grant, transition }: Told | Voted): Promise<Outcome> {
  const applied = await apply(transition)
  return {
    request: applied.of('requests', request.id),
    grant: grant === null ? null : applied.of('grants', grant.id),
  }
}

async function wishOf(deps: ControlDeps, input: NewRequest): Promise<Wish> {
  const { script, ...asked } = input
  const analysed = script === null ? NO_SCRIPT : await deps.analyse(input.target, script)
  return {
    ...asked,
    kind: script === null ? 'standard' : 'migration',
    plan: analysed.plan,
    risks: analysed.risks,
    extendsGrant: null,
    fromRefusal: null,
  }
}

const NO_SCRIPT: { readonly plan: null; readonly risks: AnalysedScript['risks'] } = { plan: null, risks: [] }

async function amend(
  deps: ControlDeps,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  id: string,
  input: Amendment,
): Promise<Outcome> {
  const old = await deps.store.read((tx) => requestOf(tx, id))
  if (old.kind === 'break_glass') throw new SallyportError('SP-STATE', 'break-glass is over with its start')
  const { kind } = old
  const analysed = input.script === null ? old : await deps.analyse(old.target, input.script)
  const narrowing = input.narrowing ?? old.narrowing
  const wish: Wish = {
    kind: kind === 'standard' && analysed.plan !== null ? 'migration' : kind,
    target: old.target,
    role: old.role,
    parameters: input.parameters ?? old.parameters,
    narrowing,
    durationMs: input.durationMs ?? old.durationMs,
    start: input.start ?? (old.start !== null && old.start <= act.now ? null : old.start),
    reason: input.reason ?? old.reason,
    ticket: input.ticket ?? old.ticket,
    plan: analysed.plan,
    risks: analysed.risks,
    extendsGrant: old.extendsGrant,
    fromRefusal: old.fromRefusal,
  }
  const classification = await deps.classesOf(old.target, old.role, narrowing)
  const grantId = deps.ids.uuid()
  return transact(deps, async (tx, apply) => {
    const request = await requestOf(tx, id)
    checkVersion(request, old.version)
    const asked = { person: caller.identity, target: old.target, role: old.role }
    const context = { classification, requestId: id, grantId }
    const around = await surroundingsOf(tx, policy, act.now, asked, context)
    return outcome(
      apply,
      bounded(() => amendRequest(act, request, wish, around)),
    )
  })
}

function vote(
  deps: ControlDeps,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  id: string,
  input: NewVote,
): Promise<Outcome> {
  const grantId = deps.ids.uuid()
  const voter = caller.identity
  return transact(deps, async (tx, apply) => {
    const request = await requestOf(tx, id)
    if (input.version !== undefined) checkVersion(request, input.version)
    const { requester, target, role } = request
    await checkLocks(tx, act.now, { person: personKey(requester), target })
    const { delegations, delegators } = await lentTo(tx, act, policy, voter)
    const changedBy = (await changers(tx, policy, act.now, request))(request.rule.name)
    const held = await all(tx.grants, { person: personKey(requester), target, role })
    const known = (await seenAs(tx, requester)) ?? requester
    const context = { policy, voter, requester: known, changedBy, delegations, delegators, held, grantId }
    return outcome(apply, castVote(act, request, input, context))
  })
}

function checkVersion({ version }: AccessRequest, expected: number): void {
  if (version !== expected) throw new SallyportError('SP-CONFLICT', 'the request has changed since it was looked at')
}

async function requestOf(tx: ReadTx, id: string): Promise<AccessRequest> {
  const request = await tx.requests.get(id)
  if (request === undefined) throw notFound('request', id)
  return request
}

async function maySee(
  deps: ControlDeps,
  tx: ReadTx,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  request: AccessRequest,
): Promise<boolean> {
  const { identity } = caller
  if (isSelf(identity, request.requester) || isAllowed(deps, caller, 'request.read_all')) return true
  if (ledProjects(policy.projects, identity, request.target).length > 0) return true
  const lent = await lentTo(tx, act, policy, identity)
  return request.stages.some(
    (stage) => rightsIn(stage, identity, request, policy).length > 0 || isLentFor(stage, request, policy, lent),
  )
}

function requests(deps: ControlDeps, caller: Caller, query: RequestQuery) {
  const { view, state, target } = query
  const right = view === 'all' ? 'request.read_all' : view === 'to_answer' ? 'request.answer' : 'self.read'
  return acting(deps, caller, right, 'requests', (act, policy) =>
    deps.store.read((tx) => {
      const { identity } = caller
      if (view === 'mine') return page(tx.requests, given({ person: personKey(identity), state, target }), query)
      if (view === 'all') return page(tx.requests, given({ state, target }), query)
      return toAnswer(tx, caller, act, policy, query)
    }),
  )
}

/** By the own right, or by one that was delegated. */
async function toAnswer(tx: ReadTx, caller: Caller, act: Act, policy: AccessPolicy, query: RequestQuery) {
  const lent = await lentTo(tx, act, policy, caller.identity)
  const where = given({ state: 'pending' as const, target: query.target, expiresAt: { from: act.now } })
  return page(tx.requests, where, query, (request) => isToAnswer(request, caller, policy, lent))
}

interface Lent {
  readonly delegations: readonly Delegation[]
  readonly delegators: readonly Approver[]
}

async function lentTo(tx: ReadTx, act: Act, policy: AccessPolicy, to: Identity): Promise<Lent> {
  const delegations = (await all(tx.delegations, { to: personKey(to) })).filter((one) => isLive(one, act.now))
  const seen = delegations.length === 0 ? [] : await seenPeople(tx, policy, act.now)
  const delegators = seen.filter((person) => delegations.some(({ from }) => personKey(from) === personKey(person)))
  return { delegations, delegators }
}

function isToAnswer(request: AccessRequest, { identity }: Caller, policy: AccessPolicy, lent: Lent): boolean {
  const stage = request.stages.find(({ completedAt }) => completedAt === null)
  if (stage === undefined || samePerson(identity, request.requester)) return false
  const answered = request.stages.flatMap(({ votes }) => votes).some(({ by }) => samePerson(by, identity))
  if (answered) return false
  if (rightsIn(stage, identity, request, policy).length > 0) return true
  return isLentFor(stage, request, policy, lent)
}

function isLentFor(
  stage: Stage,
  request: AccessRequest,
  policy: AccessPolicy,
  { delegations, delegators }: Lent,
): boolean {
  return delegations.some((delegation) => {
    const from = delegators.find((person) => personKey(person) === personKey(delegation.from))
    return from !== undefined && delegatedRights(stage, delegation, from, request, policy).length > 0
  })
}

async function stageApprovers(tx: ReadTx, act: Act, policy: AccessPolicy, request: AccessRequest) {
  const people = await seenPeople(tx, policy, act.now)
  const changedBy = (await changers(tx, policy, act.now, request))(request.rule.name)
  const requester = (await seenAs(tx, request.requester)) ?? request.requester
  return request.stages.map((stage) => ({
    stage: stage.name,
    groups: stage.groups,
    quorum: stage.quorum,
    answered: stage.votes.map(({ by }) => by),
    eligible: refsOf(eligible(stage, request, people, { requester, changedBy }, policy)),
  }))
}

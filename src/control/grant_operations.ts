import type { AccessControl, Caller, Extension, GrantQuery } from '../access/control.ts'
import { extensionOf, handBack, revokeGrant } from '../access/grants.ts'
import type { GrantRecord } from '../access/model.ts'
import { isSelf } from '../access/person.ts'
import { type AccessPolicy, ledProjects } from '../access/policy.ts'
import type { ReadTx } from '../access/ports.ts'
import type { Act } from '../access/transition.ts'
import { SallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import { given, page } from './listing.ts'
import { submit } from './request_operations.ts'
import { acting, type ControlDeps, isAllowed, notFound, transact } from './running.ts'

type GrantOperations = Pick<AccessControl, 'grant' | 'grants' | 'revokeGrant' | 'handBack' | 'extendGrant'>

export function grantOperations(deps: ControlDeps): GrantOperations {
  return {
    grant: (caller, id) =>
      acting(deps, caller, 'self.read', id, (_act, policy) =>
        deps.store.read(async (tx) => {
          const record = await grantRecord(tx, id)
          if (maySee(deps, caller, record, policy)) return record
          throw notFound('grant', id)
        }),
      ),
    grants: (caller, query) => grants(deps, caller, query),
    revokeGrant: (caller, id, reason) =>
      acting(deps, caller, 'self.read', id, (act, policy) =>
        transact(deps, async (tx, apply) => {
          const record = await grantRecord(tx, id)
          checkMayRevoke(deps, caller, record, policy)
          return (await apply(revokeGrant(act, record, reason))).of('grants', id)
        }),
      ),
    handBack: (caller, id, reason) =>
      acting(deps, caller, 'grant.hand_back', id, (act) =>
        transact(deps, async (tx, apply) => {
          const record = await grantRecord(tx, id)
          return (await apply(handBack(act, record, reason))).of('grants', id)
        }),
      ),
    extendGrant: (caller, id, input) =>
      acting(deps, caller, 'request.create', id, (act, policy) => extend(deps, caller, act, policy, id, input)),
  }
}

async function extend(
  deps: ControlDeps,
  caller: Caller,
  act: Act,
  policy: AccessPolicy,
  id: string,
  { durationMs, reason, ticket }: Extension,
) {
  const record = await deps.store.read((tx) => grantRecord(tx, id))
  const { start } = extensionOf(act, record, caller.identity)
  const { target, role, parameters, narrowing } = record.grant
  return submit(deps, caller, act, policy, {
    kind: 'extension',
    target,
    role,
    parameters: Object.fromEntries(parameters),
    narrowing,
    durationMs,
    start,
    reason,
    ticket: ticket ?? record.grant.ticket,
    plan: null,
    risks: [],
    extendsGrant: id,
    fromRefusal: null,
  })
}

/** Security ends any grant, and the leads of a project those of its targets. */
function checkMayRevoke(deps: ControlDeps, caller: Caller, { grant }: GrantRecord, policy: AccessPolicy): void {
  if (isAllowed(deps, caller, 'grant.revoke')) return
  if (ledProjects(policy.projects, caller.identity, grant.target).length > 0) return
  throw new SallyportError(
    'SP-FORBIDDEN',
    'a grant is revoked by an admin or a lead of its project; hand back your own',
  )
}

function maySee(
  deps: ControlDeps,
  caller: Caller,
  { holder, grant, review }: GrantRecord,
  policy: AccessPolicy,
): boolean {
  const { identity } = caller
  if (isSelf(identity, holder) || isAllowed(deps, caller, 'grant.read_all')) return true
  const reviews = review !== null && policy.settings.reviewGroups.some((group) => identity.groups.includes(group))
  return reviews || ledProjects(policy.projects, identity, grant.target).length > 0
}

function grants(deps: ControlDeps, caller: Caller, query: GrantQuery) {
  const { view, state, target, person, review } = query
  return acting(deps, caller, 'self.read', 'grants', (_act, policy) =>
    deps.store.read((tx) => {
      if (view === 'mine') {
        return page(tx.grants, given({ person: personKey(caller.identity), state, target, review }), query)
      }
      const where = given({ state, target, person, review })
      if (isAllowed(deps, caller, 'grant.read_all')) return page(tx.grants, where, query)
      checkSeesOthers(caller, policy)
      return page(tx.grants, where, query, (record) => maySee(deps, caller, record, policy))
    }),
  )
}

/** Leads see the grants on their targets, and those who review break-glass what they review. */
function checkSeesOthers({ identity }: Caller, { projects, settings }: AccessPolicy): void {
  if (ledProjects(projects, identity).length > 0) return
  if (settings.reviewGroups.some((group) => identity.groups.includes(group))) return
  throw new SallyportError('SP-FORBIDDEN', 'the grants of others are for admin, auditor, leads and reviewers')
}

async function grantRecord(tx: ReadTx, id: string): Promise<GrantRecord> {
  const record = await tx.grants.get(id)
  if (record === undefined) throw notFound('grant', id)
  return record
}

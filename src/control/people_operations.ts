import { operationsOf } from '../access/api_roles.ts'
import { chooseRule, openStages } from '../access/approval_rules.ts'
import { canBeApproved } from '../access/approvers.ts'
import type { AccessControl, Caller, RoleOption, TargetView } from '../access/control.ts'
import { isLocking } from '../access/locks.ts'
import { isOneOf, refOf } from '../access/person.ts'
import { type AccessPolicy, apiRolesOf, ledProjects, type TargetFacts } from '../access/policy.ts'
import { factsOf, type Surroundings } from '../access/requests.ts'
import { knownTarget } from '../access/validate.ts'
import { SallyportError } from '../errors.ts'
import { matchesAny } from '../policy/patterns.ts'
import type { Role } from '../policy/role.ts'
import { bounded } from './bounded.ts'
import { all } from './listing.ts'
import { acting, actOf, type ControlDeps } from './running.ts'
import { changers, seenPeople } from './surroundings.ts'

type PeopleOperations = Pick<AccessControl, 'standing' | 'require' | 'targets' | 'roleOptions'>

export function peopleOperations(deps: ControlDeps): PeopleOperations {
  return {
    standing: (caller) =>
      acting(deps, caller, 'self.read', 'standing', async (_act, policy) => {
        const { identity } = caller
        const roles = apiRolesOf(identity, policy)
        return {
          person: refOf(identity),
          groups: identity.groups,
          roles,
          operations: operationsOf(roles),
          leads: ledProjects(policy.projects, identity).map(({ name }) => name),
        }
      }),
    require: (caller, operation) => acting(deps, caller, operation, operation, async () => {}),
    targets: (caller) =>
      acting(deps, caller, 'target.read', 'targets', async (act, policy) => {
        const locks = await deps.store.read((tx) => all(tx.locks, { what: 'target', liftedAt: null }))
        const locked = new Set(locks.filter((lock) => isLocking(lock, act.now)).map(({ value }) => value))
        return [...policy.targets.values()].map((target) => viewOf(target, policy, locked))
      }),
    roleOptions: (caller, target) =>
      acting(deps, caller, 'target.read', target, (_act, policy) => roleOptions(deps, caller, policy, target)),
  }
}

function viewOf({ name, engine, labels }: TargetFacts, policy: AccessPolicy, locked: ReadonlySet<string>): TargetView {
  const project = policy.projects.find(({ targets }) => matchesAny(targets, name))?.name ?? null
  return { name, engine, labels, project, locked: locked.has(name) }
}

/** Every role, with what a request for its default would meet now. Those that nothing leads to are left out. */
export async function roleOptions(
  deps: ControlDeps,
  caller: Caller,
  policy: AccessPolicy,
  targetName: string,
): Promise<readonly RoleOption[]> {
  const target = knownTarget(policy, targetName)
  const { now } = actOf(deps, caller)
  const known = await deps.store.read(async (tx) => {
    const roles = [...policy.roles.values()]
    const changed = await Promise.all(
      roles.map(({ name }) => changers(tx, policy, now, { role: name, target: target.name })),
    )
    return { people: await seenPeople(tx, policy, now), changed, roles }
  })
  const options: RoleOption[] = []
  for (const [index, role] of known.roles.entries()) {
    const classification = await deps.classesOf(target.name, role.name, null)
    const changedBy = known.changed[index] ?? (() => [])
    const around = { policy, person: caller.identity, people: known.people, changedBy, classification }
    const option = bounded(() => optionOf(role, target, around, now))
    if (option.rule !== null || role.asking.breakGlass) options.push(option)
  }
  return options
}

type Around = Omit<Surroundings, 'held' | 'requestId' | 'grantId'>

function optionOf(role: Role, target: TargetFacts, around: Around, now: number): RoleOption {
  const { defaultDurationMs, maxDurationMs, ticketRequired, breakGlass } = role.asking
  return {
    role: role.name,
    description: role.description,
    parameters: Object.fromEntries(role.parameters),
    defaultDurationMs,
    maxDurationMs,
    ticketRequired,
    breakGlass,
    ...approvalOf(role, target, around, now),
  }
}

function approvalOf(
  role: Role,
  target: TargetFacts,
  around: Around,
  now: number,
): Pick<RoleOption, 'approval' | 'rule'> {
  const durationMs = role.asking.defaultDurationMs
  const wish = { kind: 'standard' as const, narrowing: null, risks: [], durationMs }
  try {
    const { rule, stages } = chooseRule(around.policy.rules, role, factsOf(around, role, target, wish, now))
    const excluded = { requester: around.person, changedBy: around.changedBy(rule.name) }
    if (stages.length === 0) {
      return { rule: rule.name, approval: isOneOf(around.person, excluded.changedBy) ? 'none' : 'auto' }
    }
    const asked = { target: target.name, role: role.name, durationMs, stages: openStages(stages, now) }
    const approval = canBeApproved(asked, around.people, excluded, around.policy) ? 'people' : 'none'
    return { rule: rule.name, approval }
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'SP-NO-RULE') return { rule: null, approval: 'none' }
    throw error
  }
}

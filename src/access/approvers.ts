import type { Identity } from '../identity/identity.ts'
import { matchesAny } from '../policy/patterns.ts'
import type { Role } from '../policy/role.ts'
import { largestMatching } from './matching.ts'
import type { AccessRequest, PersonRef, Stage } from './model.ts'
import { isOneOf, type Persona, refOf, samePerson } from './person.ts'
import { type AccessPolicy, LEADS, ledProjects } from './policy.ts'
import type { Delegation } from './records.ts'

/** A person with the groups that count for them now. */
export type Approver = Persona & { readonly groups: readonly string[] }

/** Who can't approve a request, whatever their groups. */
export interface Excluded {
  readonly requester: Persona
  /** Who changed the role or the rule that it falls under. */
  readonly changedBy: readonly PersonRef[]
}

type Asked = Pick<AccessRequest, 'target' | 'role' | 'durationMs'>

/** The groups whose right a person holds over a request: their own ones, and that of the leads of its project. */
export function authorityOf(person: Approver, request: Asked, policy: AccessPolicy): readonly string[] {
  const own = person.groups.filter((group) => group !== LEADS)
  return leads(person, request, policy, policy.roles.get(request.role)) ? [...own, LEADS] : own
}

function leads(person: Approver, request: Asked, { projects }: AccessPolicy, role: Role | undefined): boolean {
  if (role?.asking.delegable !== true) return false
  return ledProjects(projects, person, request.target).some(
    ({ roles, maxDurationMs }) => matchesAny(roles, role.name) && request.durationMs <= maxDurationMs,
  )
}

/** The groups of a stage that the person may answer for. */
export function rightsIn(stage: Stage, person: Approver, request: Asked, policy: AccessPolicy): readonly string[] {
  const authority = authorityOf(person, request, policy)
  return stage.groups.filter((group) => authority.includes(group))
}

export function isLive({ start, end, endedAt }: Delegation, now: number): boolean {
  return endedAt === null && start <= now && now < end
}

/** The delegator's rights that a delegation passes on: only their own ones, never those that were delegated to them. */
export function delegatedRights(
  stage: Stage,
  { groups }: Delegation,
  delegator: Approver,
  request: Asked,
  policy: AccessPolicy,
): readonly string[] {
  const rights = rightsIn(stage, delegator, request, policy)
  return groups.length === 0 ? rights : rights.filter((group) => groups.includes(group))
}

/** Everybody who could answer the stage, as last seen. */
export function eligible(
  stage: Stage,
  request: Asked,
  people: readonly Approver[],
  excluded: Excluded,
  policy: AccessPolicy,
): readonly Approver[] {
  return people.filter(
    (person) =>
      rightsIn(stage, person, request, policy).length > 0 &&
      !samePerson(person, excluded.requester) &&
      !isOneOf(person, excluded.changedBy),
  )
}

/** True where every stage could be completed by the people there are, each of whom counts once over all stages. */
export function canBeApproved(
  request: Asked & Pick<AccessRequest, 'stages'>,
  people: readonly Approver[],
  excluded: Excluded,
  policy: AccessPolicy,
): boolean {
  const distinct = withoutDoubles(people)
  const slots = request.stages.flatMap((stage) => {
    const fit = eligible(stage, request, distinct, excluded, policy).map((person) => distinct.indexOf(person))
    return Array.from({ length: stage.quorum }, () => fit)
  })
  const groupsFilled = request.stages.every((stage) => fillsGroups(stage, request, distinct, excluded, policy))
  return groupsFilled && largestMatching(slots) === slots.length
}

function fillsGroups(
  stage: Stage,
  request: Asked,
  people: readonly Approver[],
  excluded: Excluded,
  policy: AccessPolicy,
): boolean {
  if (!stage.distinctGroups) return true
  const fit = eligible(stage, request, people, excluded, policy)
  return distinctGroups(fit.map((person) => rightsIn(stage, person, request, policy))) >= stage.quorum
}

/** The most people that can each stand for another group. */
export function distinctGroups(groupsOf: readonly (readonly string[])[]): number {
  const groups = [...new Set(groupsOf.flat())]
  return largestMatching(groupsOf.map((held) => held.map((group) => groups.indexOf(group))))
}

/** Those who were seen, and members by file who were not. */
export function knownPeople(seen: readonly Identity[], { members }: AccessPolicy): readonly Approver[] {
  const byFile = [...members].map(([name, groups]) => ({ issuer: '', subject: name, email: name, name: null, groups }))
  return [...seen, ...byFile]
}

function withoutDoubles(people: readonly Approver[]): readonly Approver[] {
  const distinct: Approver[] = []
  for (const person of people) {
    const index = distinct.findIndex((other) => samePerson(other, person))
    const known = distinct[index]
    if (known === undefined) distinct.push(person)
    else distinct[index] = { ...known, groups: [...new Set([...known.groups, ...person.groups])] }
  }
  return distinct
}

export function refsOf(people: readonly Approver[]): readonly PersonRef[] {
  return withoutDoubles(people).map(refOf)
}

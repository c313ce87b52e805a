import type { GroupsMap } from '../identity/settings.ts'
import type { Grant } from '../policy/grant.ts'
import { matchesAny } from '../policy/patterns.ts'
import type { Role } from '../policy/role.ts'
import { API_ROLES, type ApiRole, rolesOf } from './api_roles.ts'
import type { ApprovalRule } from './approval_rules.ts'
import { isNamedBy } from './person.ts'
import type { ReviewSchedule } from './review_calendar.ts'

/** What of the configuration and of the policy in force the lifecycle is decided by. */
export interface AccessPolicy {
  readonly targets: ReadonlyMap<string, TargetFacts>
  readonly roles: ReadonlyMap<string, Role>
  /** In order: the first that matches decides. */
  readonly rules: readonly ApprovalRule[]
  readonly projects: readonly Project[]
  readonly apiRoles: ReadonlyMap<ApiRole, readonly string[]>
  /** Groups by file: who may approve is known then before they were seen. */
  readonly members: GroupsMap
  /** Standing ones of policy files, for access reviews. */
  readonly fileGrants: readonly Grant[]
  readonly reviewSchedules: readonly ReviewSchedule[]
  readonly settings: AccessSettings
  /** Sessions can be recorded: there is a key to seal recordings to. */
  readonly canRecord: boolean
}

export interface TargetFacts {
  readonly name: string
  readonly engine: 'postgres' | 'mysql'
  readonly labels: Readonly<Record<string, string>>
}

/** Targets with leads, who answer for them inside what security allows. */
export interface Project {
  readonly name: string
  /** Patterns. */
  readonly targets: readonly string[]
  readonly leads: { readonly groups: readonly string[]; readonly people: readonly string[] }
  /** Patterns: of the delegable roles, which ones leads may approve. */
  readonly roles: readonly string[]
  /** Leads approve nothing longer. */
  readonly maxDurationMs: number
}

export interface AccessSettings {
  /** A request that nobody answers for so long expires. */
  readonly requestExpiryMs: number
  /** How far ahead a grant may begin. */
  readonly maxStartAheadMs: number
  /** A person not seen for so long counts as nobody who could approve, nor as somebody who could delegate. */
  readonly seenWithinMs: number
  /** A change of policy needs a second person. */
  readonly fourEyes: boolean
  /** Approve a plan that adds columns without a class, beside whom the rule demands; empty: nobody more. */
  readonly classificationGroups: readonly string[]
  /** Who changed a role or rule approves nothing under it for so long. */
  readonly ownChangeMs: number
  readonly breakGlassMs: number
  /** How often an incident is asked for while its grants last. */
  readonly incidentCheckMs: number
  readonly reviewWithinMs: number
  /** Review break-glass. */
  readonly reviewGroups: readonly string[]
  readonly reviewReminderMs: number
  readonly maxPasswordMs: number
  readonly maxCertificateMs: number
}

/**
 * Stands in the groups of a stage for the leads of the target's project. A group of a token that is called so counts for
 * nothing.
 */
export const LEADS = '$leads'

/** Projects of the target that the person leads. */
export function ledProjects(
  projects: readonly Project[],
  person: { readonly email: string | null; readonly groups: readonly string[] },
  target?: string,
): readonly Project[] {
  return projects.filter(
    ({ leads, targets }) =>
      (target === undefined || matchesAny(targets, target)) &&
      (leads.groups.some((group) => person.groups.includes(group)) || isNamedBy(person, leads.people)),
  )
}

/** Whom an approval rule or a review names, and who leads a project, may answer: no other list has to say so again. */
export function apiRolesOf(
  person: { readonly email: string | null; readonly groups: readonly string[] },
  { apiRoles, rules, projects, reviewSchedules, settings }: AccessPolicy,
): readonly ApiRole[] {
  const roles = rolesOf(person.groups, apiRoles)
  const inRules = rules.flatMap(({ stages }) => stages.flatMap(({ groups }) => groups))
  const inReviews = reviewSchedules.flatMap(({ reviewerGroups }) => reviewerGroups)
  const groups = [...inRules, ...inReviews, ...settings.classificationGroups]
  const named = groups.some((group) => person.groups.includes(group))
  const answers = named || ledProjects(projects, person).length > 0
  return API_ROLES.filter((role) => roles.includes(role) || (role === 'approver' && answers))
}

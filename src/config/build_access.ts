import { API_ROLES } from '../access/api_roles.ts'
import type { ApprovalRule, StageTemplate } from '../access/approval_rules.ts'
import { type Condition, compileCondition } from '../access/conditions.ts'
import type { AccessPolicy, AccessSettings, Project } from '../access/policy.ts'
import { buildReview } from './build_reviews.ts'
import type { Config } from './config.ts'
import { digestOf } from './digest.ts'
import type { AccessSection, ApprovalSection, ProjectSection, ReviewSection } from './schema_file.ts'

/** What of the lifecycle's policy stands in sections of its own. */
export type AccessConfig = Pick<AccessPolicy, 'rules' | 'projects' | 'apiRoles' | 'reviewSchedules' | 'settings'>

export function buildAccess(
  approvals: readonly ApprovalSection[],
  projects: readonly ProjectSection[],
  access: AccessSection,
  reviews: readonly ReviewSection[],
): AccessConfig {
  return {
    rules: approvals.map(buildRule),
    projects: projects.map(buildProject),
    apiRoles: new Map(API_ROLES.map((role) => [role, access.roles[role]])),
    reviewSchedules: reviews.map(buildReview),
    settings: buildSettings(access),
  }
}

/** The configuration as the control plane asks for it. */
export function accessPolicyOf(config: Config): AccessPolicy {
  return {
    ...config.access,
    targets: new Map(config.targets.map(({ name, engine, labels }) => [name, { name, engine, labels }])),
    roles: config.roles,
    members: config.oidc.groups,
    fileGrants: config.grants,
    canRecord: config.node.audit.sealTo !== null,
  }
}

function buildRule(section: ApprovalSection): ApprovalRule {
  const { name, roles, targets, labels, kinds, verbs, when, zone } = section
  const condition = when === undefined ? null : conditionOf(when)
  const stages = stagesOf(section)
  return { name, digest: digestOf(section), roles, targets, labels, kinds, verbs, when: condition, zone, stages }
}

/** The schema has compiled it before: one that can't be judged never matches. */
function conditionOf(text: string): Condition {
  const compiled = compileCondition(text)
  return 'error' in compiled ? { text, judge: () => null } : compiled
}

type Waiting = Pick<
  NonNullable<ApprovalSection['single']>,
  'freshLogin' | 'nudgeAfter' | 'escalateAfter' | 'escalateTo'
>

function stagesOf({ single, dual, stages }: ApprovalSection): readonly StageTemplate[] {
  if (single !== undefined) return [stageOf(single, 'approval', single.groups, 1, false)]
  if (dual !== undefined) {
    const distinct = dual.distinctGroups ?? new Set(dual.groups).size > 1
    return [stageOf(dual, 'approval', dual.groups, 2, distinct)]
  }
  return (stages ?? []).map((one) => stageOf(one, one.name, one.groups, one.quorum, one.distinctGroups))
}

function stageOf(
  { freshLogin, nudgeAfter, escalateAfter, escalateTo }: Waiting,
  name: string,
  groups: readonly string[],
  quorum: number,
  distinctGroups: boolean,
): StageTemplate {
  return {
    name,
    groups,
    quorum,
    distinctGroups,
    freshLoginMs: freshLogin,
    nudgeAfterMs: nudgeAfter,
    escalateAfterMs: escalateAfter,
    escalateTo,
  }
}

function buildProject({ name, targets, leads, roles, maxDuration }: ProjectSection): Project {
  return { name, targets, leads, roles, maxDurationMs: maxDuration }
}

function buildSettings(access: AccessSection): AccessSettings {
  const { breakGlass } = access
  return {
    requestExpiryMs: access.requestExpiry,
    maxStartAheadMs: access.maxStartAhead,
    seenWithinMs: access.seenWithin,
    fourEyes: access.fourEyes,
    ownChangeMs: access.ownChange,
    classificationGroups: access.classificationGroups,
    breakGlassMs: breakGlass.duration,
    incidentCheckMs: breakGlass.checkEvery,
    reviewWithinMs: breakGlass.reviewWithin,
    reviewGroups: breakGlass.reviewGroups,
    reviewReminderMs: access.reviewReminder,
    maxPasswordMs: access.passwordLifetime,
    maxCertificateMs: access.certificateLifetime,
  }
}

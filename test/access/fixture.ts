import type { ApprovalRule, StageTemplate } from '../../src/access/approval_rules.ts'
import { type Condition, compileCondition } from '../../src/access/conditions.ts'
import type { AccessPolicy, AccessSettings } from '../../src/access/policy.ts'
import type { Surroundings, Wish } from '../../src/access/requests.ts'
import type { Act } from '../../src/access/transition.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { Asking, Role } from '../../src/policy/role.ts'
import { roleOf, scopeRule } from '../policy/build.ts'

export const NOW = Date.UTC(2026, 0, 14, 10, 30)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
const ISSUER = 'https://idp.example.test'

export function person(name: string, groups: readonly string[] = [], over: Partial<Identity> = {}): Identity {
  const email = `${name}@example.test`
  return {
    issuer: ISSUER,
    subject: name,
    email,
    name,
    groups,
    aliases: [name, email],
    tokenId: null,
    expiresAt: NOW + HOUR,
    authTime: NOW,
    acr: null,
    amr: [],
    ...over,
  }
}

export function actAs(by: Identity | null, now = NOW): Act {
  return { now, by, clientAddress: null }
}

const SETTINGS: AccessSettings = {
  requestExpiryMs: DAY,
  maxStartAheadMs: 30 * DAY,
  seenWithinMs: 90 * DAY,
  fourEyes: true,
  classificationGroups: [],
  ownChangeMs: 30 * DAY,
  breakGlassMs: 30 * MINUTE,
  incidentCheckMs: MINUTE,
  reviewWithinMs: 48 * HOUR,
  reviewGroups: ['security'],
  reviewReminderMs: 3 * DAY,
  maxPasswordMs: HOUR,
  maxCertificateMs: 8 * HOUR,
}

export function condition(text: string): Condition {
  const compiled = compileCondition(text)
  if ('error' in compiled) throw new Error(compiled.error)
  return compiled
}

export function stage(groups: readonly string[], over: Partial<StageTemplate> = {}): StageTemplate {
  return {
    name: 'approval',
    groups,
    quorum: 1,
    distinctGroups: false,
    freshLoginMs: 0,
    nudgeAfterMs: 0,
    escalateAfterMs: 0,
    escalateTo: [],
    ...over,
  }
}

export function rule(name: string, stages: readonly StageTemplate[], over: Partial<ApprovalRule> = {}): ApprovalRule {
  return {
    name,
    digest: `digest of ${name}`,
    roles: ['*'],
    targets: ['*'],
    labels: {},
    kinds: ['standard', 'extension', 'migration'],
    verbs: [],
    when: null,
    zone: 'UTC',
    stages,
    ...over,
  }
}

export function role(name: string, asking: Partial<Asking> = {}, over: Partial<Role> = {}): Role {
  const base = roleOf({ name, scope: [scopeRule({ schemas: ['shop'], tables: ['*'], verbs: ['read'] })], ...over })
  return { ...base, asking: { ...base.asking, ...asking } }
}

interface PolicyOver extends Partial<Omit<AccessPolicy, 'roles' | 'settings'>> {
  readonly roles?: readonly Role[]
  readonly settings?: Partial<AccessSettings>
}

export function policyOf({ roles = [role('reader')], settings, ...over }: PolicyOver = {}): AccessPolicy {
  const labels = { env: 'prod', service: 'shop' }
  return {
    targets: new Map([['orders', { name: 'orders', engine: 'postgres', labels }]]),
    roles: new Map(roles.map((one) => [one.name, one])),
    rules: [rule('single', [stage(['dba'])])],
    projects: [],
    apiRoles: new Map([
      ['admin', ['admins']],
      ['policy-admin', ['policy']],
      ['approver', ['*']],
      ['requester', ['*']],
      ['responder', ['*']],
      ['auditor', ['auditors']],
    ]),
    members: new Map(),
    fileGrants: [],
    reviewSchedules: [],
    settings: { ...SETTINGS, ...settings },
    canRecord: true,
    ...over,
  }
}

export function wish(over: Partial<Wish> = {}): Wish {
  return {
    kind: 'standard',
    target: 'orders',
    role: 'reader',
    parameters: {},
    narrowing: null,
    durationMs: HOUR,
    start: null,
    reason: 'a look at an order',
    ticket: null,
    plan: null,
    risks: [],
    extendsGrant: null,
    fromRefusal: null,
    ...over,
  }
}

export function around(policy: AccessPolicy, asker: Identity, over: Partial<Surroundings> = {}): Surroundings {
  return {
    policy,
    person: asker,
    people: [person('bob', ['dba']), person('carol', ['dba', 'security'])],
    changedBy: () => [],
    held: [],
    classification: null,
    requestId: 'r1',
    grantId: 'g1',
    ...over,
  }
}

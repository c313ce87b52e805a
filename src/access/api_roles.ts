/** What a person may do in the administration, by the groups that the configuration maps to these roles. */
export const API_ROLES = ['admin', 'policy-admin', 'approver', 'requester', 'responder', 'auditor'] as const

export type ApiRole = (typeof API_ROLES)[number]

/** Each operation with the roles of which one is enough; `any` is every person with a good token. */
const OPERATIONS = {
  'self.read': ['any'],
  'target.read': ['any'],
  'refusal.read': ['any'],
  'request.create': ['requester'],
  'request.cancel': ['requester', 'responder'],
  'request.answer': ['approver'],
  'request.read_all': ['admin', 'policy-admin', 'auditor'],
  'grant.hand_back': ['requester', 'responder'],
  'grant.revoke': ['admin'],
  'grant.read_all': ['admin', 'auditor'],
  'break_glass.start': ['responder'],
  'break_glass.review': ['approver', 'admin'],
  'credential.issue': ['requester', 'responder'],
  'credential.revoke': ['admin'],
  'credential.read_all': ['admin', 'auditor'],
  'delegation.create': ['approver'],
  'delegation.read_all': ['admin', 'auditor'],
  'lock.set': ['admin'],
  'lock.lift': ['admin'],
  'lock.read': ['admin', 'auditor'],
  'session.end': ['admin'],
  'session.read_all': ['admin', 'auditor'],
  'policy.read': ['admin', 'policy-admin', 'approver', 'auditor'],
  'policy.evaluate': ['policy-admin', 'approver', 'auditor'],
  'policy.write': ['policy-admin'],
  'policy.approve': ['policy-admin'],
  'review.open': ['admin'],
  'review.answer': ['approver', 'admin'],
  'review.read': ['admin', 'approver', 'auditor'],
  'evidence.build': ['admin', 'auditor'],
  'figures.read': ['admin', 'policy-admin', 'auditor'],
  'posture.read': ['admin', 'auditor'],
  'audit.read': ['auditor'],
  'audit.clear': ['admin'],
  'alert.read': ['admin', 'auditor'],
  'alert.test': ['admin'],
  'sink.read': ['admin', 'auditor'],
  'sink.test': ['admin'],
  'webhook.manage': ['admin'],
  'backup.make': ['admin'],
  'backup.restore': ['admin'],
} as const satisfies Record<string, readonly (ApiRole | 'any')[]>

export type Operation = keyof typeof OPERATIONS

/** What writes policy, and what can make the trace of it go away: a person who holds both rights may use neither. */
const WRITES_POLICY: readonly Operation[] = ['policy.write', 'policy.approve']
const CLEARS_AUDIT: readonly Operation[] = ['audit.clear', 'backup.restore']

/** The roles that a person's groups give; the group `*` stands for everybody. */
export function rolesOf(
  groups: readonly string[],
  mapping: ReadonlyMap<ApiRole, readonly string[]>,
): readonly ApiRole[] {
  return API_ROLES.filter((role) => (mapping.get(role) ?? []).some((group) => group === '*' || groups.includes(group)))
}

export function mayDo(roles: readonly ApiRole[], operation: Operation): boolean {
  if (!holds(roles, operation)) return false
  if (WRITES_POLICY.includes(operation)) return !CLEARS_AUDIT.some((other) => holds(roles, other))
  if (CLEARS_AUDIT.includes(operation)) return !WRITES_POLICY.some((other) => holds(roles, other))
  return true
}

/** The operations that these roles allow, for a client that shows only what will work. */
export function operationsOf(roles: readonly ApiRole[]): readonly Operation[] {
  return (Object.keys(OPERATIONS) as Operation[]).filter((operation) => mayDo(roles, operation))
}

/** For the sentence of a refusal. */
export function rolesFor(operation: Operation): readonly (ApiRole | 'any')[] {
  return OPERATIONS[operation]
}

function holds(roles: readonly ApiRole[], operation: Operation): boolean {
  const enough: readonly (ApiRole | 'any')[] = OPERATIONS[operation]
  return enough.some((role) => role === 'any' || roles.includes(role))
}

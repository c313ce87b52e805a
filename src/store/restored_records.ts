import type { GrantRecord } from '../access/model.ts'
import type { RecordName, Records } from '../access/ports.ts'
import type { AccessEvent } from '../audit/access_event.ts'

/** What becomes of each record when it comes back from a backup. */

export interface Restoring {
  readonly now: number
  readonly reason: string
  readonly stillValid: (grant: GrantRecord) => boolean
}

type Told = Pick<AccessEvent, 'activity' | 'entity'> & Partial<AccessEvent>

interface Restored<Name extends RecordName> {
  readonly record: Records[Name]['record']
  /** What has to stand in the log of it; null where the record is as it was. */
  readonly event: Told | null
}

type Rule<Name extends RecordName> = (record: Records[Name]['record'], restoring: Restoring) => Restored<Name>

const same = <R>(record: R) => ({ record, event: null })

function changed<R extends { readonly version: number }>(record: R, to: Partial<R>, event: Told | null = null) {
  return { record: { ...record, ...to, version: record.version + 1 }, event }
}

const RULES: { readonly [Name in RecordName]?: Rule<Name> } = {
  grants: (record, { now, reason, stillValid }) => {
    const { id, state, grant } = record
    if (state !== 'active' && state !== 'scheduled') return same(record)
    if (now < grant.end && stillValid(record)) return same(record)
    const end = { state: 'revoked', endedAt: now, endedBy: null, endReason: reason } as const
    const what = { grantId: id, requestId: grant.requestId, target: grant.target, role: grant.role }
    const entity = { type: 'grant', id }
    return changed(record, end, { activity: 'grant.revoked', entity, person: record.holder, ...what })
  },
  requests: (record, { now }) => {
    const { id, state, target, role } = record
    if (state !== 'pending' && state !== 'changes_requested') return same(record)
    const told = { entity: { type: 'request', id }, person: record.requester, requestId: id, target, role }
    return changed(record, { state: 'expired', decidedAt: now }, { activity: 'request.expired', ...told })
  },
  passwords: (record, { now }) => {
    if (record.revokedAt !== null) return same(record)
    const { id, identity, grantId, target } = record
    const { issuer, subject, email, name } = identity
    const told = { entity: { type: 'password', id }, person: { issuer, subject, email, name }, grantId, target }
    return changed(record, { revokedAt: now }, { activity: 'password.revoked', ...told })
  },
  certificates: (record, { now }) => {
    if (record.revokedAt !== null) return same(record)
    const { issuer, subject, email, name } = record.identity
    const told = { entity: { type: 'certificate', id: record.id }, person: { issuer, subject, email, name } }
    return changed(record, { revokedAt: now }, { activity: 'certificate.revoked', ...told })
  },
  delegations: (record, { now }) => {
    if (record.endedAt !== null) return same(record)
    const told = { entity: { type: 'delegation', id: record.id }, person: record.from }
    return changed(record, { endedAt: now }, { activity: 'delegation.ended', ...told })
  },
  // A version that somebody may have refused since is asked for again.
  policies: (record) => {
    if (record.state !== 'proposed') return same(record)
    const entity = { type: 'policy', id: record.id }
    return changed(record, { state: 'refused' }, { activity: 'policy.refused', entity })
  },
  sessions: (record) => (record.endedAt === null ? changed(record, { endedAt: record.lastSeenAt }) : same(record)),
  // The janitor looks for it on its target, and drops it.
  accounts: (record) => (record.state === 'dropped' ? same(record) : changed(record, { state: 'orphaned' })),
}

export function restored<Name extends RecordName>(
  name: Name,
  record: Records[Name]['record'],
  restoring: Restoring,
): Restored<Name> {
  const rule: Rule<Name> | undefined = RULES[name]
  return rule === undefined ? same(record) : rule(record, restoring)
}

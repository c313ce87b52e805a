import type { AccessActivity } from '../audit/access_event.ts'
import { SallyportError } from '../errors.ts'
import { endGrant } from './grants.ts'
import type { GrantRecord } from './model.ts'
import type { ClientCertificate, ConnectionPassword, Lock } from './records.ts'
import { type Act, actorOf, FIRST_VERSION, happened, type Transition, together } from './transition.ts'
import { checkedReason } from './validate.ts'

export type WhatToLock = Pick<Lock, 'what' | 'value' | 'label' | 'until'> & { readonly reason: string }

/** Everything that stands under what is locked. */
export interface Affected {
  readonly grants: readonly GrantRecord[]
  readonly passwords: readonly ConnectionPassword[]
  readonly certificates: readonly ClientCertificate[]
}

export interface Locked {
  readonly lock: Lock
  readonly transition: Transition
}

/** Ends everything of a person, target or grant, and keeps it out. */
export function setLock(act: Act, what: WhatToLock, affected: Affected, id: string): Locked {
  const { until } = what
  if (until !== null && until <= act.now) throw new SallyportError('SP-REQUEST', 'the lock would have ended already')
  const reason = checkedReason(what.reason)
  const lock: Lock = {
    id,
    version: FIRST_VERSION,
    what: what.what,
    value: what.value,
    label: what.label,
    by: actorOf(act),
    reason,
    at: act.now,
    until,
    liftedAt: null,
    liftedBy: null,
  }
  const detail = { what: lock.what, label: lock.label, until, ...counts(affected) }
  const set: Transition = {
    writes: [{ into: 'locks', how: 'insert', record: lock }],
    events: [happened(act, 'lock.set', { ...ofLock(lock), severity: 'high', reason, detail })],
  }
  return { lock, transition: together(set, endAll(act, affected, `locked: ${reason}`)) }
}

export function liftLock(act: Act, lock: Lock, reason: string): Transition {
  if (!isLocking(lock, act.now)) throw new SallyportError('SP-STATE', 'the lock is not in force')
  const lifted: Lock = { ...lock, liftedAt: act.now, liftedBy: actorOf(act) }
  const detail = { what: lock.what, label: lock.label }
  const event = happened(act, 'lock.lifted', {
    ...ofLock(lock),
    severity: 'medium',
    reason: checkedReason(reason),
    detail,
  })
  return { writes: [{ into: 'locks', how: 'update', record: lifted }], events: [event] }
}

export function isLocking({ liftedAt, until }: Lock, now: number): boolean {
  return liftedAt === null && (until === null || now < until)
}

function ofLock({ id, what, value }: Lock) {
  return {
    entity: { type: 'lock', id },
    target: what === 'target' ? value : null,
    grantId: what === 'grant' ? value : null,
  }
}

function counts({ grants, passwords, certificates }: Affected) {
  return { grants: grants.length, passwords: passwords.length, certificates: certificates.length }
}

function endAll(act: Act, { grants, passwords, certificates }: Affected, reason: string): Transition {
  return together(
    ...grants.map((grant) => endGrant(act, grant, 'revoked', reason)),
    ...passwords.map((password) => revokePassword(act, password, reason)),
    ...certificates.map((certificate) => revokeCertificate(act, certificate, reason)),
  )
}

export function revokePassword(act: Act, password: ConnectionPassword, reason: string | null): Transition {
  expectValid(password)
  const record: ConnectionPassword = { ...password, revokedAt: act.now }
  const { target, grantId } = password
  const about = { target, grantId }
  return {
    writes: [{ into: 'passwords', how: 'update', record }],
    events: [credentialEvent(act, 'password.revoked', password, reason, about)],
  }
}

export function revokeCertificate(act: Act, certificate: ClientCertificate, reason: string | null): Transition {
  expectValid(certificate)
  const record: ClientCertificate = { ...certificate, revokedAt: act.now }
  return {
    writes: [{ into: 'certificates', how: 'update', record }],
    events: [credentialEvent(act, 'certificate.revoked', certificate, reason, {})],
  }
}

export function credentialEvent(
  act: Act,
  activity: Extract<AccessActivity, `password.${string}` | `certificate.${string}`>,
  { id, identity, expiresAt }: Pick<ConnectionPassword, 'id' | 'identity' | 'expiresAt'>,
  reason: string | null,
  about: { readonly target?: string; readonly grantId?: string },
) {
  const { issuer, subject, email, name } = identity
  return happened(act, activity, {
    ...about,
    entity: { type: activity.startsWith('password') ? 'password' : 'certificate', id },
    person: { issuer, subject, email, name },
    reason,
    detail: { expiresAt },
  })
}

function expectValid({ revokedAt }: { readonly revokedAt: number | null }): void {
  if (revokedAt !== null) throw new SallyportError('SP-STATE', 'it was revoked before')
}

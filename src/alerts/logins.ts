import type { AuditEvent } from '../audit/event.ts'
import type { ErrorCode } from '../errors.ts'
import type { Raiser } from './raiser.ts'
import { claimedPerson, whoOf } from './who.ts'

type LoginFailed = Extract<AuditEvent, { kind: 'login_failed' }>
type Login = Extract<AuditEvent, { kind: 'login' }>

const MINUTE_MS = 60_000

/** Refused for a reason on our side: says nothing of who tried. */
const OURS: ReadonlySet<string> = new Set<ErrorCode>([
  'SP-UPSTREAM',
  'SP-ACCOUNT',
  'SP-CATALOG',
  'SP-CONFIG',
  'SP-STORE',
  'SP-LEASE',
  'SP-AUDIT',
  'SP-INTERNAL',
  'SP-DRAIN',
  'SP-LIMIT-CONNECTIONS',
])

/** Counted by the name that was claimed, which finds one person under attack, and by address, which finds one attacker. */
export function loginFailed({ id, session, code }: LoginFailed, raiser: Raiser): void {
  if (OURS.has(code)) return
  const { about } = whoOf(session)
  const { clientAddress } = session
  const claimed = claimedPerson(session.claimedUser)
  raiser.hit('failed_logins_person', {
    key: claimed,
    label: claimed,
    evidence: id,
    about: { ...about, claimedUser: claimed },
    say: (count, { windowMs }) => `${count} failed logins as ${claimed} within ${minutes(windowMs)}, the last ${code}`,
  })
  raiser.hit('failed_logins_address', {
    key: clientAddress,
    label: clientAddress,
    evidence: id,
    about: { clientAddress },
    say: (count, { windowMs }) =>
      `${count} failed logins from ${clientAddress} within ${minutes(windowMs)}, the last as ${claimed} (${code})`,
  })
}

export function unrestrictedLogin(login: Login, raiser: Raiser): void {
  withoutLimits(login, raiser, `under the unrestricted role ${login.session.role}`)
}

/** A role may be narrow, and its account yet pass every check of the database. */
export function superuserLogin(login: Pick<Login, 'id' | 'session'>, raiser: Raiser): void {
  withoutLimits(login, raiser, `by an account that is a superuser of the database, ${login.session.databaseUser}`)
}

function withoutLimits({ id, session }: Pick<Login, 'id' | 'session'>, raiser: Raiser, how: string): void {
  const { key, label, about } = whoOf(session)
  raiser.hit('unrestricted_session', {
    key: `${key}\0${session.target}`,
    label: `${label}/${session.target}`,
    evidence: id,
    about,
    say: () => `${label} has a session on ${session.target} ${how}`,
  })
}

/** Of a login, and of a statement in a session that lasts until then. */
export function accessOutside({ id, session }: Pick<Login, 'id' | 'session'>, raiser: Raiser): void {
  const { workloads, timeZone } = raiser.settings.hours
  if (session.identity?.machine === true && !workloads) return
  const { key, label, about } = whoOf(session)
  raiser.hit('outside_hours', {
    key,
    label,
    evidence: id,
    about,
    say: () => `${label} uses ${session.target} outside of working hours (${timeZone})`,
  })
}

export function minutes(ms: number): string {
  return `${Math.round((ms / MINUTE_MS) * 10) / 10} min`
}

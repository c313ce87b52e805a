import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Role } from '../policy/role.ts'

/** What the client gave for this one session. */
export interface SessionReason {
  readonly reason: string | null
  readonly ticket: string | null
}

const MS_PER_MINUTE = 60_000
const MAX_REASON_CHARS = 500
const MAX_TICKET_CHARS = 128

/** What a role demands of a login beyond the grant. Throws `SP-FRESH-LOGIN` or `SP-REASON`, with the next step in words. */
export function meetRole(role: Role, identity: Identity, given: SessionReason, now: number): void {
  if (role.acr.length > 0 && !role.acr.includes(identity.acr ?? '')) {
    throw stronger(role, `one of ${role.acr.join(', ')} (acr)`)
  }
  if (role.amr.length > 0 && !role.amr.some((method) => identity.amr.includes(method))) {
    throw stronger(role, `with one of ${role.amr.join(', ')} (amr)`)
  }
  if (role.maxAuthAgeMs > 0) {
    // A provider that does not say when the person logged in has not said that it was lately.
    const age = identity.authTime === null ? Number.POSITIVE_INFINITY : now - identity.authTime
    if (age > role.maxAuthAgeMs) throw stronger(role, `not older than ${wordsOf(role.maxAuthAgeMs)}`)
  }
  demandReason(role, given)
}

function demandReason({ name, sessionReason, ticketPattern }: Role, { reason, ticket }: SessionReason): void {
  tooLong('reason', reason, MAX_REASON_CHARS)
  tooLong('ticket', ticket, MAX_TICKET_CHARS)
  if (sessionReason === 'reason' && !reason?.trim()) {
    throw new SallyportError('SP-REASON', `the role ${name} demands a reason for each session: sallyport.reason`)
  }
  if (sessionReason === 'ticket' && !ticket?.trim()) {
    throw new SallyportError('SP-REASON', `the role ${name} demands a ticket for each session: sallyport.ticket`)
  }
  if (ticket && ticketPattern !== null && !new RegExp(`^(?:${ticketPattern})$`, 'u').test(ticket)) {
    throw new SallyportError('SP-REASON', `the ticket has not the form that the role ${name} demands`)
  }
}

/** It goes into every record of the session, so it is bounded. */
function tooLong(what: string, text: string | null, max: number): void {
  if (text !== null && text.length > max) {
    throw new SallyportError('SP-REASON', `the ${what} is longer than ${max} characters`)
  }
}

function stronger({ name }: Role, what: string): SallyportError {
  return new SallyportError('SP-FRESH-LOGIN', `the role ${name} demands a login ${what}: run sallyport login again`)
}

function wordsOf(ms: number): string {
  const minutes = Math.round(ms / MS_PER_MINUTE)
  if (minutes < 1) return `${Math.round(ms / 1000)} s`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
}

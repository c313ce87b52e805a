import { SallyportError } from '../errors.ts'
import type { ClaimValues } from '../identity/identity.ts'
import type { Narrowing } from '../policy/grant.ts'
import { narrowRole } from '../policy/narrow.ts'
import type { ParameterType, ParameterValue, Role } from '../policy/role.ts'
import type { AccessPolicy, TargetFacts } from './policy.ts'

/** What a person may write into a request, each check with a sentence that says what to mend. */

const MAX_REASON_CHARS = 2000
/** A pattern is looked for in so many of them: see the cost of patterns in the configuration. */
const MAX_SEARCHED_CHARS = 500
const MAX_TICKET_CHARS = 128
const MAX_VALUE_CHARS = 1000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function refuseRequest(detail: string): never {
  throw new SallyportError('SP-REQUEST', detail)
}

export function knownRole({ roles }: AccessPolicy, name: string): Role {
  return roles.get(name) ?? refuseRequest(`there is no role ${name}`)
}

export function knownTarget({ targets }: AccessPolicy, name: string): TargetFacts {
  return targets.get(name) ?? refuseRequest(`there is no target ${name}`)
}

/** The reason without the space around it. */
export function checkedReason(text: string, role: Role | null = null): string {
  const reason = text.trim()
  if (reason === '') refuseRequest('give a reason')
  if (reason.length > MAX_REASON_CHARS) refuseRequest(`the reason is longer than ${MAX_REASON_CHARS} characters`)
  const pattern = role?.asking.reasonPattern ?? null
  if (pattern !== null && !new RegExp(pattern, 'u').test(reason.slice(0, MAX_SEARCHED_CHARS))) {
    refuseRequest(`the role ${role?.name} wants a reason that contains ${pattern}`)
  }
  return reason
}

export function checkedTicket(text: string | null, role: Role): string | null {
  const ticket = text?.trim() || null
  if (ticket === null) {
    if (role.asking.ticketRequired) refuseRequest(`the role ${role.name} demands a ticket`)
    return null
  }
  if (ticket.length > MAX_TICKET_CHARS) refuseRequest(`the ticket is longer than ${MAX_TICKET_CHARS} characters`)
  if (role.ticketPattern !== null && !new RegExp(`^(?:${role.ticketPattern})$`, 'u').test(ticket)) {
    refuseRequest(`the role ${role.name} wants a ticket that matches ${role.ticketPattern}`)
  }
  return ticket
}

/**
 * Exactly the parameters of the role, each of its type. Those that are bound to the person's token have its values, whatever
 * was given: naming another one is refused, so that nobody believes to have asked for it.
 */
export function boundParameters(
  role: Role,
  person: { readonly values?: ClaimValues | undefined },
  given: Readonly<Record<string, ParameterValue>>,
): Readonly<Record<string, ParameterValue>> {
  const bound = [...role.asking.claims].map(([name, claim]): [string, ParameterValue] => {
    const value = person.values && Object.hasOwn(person.values, claim) ? person.values[claim] : undefined
    if (value === undefined) refuseRequest(`your token does not say the parameter ${name} of the role ${role.name}`)
    if (Object.hasOwn(given, name) && given[name] !== value)
      refuseRequest(`the parameter ${name} of the role ${role.name} is the one that your token says`)
    return [name, value as ParameterValue]
  })
  const parameters = { ...given, ...Object.fromEntries(bound) }
  checkParameters(role, parameters)
  return parameters
}

export function checkParameters(role: Role, given: Readonly<Record<string, ParameterValue>>): void {
  for (const name of Object.keys(given)) {
    if (!role.parameters.has(name)) refuseRequest(`the role ${role.name} has no parameter ${name}`)
  }
  for (const [name, type] of role.parameters) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (value === undefined) refuseRequest(`give the parameter ${name} of type ${type}`)
    else if (!isOfType(value, type)) refuseRequest(`the parameter ${name} must be of type ${type}`)
  }
}

function isOfType(value: ParameterValue, type: ParameterType): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.length <= MAX_VALUE_CHARS
    case 'integer':
      return Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'uuid':
      return typeof value === 'string' && UUID.test(value)
  }
}

export function checkedDuration(role: Role, durationMs: number | null): number {
  const { defaultDurationMs, maxDurationMs } = role.asking
  const asked = durationMs ?? defaultDurationMs
  if (!Number.isSafeInteger(asked) || asked <= 0) refuseRequest('the duration must be longer than 0')
  if (asked > maxDurationMs) refuseRequest(`the role ${role.name} is given for at most ${hours(maxDurationMs)}`)
  return asked
}

/** What is asked for must leave something of the role. */
export function checkNarrowing(role: Role, narrowing: Narrowing | null): void {
  if (narrowing === null) return
  const { unrestricted, scope, call } = narrowRole(role, narrowing)
  if (!unrestricted && scope.length === 0 && call.length === 0) {
    refuseRequest(`the narrowing leaves nothing of the role ${role.name}`)
  }
}

/** In the future, and not further ahead than allowed. What was to begin just now begins at once. */
export function checkedStart(start: number | null, now: number, maxAheadMs: number): number | null {
  if (start === null || (start <= now && now - start <= LATE_MS)) return null
  if (!Number.isSafeInteger(start) || start <= now) refuseRequest('the start lies in the past')
  if (start - now > maxAheadMs) refuseRequest(`the start lies more than ${hours(maxAheadMs)} ahead`)
  return start
}

const LATE_MS = 60_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

export function hours(ms: number): string {
  return ms >= HOUR_MS ? `${Math.round((ms / HOUR_MS) * 10) / 10} h` : `${Math.ceil(ms / MINUTE_MS)} min`
}

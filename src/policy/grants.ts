import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Grant, GrantsSnapshot } from './grant.ts'

/** The grants that this person holds on the target now: start inclusive, end exclusive, both in milliseconds. */
export function matchGrants(
  identity: Identity,
  snapshot: GrantsSnapshot,
  target: string,
  now: number,
): readonly Grant[] {
  return snapshot.grants.filter(
    (grant) => grant.target === target && grant.start <= now && now < grant.end && isHeldBy(grant, identity),
  )
}

/**
 * The one grant that a session runs under. `role` is the role that the user name names, or null. Throws `SP-NO-GRANT`,
 * or `SP-GRANT-CHOICE` with the roles to choose from: never a guess. Of several grants of one role, the one that ends last.
 */
export function chooseGrant(
  identity: Identity,
  snapshot: GrantsSnapshot,
  target: string,
  role: string | null,
  now: number,
): Grant {
  const held = matchGrants(identity, snapshot, target, now).filter((grant) => role === null || grant.role === role)
  const [first, ...others] = [...held].sort((a, b) => b.end - a.end || (a.id < b.id ? -1 : 1))
  if (!first) throw new SallyportError('SP-NO-GRANT', `no active grant on ${target}${role ? ` with role ${role}` : ''}`)
  const roles = [...new Set(held.map((grant) => grant.role))].sort()
  if (roles.length > 1) throw new SallyportError('SP-GRANT-CHOICE', `name one of the roles ${roles.join(', ')}`)
  if (others.some((grant) => !sameParameters(grant, first))) {
    throw new SallyportError('SP-GRANT-CHOICE', `several grants of role ${first.role} differ in their parameters`)
  }
  return first
}

function isHeldBy({ principal }: Grant, identity: Identity): boolean {
  if ('subject' in principal) {
    const { issuer, subject } = principal
    return subject === identity.subject && (issuer === null || issuer === identity.issuer)
  }
  if ('email' in principal) return identity.email !== null && equalFolded(principal.email, identity.email)
  return identity.groups.includes(principal.group)
}

/** ASCII alone: other letters may fold to one that is not theirs (the Kelvin sign to `k`). */
function equalFolded(a: string, b: string): boolean {
  const folded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return folded(a) === folded(b)
}

function sameParameters(a: Grant, b: Grant): boolean {
  if (a.parameters.size !== b.parameters.size) return false
  return [...a.parameters].every(([name, value]) => b.parameters.get(name) === value)
}

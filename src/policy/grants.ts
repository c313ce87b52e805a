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
 * The one grant that a session runs under. `choice` is the role, or the id of the grant, that the user name names, or null.
 * Throws `SP-NO-GRANT`, or `SP-GRANT-CHOICE` with what to choose from: never a guess. Of several grants that allow the same,
 * the one that ends last.
 */
export function chooseGrant(
  identity: Identity,
  snapshot: GrantsSnapshot,
  target: string,
  choice: string | null,
  now: number,
): Grant {
  const held = chosen(matchGrants(identity, snapshot, target, now), choice)
  const [first, ...others] = [...held].sort((a, b) => b.end - a.end || (a.id < b.id ? -1 : 1))
  if (!first) throw noGrant(target, choice)
  const roles = [...new Set(held.map((grant) => grant.role))].sort()
  if (roles.length > 1) throw new SallyportError('SP-GRANT-CHOICE', `name one of the roles ${roles.join(', ')}`)
  if (others.some((grant) => !allowsTheSame(grant, first))) {
    const ids = [first, ...others].map(({ id }) => id).join(', ')
    throw new SallyportError(
      'SP-GRANT-CHOICE',
      `several grants of role ${first.role} differ: name one by its id, ${ids}`,
    )
  }
  return first
}

/** The same to who holds no grant on the target, and to who names one that there is not. */
export function noGrant(target: string, choice: string | null): SallyportError {
  return new SallyportError('SP-NO-GRANT', `no active grant on ${target}${choice ? ` by the name ${choice}` : ''}`)
}

/** A role goes before an id, should one be called as the other. */
function chosen(held: readonly Grant[], choice: string | null): readonly Grant[] {
  if (choice === null) return held
  const ofRole = held.filter(({ role }) => role === choice)
  return ofRole.length > 0 ? ofRole : held.filter(({ id }) => id === choice)
}

function isHeldBy({ principal }: Grant, identity: Identity): boolean {
  if ('subject' in principal) {
    const { issuer, subject } = principal
    // Who may name a workload is told apart by the issuer alone: a person's subject is not to be had there.
    return subject === identity.subject && (issuer === null ? !identity.machine : issuer === identity.issuer)
  }
  if ('email' in principal) return identity.email !== null && equalFolded(principal.email, identity.email)
  return identity.groups.includes(principal.group)
}

/** ASCII alone: other letters may fold to one that is not theirs (the Kelvin sign to `k`). */
function equalFolded(a: string, b: string): boolean {
  const folded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return folded(a) === folded(b)
}

/** Rules that are written otherwise count as different, though they may mean the same. */
function allowsTheSame(a: Grant, b: Grant): boolean {
  if (a.plan?.digest !== b.plan?.digest || JSON.stringify(a.narrowing) !== JSON.stringify(b.narrowing)) return false
  if (a.parameters.size !== b.parameters.size) return false
  return [...a.parameters].every(([name, value]) => b.parameters.get(name) === value)
}

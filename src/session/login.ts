import { asSallyportError, SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Grant, GrantsSnapshot } from '../policy/grant.ts'
import { chooseGrant } from '../policy/grants.ts'
import type { Role } from '../policy/role.ts'
import type { PolicySource, Target } from './ports.ts'
import { personMatches, type Route } from './route.ts'

/** What is known when a client has shown its token. */
export interface LoginInput {
  /** The verified identity, or why there is none. */
  readonly identity: Identity | SallyportError
  readonly route: Route | SallyportError
  readonly targets: ReadonlyMap<string, Target>
  readonly engine: 'postgres' | 'mysql'
  readonly grants: GrantsSnapshot
  readonly policy: PolicySource
  /** True where the address lies in one of the role's networks, or the role names none. */
  readonly inNetwork: (role: Role) => boolean
  readonly now: number
}

export interface LoginAllowed {
  readonly kind: 'allowed'
  readonly identity: Identity
  readonly target: Target
  readonly grant: Grant
  readonly role: Role
}

export interface LoginRefused {
  readonly kind: 'refused'
  /** What the client is told: to a stranger always the same. */
  readonly error: SallyportError
  /** What really failed, for the audit. */
  readonly detail: string
  readonly code: string
  /** The person, where the token was good: known people are told what to do. */
  readonly identity: Identity | null
}

/**
 * The only login path: both protocols bring what they read here, and word the answer in their own way. A stranger
 * (no good token) learns nothing but that the login failed; a known person without a grant learns what to do.
 */
export function decideLogin(input: LoginInput): LoginAllowed | LoginRefused {
  const { identity } = input
  if (identity instanceof SallyportError) return refuseStranger(identity)
  try {
    return allow(input, identity)
  } catch (error) {
    const known = asSallyportError(error)
    return { kind: 'refused', error: known, detail: known.detail, code: known.code, identity }
  }
}

function allow(input: LoginInput, identity: Identity): LoginAllowed {
  const { route } = input
  if (route instanceof SallyportError) throw route
  if (!personMatches(route.person, identity.aliases)) {
    throw new SallyportError('SP-AUTH', 'the user name is not that of the person whom the token names')
  }
  const target = input.targets.get(route.target)
  // A target that does not exist and one that the person holds no grant on give the same answer, that of chooseGrant.
  const asked = route.role === null ? '' : ` with role ${route.role}`
  const none = new SallyportError('SP-NO-GRANT', `no active grant on ${route.target}${asked}`)
  if (!target || target.engine !== input.engine) throw none
  const grant = chooseGrant(identity, input.grants, route.target, route.role, input.now)
  const role = input.policy.roleOf(grant)
  if (!role) throw none
  if (!input.inNetwork(role))
    throw new SallyportError('SP-NO-GRANT', `the role ${role.name} may not be used from this network`)
  if (role.acr.length > 0 && !role.acr.includes(identity.acr ?? '')) {
    throw new SallyportError(
      'SP-NO-GRANT',
      `the role ${role.name} demands a stronger login: one of ${role.acr.join(', ')}`,
    )
  }
  return { kind: 'allowed', identity, target, grant, role }
}

function refuseStranger(cause: SallyportError): LoginRefused {
  // Group overage names its fix, and only the holder of a good token can meet it.
  const told = cause.code === 'SP-GROUP-OVERAGE' ? cause : new SallyportError('SP-AUTH', 'the login was refused')
  return { kind: 'refused', error: told, detail: cause.detail, code: cause.code, identity: null }
}

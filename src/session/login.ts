import { asSallyportError, SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import type { Grant, GrantsSnapshot } from '../policy/grant.ts'
import { chooseGrant, matchGrants, noGrant } from '../policy/grants.ts'
import type { Role } from '../policy/role.ts'
import type { LivePassword, Locks, PolicySource, Target } from './ports.ts'
import { meetRole, type SessionReason } from './role_demands.ts'
import { personMatches, type Route } from './route.ts'

/** What is known when a client has shown its token, password or certificate. */
export interface LoginInput {
  /** The verified identity, or why there is none. */
  readonly identity: Identity | SallyportError
  /** The connection password that was shown: it stands for one grant alone. Null where something else was. */
  readonly password: Pick<LivePassword, 'id' | 'grantId' | 'target'> | null
  readonly route: Route | SallyportError
  readonly targets: ReadonlyMap<string, Target>
  readonly engine: 'postgres' | 'mysql'
  readonly grants: GrantsSnapshot
  readonly locks: Locks
  readonly policy: PolicySource
  /** True where the address lies in one of the role's networks, or the role names none. */
  readonly inNetwork: (role: Role) => boolean
  readonly given: SessionReason
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
  /** What a request would have to ask for, where a grant is all that is missing. */
  readonly wanting: Route | null
}

/**
 * The only login path: both protocols bring what they read here, and word the answer in their own way. A stranger
 * (no good token) learns nothing but that the login failed; a known person without a grant learns what to do.
 */
export function decideLogin(input: LoginInput): LoginAllowed | LoginRefused {
  const { identity, route } = input
  if (identity instanceof SallyportError) return refuseStranger(identity)
  try {
    if (route instanceof SallyportError) throw route
    if (!personMatches(route.person, identity.aliases)) {
      throw new SallyportError('SP-AUTH', 'the user name is not that of the person whom the token names')
    }
    refuseLocked(input, identity, route.target, null)
    const found = find(input, identity, route)
    if (found === null) return { ...refuseKnown(noGrant(route.target, route.choice), identity), wanting: route }
    refuseLocked(input, identity, route.target, found.grant.id)
    if (!input.inNetwork(found.role)) {
      throw new SallyportError('SP-NO-GRANT', `the role ${found.role.name} may not be used from this network`)
    }
    meetRole(found.role, identity, input.given, input.now)
    return { kind: 'allowed', identity, ...found }
  } catch (error) {
    return refuseKnown(asSallyportError(error), identity)
  }
}

/** A target that does not exist and one that the person holds no grant on are the same to the person: null. */
function find(
  input: LoginInput,
  identity: Identity,
  route: Route,
): Pick<LoginAllowed, 'target' | 'grant' | 'role'> | null {
  const target = input.targets.get(route.target)
  if (!target || target.engine !== input.engine) return null
  const grant = input.password === null ? choose(input, identity, route) : bound(input, identity, route, input.password)
  const role = grant === null ? undefined : input.policy.roleOf(grant)
  return grant && role ? { target, grant, role } : null
}

function choose({ grants, now }: LoginInput, identity: Identity, { target, choice }: Route): Grant | null {
  try {
    return chooseGrant(identity, grants, target, choice, now)
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'SP-NO-GRANT') return null
    throw error
  }
}

/** A password is good for its own grant, whatever else the person holds. */
function bound(
  { grants, now }: LoginInput,
  identity: Identity,
  { target, choice }: Route,
  password: Pick<LivePassword, 'id' | 'grantId' | 'target'>,
): Grant | null {
  const grant = matchGrants(identity, grants, target, now).find(({ id }) => id === password.grantId)
  if (!grant || password.target !== target) return null
  if (choice === null || [grant.role, grant.id, password.id].includes(choice)) return grant
  throw new SallyportError('SP-GRANT-CHOICE', `the connection password is for the role ${grant.role} alone`)
}

function refuseLocked({ locks }: LoginInput, identity: Identity, target: string, grantId: string | null): void {
  const locked = locks.lockedBy({ person: personKey(identity), target, grantId })
  if (!locked) return
  if (locked instanceof SallyportError) throw locked
  const since = new Date(locked.at).toISOString()
  throw new SallyportError('SP-LOCKED', `the ${locked.what} ${locked.label} is locked since ${since}: ${locked.reason}`)
}

function refuseKnown(error: SallyportError, identity: Identity): LoginRefused {
  return { kind: 'refused', error, detail: error.detail, code: error.code, identity, wanting: null }
}

function refuseStranger(cause: SallyportError): LoginRefused {
  // Group overage names its fix, and only the holder of a good token can meet it.
  const told = cause.code === 'SP-GROUP-OVERAGE' ? cause : new SallyportError('SP-AUTH', 'the login was refused')
  return { kind: 'refused', error: told, detail: cause.detail, code: cause.code, identity: null, wanting: null }
}

import { SallyportError } from '../errors.ts'

/** Where a connection wants to go, as far as its user name, TLS name and listener say. */
export interface Route {
  /** What the person part of the user name claims; empty or `sso` claims nobody. */
  readonly person: string
  readonly target: string
  /**
   * The role, the id of a grant, or the id of a connection password that the user name names; null where the one active
   * grant decides.
   */
  readonly choice: string | null
}

export interface RouteInput {
  /** The listener's own target, or null. */
  readonly listenerTarget: string | null
  /** The TLS server name the client asked for, or null. */
  readonly serverName: string | null
  /** `<target>.<suffix>` names a target by SNI; null where the listener has no suffix. */
  readonly sniSuffix: string | null
  readonly user: string
}

/**
 * The listener's target, else the TLS name, else the user name `person/target` or `person/target/choice`. With a
 * target from the listener or the TLS name the user name may be `person` or `person/choice`; a full form must agree with it.
 */
export function routeOf(input: RouteInput): Route {
  const parts = input.user.split('/')
  const fixed = input.listenerTarget ?? targetOfServerName(input)
  const [person, second, third] = parts
  if (parts.length > 3 || person === undefined) throw unclear(input.user)
  if (fixed === null) {
    if (!second) throw unclear(input.user)
    return { person, target: second, choice: third || null }
  }
  if (parts.length === 3) {
    if (second !== fixed)
      throw new SallyportError('SP-ROUTE', `this address leads to ${fixed}, the user name to another`)
    return { person, target: fixed, choice: third || null }
  }
  return { person, target: fixed, choice: second === undefined || second === fixed ? null : second }
}

/** True where the person part is empty, `sso`, or equal to a claim of the token; case counts for nothing in none. */
export function personMatches(person: string, aliases: readonly string[]): boolean {
  return person === '' || person === 'sso' || aliases.includes(person)
}

function targetOfServerName({ serverName, sniSuffix }: RouteInput): string | null {
  if (!serverName || !sniSuffix) return null
  const suffix = `.${sniSuffix.toLowerCase()}`
  const name = serverName.toLowerCase()
  if (!name.endsWith(suffix)) return null
  const target = name.slice(0, -suffix.length)
  return target === '' || target.includes('.') ? null : target
}

function unclear(user: string): SallyportError {
  const shown = user.length > 64 ? `${user.slice(0, 64)}...` : user
  return new SallyportError('SP-ROUTE', `the user name "${shown}" is not person/target or person/target/role`)
}

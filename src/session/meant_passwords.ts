import type { Grant } from '../policy/grant.ts'
import { readScramVerifier, type ScramVerifier } from '../wire/postgres/auth/scram_verifier.ts'
import type { LivePassword } from './ports.ts'
import type { Route } from './route.ts'

/** A password with what a SCRAM exchange about it needs. */
export interface VerifiedBy extends ScramVerifier {
  readonly password: LivePassword
}

/**
 * The connection passwords that a user name may mean, newest first: live ones of that target, of the person that it names,
 * and of the role, grant or password that it chooses. Names that somebody may have chosen count only where nobody has the
 * name as their email or subject: else they would stand in the way of those whose it is. Nobody's (an empty person, or `sso`) have to be chosen by their id,
 * since a proof can't be tried against everybody's.
 */
export function passwordsMeant(
  { person, target, choice }: Route,
  live: readonly LivePassword[],
  grants: readonly Grant[],
  now: number,
): readonly LivePassword[] {
  const roles = new Map(grants.map(({ id, role }) => [id, role]))
  const isOwnName = ({ identity }: LivePassword): boolean => person === identity.email || person === identity.subject
  const owned = live.some((password) => password.target === target && isOwnName(password))
  const named = (password: LivePassword) => (owned ? isOwnName(password) : password.identity.aliases.includes(person))
  const meant = (password: LivePassword): boolean => {
    if (password.target !== target || now >= password.expiresAt) return false
    if (choice === password.id) return true
    if (!named(password)) return false
    return choice === null || choice === password.grantId || choice === roles.get(password.grantId)
  }
  return live.filter(meant).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
}

/**
 * A SCRAM exchange has one salt: that of the newest password, with all that share it. Passwords of one person for one
 * target do as long as they are made with `saltOfVerifier` of one that lives.
 */
export function verifiersOf(meant: readonly LivePassword[]): readonly VerifiedBy[] {
  const read = meant.flatMap((password) => {
    const verifier = readScramVerifier(password.scram)
    return verifier === null ? [] : [{ ...verifier, password }]
  })
  const [newest] = read
  if (newest === undefined) return []
  const salt = newest.salt.join()
  return read.filter((one) => one.salt.join() === salt && one.iterations === newest.iterations)
}

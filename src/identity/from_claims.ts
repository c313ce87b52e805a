import { SallyportError } from '../errors.ts'
import type { Identity } from './identity.ts'
import type { ClaimMapping, GroupsMap } from './settings.ts'

export type Claims = Readonly<Record<string, unknown>>

const MAX_GROUPS = 10_000
const MS_PER_SECOND = 1000

/**
 * The person that verified claims name. Returns `SP-AUTH` where the subject or expiry is missing or of a wrong type,
 * and `SP-GROUP-OVERAGE` where the provider left the groups out (Entra: `_claim_names.groups`, `hasgroups`) and no
 * group by file stands in for them.
 */
export function identityFromClaims(
  claims: Claims,
  mapping: ClaimMapping,
  groups: GroupsMap,
): Identity | SallyportError {
  const subject = text(claimAt(claims, mapping.subject))
  const issuer = text(claims.iss)
  if (subject === null || issuer === null) return new SallyportError('SP-AUTH', 'the token names no subject')
  if (typeof claims.exp !== 'number') return new SallyportError('SP-AUTH', 'the token has no expiry')
  const email = emailOf(claims, mapping)
  const byFile = groupsByFile(subject, email, groups)
  if (byFile.length === 0 && isOverage(claims)) return new SallyportError('SP-GROUP-OVERAGE', OVERAGE)
  const byToken = groupsByToken(claimAt(claims, mapping.groups))
  if (byToken === null) return new SallyportError('SP-AUTH', 'the groups claim is not a list of names')
  return {
    issuer,
    subject,
    email,
    name: text(claimAt(claims, mapping.name)),
    groups: [...new Set([...byToken, ...byFile])],
    aliases: aliasesOf(claims, mapping, subject, email),
    tokenId: text(claims.jti),
    expiresAt: claims.exp * MS_PER_SECOND,
    issuedAt: typeof claims.iat === 'number' ? claims.iat * MS_PER_SECOND : undefined,
    authTime: typeof claims.auth_time === 'number' ? claims.auth_time * MS_PER_SECOND : null,
    acr: text(claims.acr),
    sid: text(claims.sid) ?? undefined,
    values: valuesOf(claims, mapping),
    amr: Array.isArray(claims.amr) ? claims.amr.filter((method) => typeof method === 'string') : [],
  }
}

/** A claim that is no single value is as if it were not there: nothing is bound to it. */
function valuesOf(claims: Claims, { values = new Map() }: ClaimMapping): Identity['values'] {
  if (values.size === 0) return undefined
  const found = [...values].flatMap(([name, path]): [string, string | number | boolean][] => {
    const value = claimAt(claims, path)
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[name, value]] : []
  })
  return Object.fromEntries(found)
}

const OVERAGE =
  'the token lists no groups because there are too many; have the provider send only the groups assigned to this ' +
  'application, or list the person under groups: in the configuration'

function isOverage(claims: Claims): boolean {
  const names = claims._claim_names
  const moved = typeof names === 'object' && names !== null && Object.hasOwn(names, 'groups')
  return moved || claims.hasgroups === true || claims.hasgroups === 'true'
}

/** An unverified email could be anyone's: it is as if it were not there. */
function emailOf(claims: Claims, mapping: ClaimMapping): string | null {
  const verified = claims.email_verified
  if (verified === false || verified === 'false') return null
  if (mapping.requireVerifiedEmail && verified !== true && verified !== 'true') return null
  return text(claimAt(claims, mapping.email))
}

function groupsByFile(subject: string, email: string | null, groups: GroupsMap): readonly string[] {
  const bySubject = groups.get(subject.toLowerCase()) ?? []
  const byEmail = email === null ? [] : (groups.get(email.toLowerCase()) ?? [])
  return [...bySubject, ...byEmail]
}

/** A list of names, or one name; null for anything else. */
function groupsByToken(claim: unknown): readonly string[] | null {
  if (claim === undefined || claim === null) return []
  if (typeof claim === 'string') return claim === '' ? [] : [claim]
  if (!Array.isArray(claim) || claim.length > MAX_GROUPS) return null
  return claim.every((group) => typeof group === 'string') ? claim : null
}

function aliasesOf(claims: Claims, mapping: ClaimMapping, subject: string, email: string | null): string[] {
  const more = mapping.aliases
    .filter((path) => email !== null || path.join() !== mapping.email.join())
    .map((path) => text(claimAt(claims, path)))
  return [...new Set([subject, email, ...more].filter((alias) => alias !== null))]
}

/** What stands at a path of names; undefined where nothing does. */
export function claimAt(claims: Claims, path: readonly string[]): unknown {
  let value: unknown = claims
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Claims)[name]
  }
  return value
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

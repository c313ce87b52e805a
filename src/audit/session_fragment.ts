import { incidentEnrichment } from './access_record.ts'
import { CLAIM_CHARS, REASON_CHARS, shortened } from './claims.ts'
import type { SessionFacts } from './event.ts'

/** The parts of a record that are the same for every statement of a session, as JSON text, made once. */
export interface SessionFragment {
  /** `"actor":{...}` */
  readonly actor: string
  /** A short `"actor":{...},"src_endpoint":{...}`: who, in which session, from where. */
  readonly who: string
  /** `"user":{...}` */
  readonly user: string
  /** `"session":{...}` */
  readonly session: string
  /** `"src_endpoint":{...},"dst_endpoint":{...}` */
  readonly endpoints: string
  /** `"database":{...}` */
  readonly database: string
  /** Members of `unmapped.jit`. */
  readonly jit: string
  /** `,"enrichments":[...]`, or nothing. */
  readonly enrichments: string
  /** Members of `metadata`. */
  readonly metadata: string
}

const USER_TYPE = 1
const UNKNOWN_TYPE = 0
const RELATIONAL = 1
/** A token may carry thousands of groups; each record has the first ones, and their number. */
const MAX_GROUPS = 50
const GROUPS_CHARS = 3_000

const fragments = new WeakMap<SessionFacts, SessionFragment>()

/** Kept by the identity of the facts: they never change. */
export function sessionFragment(facts: SessionFacts): SessionFragment {
  const known = fragments.get(facts)
  if (known !== undefined) return known
  const made = makeFragment(facts)
  fragments.set(facts, made)
  return made
}

function makeFragment(facts: SessionFacts): SessionFragment {
  const user = userOf(facts)
  const session = sessionOf(facts)
  const actor = { user, session, ...actorMore(facts) }
  return {
    actor: member('actor', actor),
    who: `${member('actor', whoOf(facts, actor))},${member('src_endpoint', sourceOf(facts))}`,
    user: member('user', user),
    session: member('session', session),
    endpoints: `${member('src_endpoint', sourceOf(facts))},${member('dst_endpoint', destinationOf(facts))}`,
    database: member('database', databaseOf(facts)),
    jit: members(jitOf(facts)),
    enrichments: facts.incident ? `,"enrichments":[${JSON.stringify(incidentEnrichment(facts.incident))}]` : '',
    metadata: members({
      correlation_uid: facts.sessionId,
      ...(facts.grantKind === 'break_glass' && { labels: ['break_glass'] }),
    }),
  }
}

function whoOf({ sessionId, identity }: SessionFacts, actor: { readonly user: object }): object {
  if (identity === null) return { user: actor.user, session: { uid: sessionId } }
  const { subject, email, name } = identity
  const address = email === null ? {} : { email_addr: email }
  const user = { uid: subject, name: shortened(name ?? email ?? subject, CLAIM_CHARS), ...address, type_id: USER_TYPE }
  return { user, session: { uid: sessionId } }
}

function userOf({ identity, claimedUser }: SessionFacts): object {
  if (identity === null)
    return { name: claimedUser === '' ? '(none)' : shortened(claimedUser, CLAIM_CHARS), type_id: UNKNOWN_TYPE }
  return {
    uid: identity.subject,
    name: shortened(identity.name ?? identity.email ?? identity.subject, CLAIM_CHARS),
    ...(identity.email === null ? {} : { email_addr: identity.email }),
    type_id: USER_TYPE,
    has_mfa: isMfa(identity.amr),
    groups: firstGroups(identity.groups).map((name) => ({ name })),
  }
}

function sessionOf({ sessionId, identity }: SessionFacts): object {
  if (identity === null) return { uid: sessionId }
  return {
    uid: sessionId,
    issuer: identity.issuer,
    expiration_time: identity.expiresAt,
    is_mfa: isMfa(identity.amr),
    ...(identity.tokenId === null ? {} : { credential_uid: identity.tokenId }),
  }
}

function actorMore({ identity, application, grantId, role }: SessionFacts): object {
  const policy = { uid: grantId, name: role ?? '', type: 'grant', is_applied: true }
  return {
    ...(application === null ? {} : { app_name: shortened(application, CLAIM_CHARS) }),
    ...(identity === null ? {} : { idp: { name: identity.issuer, uid: identity.issuer } }),
    ...(grantId === null ? {} : { authorizations: [{ decision: 'allowed', policy }] }),
  }
}

function sourceOf(facts: SessionFacts): object {
  return { ip: facts.clientAddress, port: facts.clientPort }
}

function destinationOf(facts: SessionFacts): object {
  return {
    svc_name: facts.target ?? '(none)',
    ...(facts.targetHost === null ? {} : { hostname: facts.targetHost }),
    ...(facts.targetPort === null ? {} : { port: facts.targetPort }),
  }
}

/** Class 6005 demands a database or table, also where the session is in none. */
function databaseOf(facts: SessionFacts): object {
  const uid = facts.target ?? '(none)'
  return { name: shortened(facts.database ?? uid, CLAIM_CHARS), uid, type_id: RELATIONAL, type: 'Relational' }
}

function jitOf(facts: SessionFacts): object {
  return {
    grant_id: facts.grantId,
    role: facts.role,
    groups_total: facts.identity?.groups.length ?? 0,
    grant_kind: facts.grantKind ?? null,
    request_id: facts.requestId ?? null,
    role_parameters: Object.fromEntries(facts.parameters ?? []),
    reason: facts.reason === null ? null : shortened(facts.reason, REASON_CHARS),
    ticket: facts.ticket === null ? null : shortened(facts.ticket, CLAIM_CHARS),
    incident: facts.incident ? { provider: facts.incident.provider, id: facts.incident.id } : null,
    db_user: facts.databaseUser,
    protocol: facts.protocol,
    client: {
      tls_version: facts.tlsVersion,
      claimed_user: shortened(facts.claimedUser, CLAIM_CHARS),
      app_name_claimed: true,
    },
  }
}

/** As many as fit: a role's rules see them all. */
function firstGroups(groups: readonly string[]): readonly string[] {
  let room = GROUPS_CHARS
  const end = groups.slice(0, MAX_GROUPS).findIndex((name) => {
    room -= name.length
    return room < 0
  })
  return groups.slice(0, end === -1 ? MAX_GROUPS : end)
}

/** RFC 8176: `mfa`, or two methods. */
function isMfa(amr: readonly string[]): boolean {
  return amr.includes('mfa') || amr.length > 1
}

function member(name: string, value: object): string {
  return `"${name}":${JSON.stringify(value)}`
}

function members(value: object): string {
  return JSON.stringify(value).slice(1, -1)
}

import { LRUCache } from 'lru-cache'
import { mayHoldSecret } from '../audit/redact.ts'
import type { ErrorCode } from '../errors.ts'
import type { Deny } from '../policy/decision.ts'
import { needsOf } from '../policy/needs.ts'
import type { Subject } from './gate.ts'
import type { Refusals } from './ports.ts'
import type { Verdict } from './verdict.ts'

/** Refusals that another grant could lift. */
const FOR_WANT_OF_A_GRANT: ReadonlySet<ErrorCode> = new Set([
  'SP-SCOPE',
  'SP-VERB',
  'SP-MASKED',
  'SP-EXPORT',
  'SP-FUNCTION',
  'SP-OPAQUE',
])
/** A program that tries the same again and again is given the same id. */
const REMEMBERED_MAX = 1_000
const REMEMBERED_MS = 10 * 60 * 1_000

/** The command, and the page where there is one. */
export function wayToAsk(refusals: Refusals, id: string): string {
  const link = refusals.linkTo?.(id) ?? null
  return `sallyport request --from ${id}${link === null ? '' : ` or ${link}`}`
}

/** Keeps what was refused for want of a grant, and tells the person how to ask for it. */
export class RefusedStatements {
  readonly #refusals: Refusals
  readonly #known = new LRUCache<string, string>({ max: REMEMBERED_MAX, ttl: REMEMBERED_MS, ttlResolution: 1_000 })

  constructor(refusals: Refusals) {
    this.#refusals = refusals
  }

  /** The refusal with the way to ask for what it lacked, where there is one. */
  told(subject: Subject, verdict: Verdict, deny: Deny): Deny {
    if (!FOR_WANT_OF_A_GRANT.has(deny.code)) return deny
    const id = this.#idOf(subject, verdict, deny)
    return id === null ? deny : { ...deny, reason: `${deny.reason}; to ask for it: ${wayToAsk(this.#refusals, id)}` }
  }

  #idOf(subject: Subject, verdict: Verdict, { code, reason }: Deny): string | null {
    const { session, grant, identity, target, database } = subject
    const key = JSON.stringify([grant.id, session.identity?.subject, code, verdict.sha256])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const { facts, catalog, masks, role, sha256 } = verdict
    const { needs, clear } = needsOf({ facts, catalog, database, masks })
    // What no grant could name is not asked for.
    if (needs.length === 0 && clear.length === 0) return null
    const { issuer, subject: sub, email, name } = identity
    const person = { issuer, subject: sub, email, name }
    const asked = { person, target: target.name, database, role: role.name, code, reason, needs, clear }
    const id = this.#refusals.note({ ...asked, statementSha256: mayHoldSecret(facts.text) ? null : sha256 })
    if (id !== null) this.#known.set(key, id)
    return id
  }
}

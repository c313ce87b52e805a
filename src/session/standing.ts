import type { SessionFacts } from '../audit/event.ts'
import { SallyportError } from '../errors.ts'
import type { Grant, GrantsSnapshot } from '../policy/grant.ts'
import type { Subject } from './gate.ts'
import type { Grants } from './ports.ts'

type AskedGrants = Pick<Grants, 'refusal'> & Partial<Pick<Grants, 'snapshot' | 'endedAt'>>

/** A subject that goes on under the grant that follows its own. What is asked of it is of the grant in force. */
export function goingOn(
  fixed: Omit<Subject, 'session' | 'grant' | 'goOn'>,
  begin: SessionFacts,
  first: Grant,
): Subject {
  let session = begin
  let grant = first
  // Getters of its own: whoever spreads it gets what is true at that time.
  return {
    ...fixed,
    get session() {
      return session
    },
    get grant() {
      return grant
    },
    goOn: (next) => {
      grant = next
      session = { ...session, grantId: next.id }
    },
  }
}

/**
 * What sessions stand on: each on its grant, and where that has run out by time alone on the one that goes on from it,
 * which is a renewed break-glass or an extension. It begins where the other ends, and gives the same to the same person.
 */
export class Standing {
  readonly #grants: AskedGrants
  readonly #followers = new WeakMap<GrantsSnapshot, ReadonlyMap<string, Grant>>()

  /** Where grants can't be listed no session goes on. */
  constructor(grants: AskedGrants) {
    this.#grants = grants
  }

  /** Why the session may start no statement now, or null. The subject has gone on where that was due. */
  refusal(subject: Subject, now: number): SallyportError | null {
    const refused = this.#refusalOf(subject, now)
    const next = refused && this.#next(subject, refused, now)
    if (!next) return refused
    subject.goOn?.(next)
    return this.#refusalOf(subject, now)
  }

  /** Until when it stands, as far as is known now. */
  until(subject: Subject, now: number): number {
    this.refusal(subject, now)
    let last = subject.grant
    if (!subject.goOn) return last.end
    for (let next = this.#follower(last); next !== null; next = this.#follower(last)) last = next
    return last.end
  }

  #refusalOf({ grant, identity, target }: Subject, now: number): SallyportError | null {
    return outOfTime(grant, now) ?? this.#grants.refusal(grant.id, identity, target.name)
  }

  #next({ grant, identity, target, goOn }: Subject, { code }: SallyportError, now: number): Grant | null {
    if (!goOn || code !== 'SP-GRANT-ENDED' || now < grant.end) return null
    // Somebody ended it, or it was handed back: then nothing goes on from it, whatever stands beside it.
    if (this.#grants.endedAt?.(grant.id, identity, target.name) !== null) return null
    return this.#follower(grant)
  }

  #follower(grant: Grant): Grant | null {
    const snapshot = this.#grants.snapshot?.()
    if (!snapshot) return null
    let known = this.#followers.get(snapshot)
    if (!known) {
      known = new Map(snapshot.grants.flatMap((one) => (one.follows ? [[one.follows.id, one] as const] : [])))
      this.#followers.set(snapshot, known)
    }
    const next = known.get(grant.id)
    return next && goesOnFrom(grant, next) ? next : null
  }
}

/** By the wall clock; the store of grants looks at the monotonic one too. */
function outOfTime({ start, end }: Grant, now: number): SallyportError | null {
  return now < start || now >= end ? new SallyportError('SP-GRANT-ENDED', 'the grant has ended') : null
}

/** No gap, and nothing but the same: an account and what was judged so far go over to it. */
function goesOnFrom(grant: Grant, next: Grant): boolean {
  if (next.start > grant.end || next.end <= grant.end) return false
  if (grant.plan !== null || next.plan !== null || grant.kind === 'file') return false
  if (grant.kind === 'break_glass' && next.requestId !== grant.requestId) return false
  return contentOf(grant) === contentOf(next)
}

function contentOf({ kind, principal, target, role, parameters, narrowing, incident }: Grant): string {
  const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1))
  const holder = 'subject' in principal ? [principal.issuer, principal.subject] : principal
  const of = incident && [incident.provider, incident.id]
  return JSON.stringify([kind, holder, target, role, sorted, narrowing?.map(inOrder) ?? null, of])
}

function inOrder(rule: object): unknown {
  return Object.entries(rule).sort(([a], [b]) => (a < b ? -1 : 1))
}

import type { AlertSubject } from '../audit/alert_event.ts'
import type { SessionFacts } from '../audit/event.ts'
import { personKey } from '../identity/identity.ts'

/** Whom the records of a session are about. */
export interface Who {
  /** Unique over all issuers. */
  readonly key: string
  /** For people to read. */
  readonly label: string
  readonly about: Partial<AlertSubject>
}

const known = new WeakMap<SessionFacts, Who>()

/** Made once for each session: the facts of one never change. */
export function whoOf(session: SessionFacts): Who {
  const found = known.get(session)
  if (found !== undefined) return found
  const made = makeWho(session)
  known.set(session, made)
  return made
}

function makeWho({ identity, claimedUser, clientAddress, target, role, grantId, sessionId }: SessionFacts): Who {
  const about = { clientAddress, target, role, grantId, sessionId }
  if (identity === null) {
    const claimed = claimedPerson(claimedUser)
    return { key: `claimed\0${claimed}`, label: claimed, about: { ...about, claimedUser: claimed } }
  }
  const { issuer, subject, email, name } = identity
  const person = { issuer, subject, email, name }
  return { key: personKey(identity), label: email ?? subject, about: { ...about, person } }
}

/** User names are `person/target/role`: the attempts on one person count together, whatever target they name. */
export function claimedPerson(user: string): string {
  const [person = ''] = user.split('/')
  return person === '' ? '(none)' : person.toLowerCase()
}

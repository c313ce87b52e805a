import { revokeCertificate, revokePassword } from '../access/locks.ts'
import type { Identity } from '../identity/identity.ts'
import { personKey } from '../identity/identity.ts'
import { all } from './listing.ts'
import { actOf, type ControlDeps, transact } from './running.ts'

/** Whom the provider names: a person, or one session of theirs with it. */
export interface LoggedOutPerson {
  readonly issuer: string
  readonly subject: string | null
  readonly sid: string | null
}

/** What was issued to a login ends with it: else who was logged out would come back by a password or a certificate. */
export async function endCredentials(deps: ControlDeps, who: LoggedOutPerson): Promise<void> {
  const act = actOf(deps, null)
  const reason = 'the identity provider says that the person has logged out'
  await transact(deps, async (tx, apply) => {
    const person = who.subject === null ? {} : { person: personKey({ issuer: who.issuer, subject: who.subject }) }
    const valid = { ...person, revokedAt: null, expiresAt: { from: act.now } }
    const ofLogin = ({ identity }: { readonly identity: Identity }) => isOf(identity, who)
    for (const one of (await all(tx.passwords, valid)).filter(ofLogin)) await apply(revokePassword(act, one, reason))
    for (const one of (await all(tx.certificates, valid)).filter(ofLogin))
      await apply(revokeCertificate(act, one, reason))
  })
}

function isOf(identity: Identity, { issuer, subject, sid }: LoggedOutPerson): boolean {
  if (identity.issuer !== issuer) return false
  return subject === null ? sid !== null && identity.sid === sid : identity.subject === subject
}

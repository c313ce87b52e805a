import type { ReadTx } from '../access/ports.ts'
import { SallyportError } from '../errors.ts'
import { type Person, personKey } from '../identity/identity.ts'

/** Far more than anybody works with. What one person holds is ended in one transaction, and that may take no longer than others can wait. */
const MAX_WAITING = 100
const MAX_GRANTS = 200
const MAX_LIVE_CREDENTIALS = 100

/** Throws `SP-REQUEST` where the person has asked for, or holds, so much that it can be meant for nothing but to be in the way. */
export async function checkRoom(tx: ReadTx, person: Person): Promise<void> {
  const own = { person: personKey(person) }
  const waiting = await tx.requests.count({ where: { ...own, state: ['pending', 'changes_requested'] } })
  if (waiting >= MAX_WAITING) throw full(`${MAX_WAITING} requests of yours wait for an answer: cancel some`)
  const held = await tx.grants.count({ where: { ...own, state: ['scheduled', 'active'] } })
  if (held >= MAX_GRANTS) throw full(`you hold ${MAX_GRANTS} grants: hand some back`)
}

/** As `checkRoom`, of what was issued and is still good. */
export async function checkCredentialRoom(
  tx: ReadTx,
  what: 'passwords' | 'certificates',
  person: Person,
  now: number,
): Promise<void> {
  const where = { person: personKey(person), revokedAt: null, expiresAt: { from: now } }
  const live = what === 'passwords' ? await tx.passwords.count({ where }) : await tx.certificates.count({ where })
  if (live >= MAX_LIVE_CREDENTIALS)
    throw full(`you have ${MAX_LIVE_CREDENTIALS} ${what} that are still good: revoke some`)
}

function full(detail: string): SallyportError {
  return new SallyportError('SP-REQUEST', detail)
}

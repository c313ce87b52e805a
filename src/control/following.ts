import { endFollowing } from '../access/grants.ts'
import type { GrantRecord } from '../access/model.ts'
import type { WriteTx } from '../access/ports.ts'
import type { Act, Transition } from '../access/transition.ts'
import { personKey } from '../identity/identity.ts'
import { all } from './listing.ts'

/**
 * What was to go on from the grants that were ended just now, by whatever command: who ends a grant does not mean that the
 * same access comes back when its time would have been over.
 */
export async function endOfFollowing(
  tx: WriteTx,
  act: Act,
  writes: Transition['writes'],
): Promise<readonly Transition[]> {
  const found: Transition[] = []
  for (const write of writes) {
    if (write.into !== 'grants' || write.how !== 'update' || write.record.endedAt === null) continue
    const before: GrantRecord = write.record
    const held = await all(tx.grants, { person: personKey(before.holder), state: ['scheduled', 'active'] })
    for (const record of held) {
      const ended = record.grant.follows?.id === before.id ? endFollowing(act, record, before) : null
      if (ended !== null) found.push(ended)
    }
  }
  return found
}

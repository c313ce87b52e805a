import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { PersonRef } from './model.ts'
import { refOf, samePerson } from './person.ts'
import type { Delegation } from './records.ts'
import { type Act, FIRST_VERSION, happened, type Transition } from './transition.ts'
import { checkedReason } from './validate.ts'

const MAX_DELEGATION_MS = 90 * 86_400_000

export interface Proxy {
  readonly to: PersonRef
  readonly groups: readonly string[]
  readonly start: number | null
  readonly end: number
  readonly reason: string
}

/** The right to answer, for a window: what the person holds themselves, and nothing that was lent to them. */
export function delegate(
  act: Act,
  from: Identity,
  { to, groups, start, end, reason }: Proxy,
  id: string,
): { readonly record: Delegation; readonly transition: Transition } {
  if (samePerson(from, to)) throw new SallyportError('SP-REQUEST', 'a delegation goes to another person')
  const foreign = groups.filter((group) => !from.groups.includes(group))
  if (foreign.length > 0) throw new SallyportError('SP-REQUEST', `you are not in ${foreign.join(', ')}`)
  const begins = start ?? act.now
  if (end <= begins || end <= act.now) throw new SallyportError('SP-REQUEST', 'the delegation ends before it begins')
  if (end - begins > MAX_DELEGATION_MS) throw new SallyportError('SP-REQUEST', 'a delegation lasts at most 90 days')
  const record: Delegation = {
    id,
    version: FIRST_VERSION,
    from: refOf(from),
    to: refOf(to),
    groups,
    start: begins,
    end,
    reason: checkedReason(reason),
    endedAt: null,
  }
  const detail = { groups, start: begins, end }
  return {
    record,
    transition: {
      writes: [{ into: 'delegations', how: 'insert', record }],
      events: [happened(act, 'delegation.created', { ...of(record), reason: record.reason, detail })],
    },
  }
}

export function endDelegation(act: Act, record: Delegation): Transition {
  if (record.endedAt !== null || act.now >= record.end) throw new SallyportError('SP-STATE', 'the delegation is over')
  return {
    writes: [{ into: 'delegations', how: 'update', record: { ...record, endedAt: act.now } }],
    events: [happened(act, 'delegation.ended', of(record))],
  }
}

function of({ id, to }: Delegation) {
  return { entity: { type: 'delegation', id }, person: refOf(to) }
}

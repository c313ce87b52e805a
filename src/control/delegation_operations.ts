import type { AccessControl, Caller, NewDelegation } from '../access/control.ts'
import { delegate, endDelegation } from '../access/delegations.ts'
import { folded, isSelf, refOf } from '../access/person.ts'
import type { Act } from '../access/transition.ts'
import { SallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import { all, page } from './listing.ts'
import { acting, type ControlDeps, isAllowed, notFound, transact } from './running.ts'

type DelegationOperations = Pick<AccessControl, 'delegate' | 'endDelegation' | 'delegations'>

export function delegationOperations(deps: ControlDeps): DelegationOperations {
  return {
    delegate: (caller, input) =>
      acting(deps, caller, 'delegation.create', input.to, (act) => create(deps, caller, act, input)),
    endDelegation: (caller, id) =>
      acting(deps, caller, 'self.read', id, (act) =>
        transact(deps, async (tx, apply) => {
          const record = await tx.delegations.get(id)
          if (record === undefined || !isSelf(record.from, caller.identity)) throw notFound('delegation', id)
          return (await apply(endDelegation(act, record))).of('delegations', id)
        }),
      ),
    delegations: (caller, query) =>
      acting(deps, caller, query.all ? 'delegation.read_all' : 'self.read', 'delegations', () =>
        deps.store.read((tx) => {
          const own = personKey(caller.identity)
          return page(
            tx.delegations,
            {},
            query,
            ({ from, to }) => query.all || personKey(from) === own || personKey(to) === own,
          )
        }),
      ),
  }
}

/** To a person who was seen, and who may answer requests at all. */
function create(deps: ControlDeps, { identity }: Caller, act: Act, input: NewDelegation) {
  const id = deps.ids.uuid()
  return transact(deps, async (tx, apply) => {
    const people = await all(tx.people, {})
    const matching = people.filter((one) => folded(one.identity.email ?? '') === folded(input.to))
    const [person, second] = matching
    if (person === undefined) throw notFound('person', input.to)
    if (second !== undefined) throw new SallyportError('SP-REQUEST', `several people have the address ${input.to}`)
    const to = { clientAddress: null, identity: person.identity }
    if (!isAllowed(deps, to, 'request.answer')) {
      throw new SallyportError('SP-REQUEST', `${input.to} may not answer requests`)
    }
    const { transition } = delegate(act, identity, { ...input, to: refOf(person.identity) }, id)
    return (await apply(transition)).of('delegations', id)
  })
}

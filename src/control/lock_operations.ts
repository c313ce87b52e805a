import type { AccessControl, Caller, NewLock } from '../access/control.ts'
import { type Affected, liftLock, setLock, type WhatToLock } from '../access/locks.ts'
import { folded } from '../access/person.ts'
import type { ReadTx } from '../access/ports.ts'
import type { Act } from '../access/transition.ts'
import { SallyportError } from '../errors.ts'
import { all, page } from './listing.ts'
import { acting, type ControlDeps, notFound, transact } from './running.ts'

type LockOperations = Pick<AccessControl, 'setLock' | 'liftLock' | 'locks'>

export function lockOperations(deps: ControlDeps): LockOperations {
  return {
    setLock: (caller, input) =>
      acting(deps, caller, 'lock.set', `${input.what} ${input.value}`, (act) => lock(deps, act, caller, input)),
    liftLock: (caller, id, reason) =>
      acting(deps, caller, 'lock.lift', id, (act) =>
        transact(deps, async (tx, apply) => {
          const stored = await tx.locks.get(id)
          if (stored === undefined) throw notFound('lock', id)
          return (await apply(liftLock(act, stored, reason))).of('locks', id)
        }),
      ),
    locks: (caller, query) =>
      acting(deps, caller, 'lock.read', 'locks', () =>
        deps.store.read((tx) => page(tx.locks, query.all ? {} : { liftedAt: null }, query)),
      ),
  }
}

function lock(deps: ControlDeps, act: Act, { identity }: Caller, input: NewLock) {
  const id = deps.ids.uuid()
  return transact(deps, async (tx, apply) => {
    const what = await whatOf(deps, tx, input)
    const affected = await affectedBy(tx, act.now, what)
    const { transition } = setLock({ ...act, by: identity }, what, affected, id)
    return (await apply(transition)).of('locks', id)
  })
}

/** A person may be locked before they were ever seen only by the key of issuer and subject. */
async function whatOf(deps: ControlDeps, tx: ReadTx, input: NewLock): Promise<WhatToLock> {
  const { what, value, until, reason } = input
  if (what === 'target' && !deps.policy().targets.has(value)) throw notFound('target', value)
  if (what !== 'person') return { what, value, label: value, until, reason }
  const key = await keyOf(tx, value)
  return { what, value: key, label: value.replace('\0', ' '), until, reason }
}

async function keyOf(tx: ReadTx, value: string): Promise<string> {
  if (value.includes('\0')) return value
  const space = value.indexOf(' ')
  if (space > 0) return `${value.slice(0, space)}\0${value.slice(space + 1)}`
  const people = await all(tx.people, {})
  const matching = people.filter(({ identity }) => identity.email !== null && folded(identity.email) === folded(value))
  const [person, second] = matching
  if (person === undefined) throw notFound('person', value)
  if (second === undefined) return person.id
  const keys = matching.map(({ id }) => id.replace('\0', ' ')).join(' and ')
  throw new SallyportError('SP-REQUEST', `several people have the address ${value}; name one: ${keys}`)
}

/** What a lock ends at once; what it keeps out afterwards, everybody looks up in the locks. */
async function affectedBy(tx: ReadTx, now: number, { what, value }: WhatToLock): Promise<Affected> {
  const open = { state: ['scheduled', 'active'] }
  const valid = { revokedAt: null, expiresAt: { from: now } }
  switch (what) {
    case 'person':
      return {
        grants: await all(tx.grants, { ...open, person: value }),
        passwords: await all(tx.passwords, { ...valid, person: value }),
        certificates: await all(tx.certificates, { ...valid, person: value }),
      }
    case 'target': {
      const passwords = await all(tx.passwords, valid)
      return {
        grants: await all(tx.grants, { ...open, target: value }),
        passwords: passwords.filter(({ target }) => target === value),
        certificates: [],
      }
    }
    case 'grant': {
      const record = await tx.grants.get(value)
      return {
        grants: record !== undefined && open.state.includes(record.state) ? [record] : [],
        passwords: await all(tx.passwords, { ...valid, grantId: value }),
        certificates: [],
      }
    }
  }
}

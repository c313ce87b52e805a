import { type Approver, knownPeople } from '../access/approvers.ts'
import { isLocking } from '../access/locks.ts'
import type { PersonRef } from '../access/model.ts'
import type { AccessPolicy } from '../access/policy.ts'
import { changersOf } from '../access/policy_versions.ts'
import type { ReadTx } from '../access/ports.ts'
import type { PolicyVersion } from '../access/records.ts'
import type { Surroundings } from '../access/requests.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import { matchesAny } from '../policy/patterns.ts'
import { all } from './listing.ts'

/** What the store knows that a request is judged by. */
export async function surroundingsOf(
  tx: ReadTx,
  policy: AccessPolicy,
  now: number,
  wish: { readonly person: Identity; readonly target: string; readonly role: string },
  given: Pick<Surroundings, 'classification' | 'requestId' | 'grantId'>,
): Promise<Surroundings> {
  const { person, target, role } = wish
  const held = await all(tx.grants, { person: personKey(person), target, role })
  const changedBy = await changers(tx, policy, now, { role, target })
  return { ...given, policy, person, people: await seenPeople(tx, policy, now), held, changedBy }
}

/** Whoever is locked answers nothing, nor lends a right to. */
export async function seenPeople(tx: ReadTx, policy: AccessPolicy, now: number): Promise<readonly Approver[]> {
  const seen = await all(tx.people, { seenAt: { from: now - policy.settings.seenWithinMs } })
  const locks = await all(tx.locks, { what: 'person', liftedAt: null })
  const locked = new Set(locks.filter((lock) => isLocking(lock, now)).map(({ value }) => value))
  const free = seen.filter(({ id }) => !locked.has(id))
  return knownPeople(
    free.map(({ identity }) => identity),
    policy,
  )
}

/**
 * Who changed the role, the project of the target, or the rule of a name, of late; or another rule that was, or is, one for
 * the same: a stricter rule that is gone would let a weaker one decide, which nobody has touched.
 */
export async function changers(
  tx: ReadTx,
  { settings, projects }: AccessPolicy,
  now: number,
  { role, target }: { readonly role: string; readonly target: string },
): Promise<(rule: string) => readonly PersonRef[]> {
  const since = now - settings.ownChangeMs
  const names = projects.filter(({ targets }) => matchesAny(targets, target)).map(({ name }) => name)
  const ofProjects = await all(tx.policies, { kind: 'project', name: names })
  const ofRole = changersOf([...(await all(tx.policies, { kind: 'role', name: role })), ...ofProjects], since)
  const rules: readonly PolicyVersion[] = await all(tx.policies, { kind: 'approval' })
  const concerning = new Set(rules.filter(({ body }) => mayConcern(body, role, target)).map(({ name }) => name))
  return (rule) => [
    ...ofRole,
    ...changersOf(
      rules.filter(({ name }) => name === rule),
      since,
    ),
    ...changersOf(
      rules.filter(({ name, at }) => name !== rule && at >= since && concerning.has(name)),
      since,
    ),
  ]
}

/** What a rule says of roles and targets, in the words of the configuration; what it does not say is for all. */
function mayConcern(body: unknown, role: string, target: string): boolean {
  const patternsOf = (field: 'roles' | 'targets'): readonly string[] => {
    const found = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : ['*']
  }
  return body !== null && matchesAny(patternsOf('roles'), role) && matchesAny(patternsOf('targets'), target)
}

/** The person of a record as they were last seen; with what else they are called. */
export async function seenAs(tx: ReadTx, person: PersonRef): Promise<Identity | null> {
  return (await tx.people.get(personKey(person)))?.identity ?? null
}

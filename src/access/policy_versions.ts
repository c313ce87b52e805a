import { SallyportError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { PersonRef } from './model.ts'
import { folded, refOf, samePerson } from './person.ts'
import type { PolicyKind, PolicyVersion } from './records.ts'
import { type Act, FIRST_VERSION, happened, type Transition, together } from './transition.ts'
import { checkedReason } from './validate.ts'

/** Every version of a piece of policy, with who made it, who approved it, and why. A file's are read-only here. */

export interface Change {
  readonly kind: PolicyKind
  readonly name: string
  /** Null: deleted. */
  readonly body: unknown
  readonly digest: string
  readonly reason: string
  /** The digest of what it replaces; null where there is nothing. */
  readonly replaces: string | null
}

export interface Changed {
  readonly version: PolicyVersion
  readonly transition: Transition
}

/** `versions` are those of this kind and name. Throws `SP-PRECONDITION`, `SP-FORBIDDEN` or `SP-SEPARATION`. */
export function changePolicy(
  act: Act,
  author: Identity,
  change: Change,
  versions: readonly PolicyVersion[],
  fourEyes: boolean,
): Changed {
  const present = inForce(versions)
  if (present?.source === 'file' && present.body !== null) {
    throw new SallyportError('SP-FORBIDDEN', `${change.kind} ${change.name} stands in a policy file: change it there`)
  }
  const standing = present === undefined || present.body === null ? null : present.digest
  if (standing !== change.replaces) {
    throw new SallyportError('SP-PRECONDITION', `${change.kind} ${change.name} is another version by now`)
  }
  if (change.body === null && standing === null) {
    throw new SallyportError('SP-NOT-FOUND', `there is no ${change.kind} ${change.name}`)
  }
  if (!fourEyes) checkNotOwn(change, author)
  const version = versionOf(act, { ...change, source: 'api', author: refOf(author) }, versions, fourEyes)
  const inserted: Transition = {
    writes: [{ into: 'policies', how: 'insert', record: version }],
    events: [changeEvent(act, version, present)],
  }
  return { version, transition: fourEyes ? inserted : together(superseding(act, present), inserted) }
}

/** What a policy file says, noted beside what was changed here. Null where that is known already. */
export function noteFilePolicy(
  act: Act,
  entry: Pick<Change, 'kind' | 'name' | 'body' | 'digest'>,
  versions: readonly PolicyVersion[],
): Transition | null {
  const present = inForce(versions)
  if (present?.source === 'file' && present.digest === entry.digest) return null
  const change = { ...entry, source: 'file' as const, author: null, reason: 'policy file', replaces: null }
  const version = versionOf(act, change, versions, false)
  const inserted: Transition = {
    writes: [{ into: 'policies', how: 'insert', record: version }],
    events: [changeEvent(act, version, present)],
  }
  return together(superseding(act, present), inserted)
}

/** Throws `SP-STATE` or `SP-SEPARATION`. */
export function decidePolicy(
  act: Act,
  version: PolicyVersion,
  versions: readonly PolicyVersion[],
  approver: Identity,
  answer: { readonly decision: 'approve' | 'refuse'; readonly reason: string },
): Transition {
  if (version.state !== 'proposed')
    throw new SallyportError('SP-STATE', `the version is ${version.state.replace('_', ' ')}`)
  const approves = answer.decision === 'approve'
  if (approves && version.author !== null && samePerson(version.author, approver)) {
    throw new SallyportError('SP-SEPARATION', 'a change of policy is approved by another person than its author')
  }
  if (approves) checkNotOwn(version, approver)
  const present = inForce(versions)
  if (approves && present !== undefined && present.number > version.number) {
    throw new SallyportError('SP-STATE', 'a newer version is in force')
  }
  if (approves && present?.source === 'file' && present.body !== null) {
    throw new SallyportError('SP-STATE', 'it stands in a policy file by now')
  }
  const reason = checkedReason(answer.reason)
  // A version counts from when it binds people.
  const decided: PolicyVersion = approves
    ? { ...version, state: 'in_force', approver: refOf(approver), at: act.now }
    : { ...version, state: 'refused', approver: refOf(approver) }
  const activity = approves ? 'policy.changed' : 'policy.refused'
  const event = happened(act, activity, {
    ...of(decided),
    severity: 'medium',
    reason,
    detail: described(decided, present),
  })
  const written: Transition = { writes: [{ into: 'policies', how: 'update', record: decided }], events: [event] }
  return approves ? together(superseding(act, present), written) : written
}

/** A grant by policy has no request and no vote: whoever puts it in force gives it, and nobody gives to themselves. */
function checkNotOwn({ kind, body }: Pick<Change, 'kind' | 'body'>, person: Identity): void {
  if (kind !== 'grant' || !isRecord(body) || !isRecord(body.principal)) return
  const { email, subject, group } = body.principal
  const named = [email, subject].flatMap((text) => (typeof text === 'string' ? [folded(text)] : []))
  const own = [person.subject, person.email, ...person.aliases].some((name) => name && named.includes(folded(name)))
  if (!own && !(typeof group === 'string' && person.groups.includes(group))) return
  throw new SallyportError('SP-SEPARATION', 'nobody gives access to themselves, or to a group that they are in')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

export function inForce(versions: readonly PolicyVersion[]): PolicyVersion | undefined {
  return versions.find(({ state }) => state === 'in_force')
}

/** What was in force at a time. */
export function inForceAt(versions: readonly PolicyVersion[], at: number): PolicyVersion | undefined {
  return versions.find(
    (version) =>
      (version.state === 'in_force' || version.state === 'superseded') &&
      version.at <= at &&
      (version.supersededAt === null || at < version.supersededAt),
  )
}

/** Who made or approved a version that is in force, or was since a time: they approve nothing under it. */
export function changersOf(versions: readonly PolicyVersion[], since: number): readonly PersonRef[] {
  return versions
    .filter(({ state, at }) => state === 'in_force' || (state === 'superseded' && at >= since))
    .flatMap(({ author, approver }) => [author ?? [], approver ?? []].flat())
}

function versionOf(
  act: Act,
  change: Change & Pick<PolicyVersion, 'source' | 'author'>,
  versions: readonly PolicyVersion[],
  proposed: boolean,
): PolicyVersion {
  const { kind, name, body, digest, source, author } = change
  const number = 1 + Math.max(0, ...versions.map((version) => version.number))
  return {
    id: `${kind}/${name}@${number}`,
    version: FIRST_VERSION,
    kind,
    name,
    number,
    source,
    body,
    digest,
    state: proposed ? 'proposed' : 'in_force',
    author,
    approver: null,
    reason: checkedReason(change.reason),
    at: act.now,
    supersededAt: null,
  }
}

function superseding(act: Act, present: PolicyVersion | undefined): Transition {
  if (present === undefined) return { writes: [], events: [] }
  const record: PolicyVersion = { ...present, state: 'superseded', supersededAt: act.now }
  return { writes: [{ into: 'policies', how: 'update', record }], events: [] }
}

function changeEvent(act: Act, version: PolicyVersion, present: PolicyVersion | undefined) {
  const detail = described(version, present)
  return happened(act, 'policy.changed', { ...of(version), severity: 'medium', reason: version.reason, detail })
}

function described({ state, number, digest, source, body }: PolicyVersion, present: PolicyVersion | undefined) {
  return { state, number, digest, source, deleted: body === null, previous: present?.digest ?? null }
}

function of({ id }: PolicyVersion) {
  return { entity: { type: 'policy', id } }
}

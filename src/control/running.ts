import { mayDo, type Operation, rolesFor } from '../access/api_roles.ts'
import type { AnalysedScript, Caller } from '../access/control.ts'
import { isLocking } from '../access/locks.ts'
import { type AccessPolicy, apiRolesOf } from '../access/policy.ts'
import type { Incidents, ReadTx, RecordName, Records, Store, WriteTx } from '../access/ports.ts'
import type { Lock, PolicyKind, SessionRecord } from '../access/records.ts'
import { type Act, type EventDraft, FIRST_VERSION, happened, type Transition } from '../access/transition.ts'
import type { AccessEvent } from '../audit/access_event.ts'
import { type ErrorCode, SallyportError } from '../errors.ts'
import { type Identity, personKey } from '../identity/identity.ts'
import type { Narrowing } from '../policy/grant.ts'
import type { CertificateAuthority, Clock, Ids } from '../session/ports.ts'
import { endOfFollowing } from './following.ts'

/** What the control plane asks of the rest of the program. */
export interface ControlDeps {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  /** The policy in force now. */
  readonly policy: () => AccessPolicy
  readonly incidents: Incidents
  /** What the provider's configuration says of the time in which it can't be asked. */
  readonly onUnverified: (provider: string) => 'deny' | 'allow_and_flag'
  /** The plan of a script for a target, and what approvers should know of it. Rejects with `SP-REQUEST`. */
  readonly analyse: (target: string, script: string) => Promise<AnalysedScript>
  /** The classes of the columns that the scope touches; null where they are not known. */
  readonly classesOf: (target: string, role: string, narrowing: Narrowing | null) => Promise<readonly string[] | null>
  readonly authority: CertificateAuthority | null
  /** What would be wrong with the policy after the change, and the digest of the body. */
  readonly checkPolicy: (kind: PolicyKind, name: string, body: unknown) => Promise<CheckedPolicy>
  /** Since when use is recorded without a gap; null where that can't be said. */
  readonly usageKnownSince: () => number | null
  /** Ends a live session, on whichever node it is. */
  readonly endSession: (session: SessionRecord, by: string, reason: string) => Promise<void>
  /** Told after each commit. */
  readonly notify: (events: readonly AccessEvent[]) => void
  /** A timer's work that failed; it is tried again with the next tick. */
  readonly failed: (what: string, error: SallyportError) => void
}

export interface CheckedPolicy {
  readonly problems: readonly string[]
  readonly digest: string
}

/** Writes what a transition says, and gives the records as they are stored then. */
export type Apply = (transition: Transition) => Promise<Applied>

export interface Applied {
  of<Name extends RecordName>(name: Name, id: string): Records[Name]['record']
}

export function actOf(deps: Pick<ControlDeps, 'clock'>, caller: Caller | null): Act {
  return {
    now: deps.clock.now(),
    by: caller?.identity ?? null,
    clientAddress: caller?.clientAddress ?? null,
  }
}

/** One transaction of records and events; who listens is told after the commit. */
export async function transact<T>(deps: ControlDeps, work: (tx: WriteTx, apply: Apply) => Promise<T>): Promise<T> {
  let events: AccessEvent[] = []
  const result = await deps.store.write((tx) => {
    // The store may run it again: only the last run counts.
    events = []
    return work(tx, (transition) => apply(deps, tx, transition, events))
  })
  if (events.length > 0) deps.notify(events)
  return result
}

async function apply(
  deps: ControlDeps,
  tx: WriteTx,
  { writes, events }: Transition,
  told: AccessEvent[],
): Promise<Applied> {
  if (writes.length > 0 && events.length === 0) {
    throw new SallyportError('SP-INTERNAL', 'a transition without its event')
  }
  const stored = new Map<string, unknown>()
  for (const { into, how, record } of writes) {
    const table = tx[into] as WriteTx['grants']
    const row = record as Records['grants']['record']
    if (how === 'insert') await table.insert(row)
    stored.set(`${into}/${record.id}`, how === 'insert' ? row : await table.update(row))
  }
  for (const next of await endOfFollowing(tx, actOf(deps, null), writes)) await apply(deps, tx, next, told)
  for (const draft of events) {
    const event = stamped(deps, draft)
    tx.record(event)
    told.push(event)
  }
  return {
    of: (name, id) => {
      const record = stored.get(`${name}/${id}`)
      if (record === undefined) throw new SallyportError('SP-INTERNAL', `${name} was not written`)
      return record as Records[typeof name]['record']
    },
  }
}

function stamped({ ids, clock }: ControlDeps, draft: EventDraft): AccessEvent {
  return { kind: 'access', id: ids.uuid(), time: clock.now(), ...draft }
}

/** Refusals that somebody may have been told for trying something: each is an event. */
const DENIALS: readonly ErrorCode[] = [
  'SP-FORBIDDEN',
  'SP-SEPARATION',
  'SP-FRESH-LOGIN',
  'SP-LOCKED',
  'SP-NO-RULE',
  'SP-NO-APPROVER',
  'SP-NOT-FOUND',
  'SP-REQUEST',
  'SP-STATE',
  'SP-NO-GRANT',
  'SP-GRANT-CHOICE',
]

/**
 * An operation of a person who has the right to it. What is refused, here or within, leaves an event; the refusal stands
 * also where the event can't be written.
 */
export async function acting<T>(
  deps: ControlDeps,
  caller: Caller,
  operation: Operation,
  about: string,
  work: (act: Act, policy: AccessPolicy) => Promise<T>,
): Promise<T> {
  try {
    await checkRight(deps, caller, operation)
    return await work(actOf(deps, caller), deps.policy())
  } catch (error) {
    if (error instanceof SallyportError && DENIALS.includes(error.code)) {
      await recordDenial(deps, caller, operation, about, error)
    }
    throw error
  }
}

async function recordDenial(
  deps: ControlDeps,
  caller: Caller,
  operation: Operation,
  about: string,
  { code, detail }: SallyportError,
): Promise<void> {
  const event = happened(actOf(deps, caller), 'api.refused', {
    entity: { type: 'operation', id: operation },
    severity: code === 'SP-FORBIDDEN' || code === 'SP-SEPARATION' ? 'medium' : 'low',
    detail: { code, why: detail, about },
  })
  try {
    await transact(deps, async (_tx, apply) => {
      await apply({ writes: [], events: [event] })
    })
  } catch (error) {
    deps.failed('audit of a refusal', error instanceof SallyportError ? error : asStoreError(error))
  }
}

function asStoreError(cause: unknown): SallyportError {
  return new SallyportError('SP-STORE', 'a refusal could not be recorded', { cause })
}

/** The person is noted as seen: who may approve is known by that. */
async function checkRight(deps: ControlDeps, caller: Caller, operation: Operation): Promise<void> {
  await noteSeen(deps, caller.identity)
  const lock = await deps.store.read((tx) => lockOf(tx, deps.clock.now(), 'person', personKey(caller.identity)))
  if (lock !== null && operation !== 'self.read') throw lockedError(lock)
  if (isAllowed(deps, caller, operation)) return
  throw new SallyportError('SP-FORBIDDEN', `${operation} is for ${rolesFor(operation).join(', ')}`)
}

export function isAllowed(deps: ControlDeps, caller: Caller, operation: Operation): boolean {
  return mayDo(apiRolesOf(caller.identity, deps.policy()), operation)
}

export async function lockOf(tx: ReadTx, now: number, what: Lock['what'], value: string): Promise<Lock | null> {
  const locks = await tx.locks.list({ where: { what, value, liftedAt: null } })
  return locks.find((lock) => isLocking(lock, now)) ?? null
}

/** Throws `SP-LOCKED` where a person, target or grant is locked. */
export async function checkLocks(
  tx: ReadTx,
  now: number,
  what: { readonly person?: string; readonly target?: string; readonly grant?: string },
): Promise<void> {
  for (const kind of ['person', 'target', 'grant'] as const) {
    const value = what[kind]
    const lock = value === undefined ? null : await lockOf(tx, now, kind, value)
    if (lock !== null) throw lockedError(lock)
  }
}

function lockedError({ what, label, at, reason }: Lock): SallyportError {
  return new SallyportError(
    'SP-LOCKED',
    `the ${what} ${label} is locked since ${new Date(at).toISOString()}: ${reason}`,
  )
}

/** A person who is seen again within this is not written again, unless something of them changed. */
const SEEN_AGAIN_MS = 600_000

/**
 * Keeps the person as the newest of their tokens says: who left a group could else show an older one, and have what they
 * delegated in the name of that group hold on for as long as they count as seen.
 */
export async function noteSeen(deps: ControlDeps, identity: Identity): Promise<void> {
  const now = deps.clock.now()
  const id = personKey(identity)
  const known = await deps.store.read((tx) => tx.people.get(id))
  if (known !== undefined && isOlder(identity, known.identity)) return
  if (known !== undefined && now - known.seenAt < SEEN_AGAIN_MS && sameClaims(known.identity, identity)) return
  try {
    await deps.store.write(async (tx) => {
      const stored = await tx.people.get(id)
      if (stored === undefined) await tx.people.insert({ id, version: FIRST_VERSION, identity, seenAt: now })
      else if (!isOlder(identity, stored.identity)) await tx.people.update({ ...stored, identity, seenAt: now })
    })
  } catch (error) {
    // Another call of the same person was first.
    if (!(error instanceof SallyportError) || error.code !== 'SP-CONFLICT') throw error
  }
}

function isOlder({ issuedAt: one }: Identity, { issuedAt: other }: Identity): boolean {
  return one !== undefined && other !== undefined && one < other
}

function sameClaims(one: Identity, other: Identity): boolean {
  const claims = ({ email, name, groups, aliases }: Identity) => JSON.stringify([email, name, groups, aliases])
  return claims(one) === claims(other)
}

export function notFound(what: string, id: string): SallyportError {
  return new SallyportError('SP-NOT-FOUND', `there is no ${what} ${id}, or it is not yours to see`)
}

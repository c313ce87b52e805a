import { type AccessActivity, type AccessEvent, NOTHING_MORE } from '../audit/access_event.ts'
import type { Identity } from '../identity/identity.ts'
import type { AccessRequest, GrantRecord, PersonRef } from './model.ts'
import { refOf } from './person.ts'
import type { RecordName, Records } from './ports.ts'

/** What a command makes of what stands in the store: written together, with the events, or not at all. */
export interface Transition {
  readonly writes: readonly Write[]
  readonly events: readonly EventDraft[]
}

export type Write = {
  readonly [Name in RecordName]: {
    readonly into: Name
    readonly how: 'insert' | 'update'
    readonly record: Records[Name]['record']
  }
}[RecordName]

/** Whoever writes it gives it its id and its time. */
export type EventDraft = Omit<AccessEvent, 'kind' | 'id' | 'time'>

/** Who acts, and when; null is Sallyport itself. */
export interface Act {
  readonly now: number
  readonly by: Identity | null
  readonly clientAddress: string | null
}

export const FIRST_VERSION = 1

export function together(...parts: readonly Transition[]): Transition {
  return { writes: parts.flatMap(({ writes }) => writes), events: parts.flatMap(({ events }) => events) }
}

export type Happening = Partial<EventDraft> & Pick<EventDraft, 'entity'>

export function happened(act: Act, activity: AccessActivity, what: Happening): EventDraft {
  return {
    ...NOTHING_MORE,
    ...what,
    activity,
    actor: act.by === null ? null : refOf(act.by),
    clientAddress: act.clientAddress,
  }
}

export function ofRequest(request: AccessRequest): Happening {
  return {
    entity: { type: 'request', id: request.id },
    person: refOf(request.requester),
    target: request.target,
    role: request.role,
    requestId: request.id,
    grantId: request.grantId,
    ticket: request.ticket,
    incident: request.incident && `${request.incident.provider} ${request.incident.id}`,
  }
}

export function ofGrant({ grant, holder }: GrantRecord): Happening {
  return {
    entity: { type: 'grant', id: grant.id },
    person: refOf(holder),
    target: grant.target,
    role: grant.role,
    grantId: grant.id,
    requestId: grant.requestId,
    ticket: grant.ticket,
    incident: grant.incident && `${grant.incident.provider} ${grant.incident.id}`,
  }
}

/** The person of an act that only people do. */
export function actorOf(act: Act): PersonRef | null {
  return act.by === null ? null : refOf(act.by)
}

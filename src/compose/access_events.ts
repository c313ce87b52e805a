import type { AccessActivity, AccessEvent } from '../audit/access_event.ts'

/** An event of the program itself: nobody did it, unless `more` says otherwise. */
export function accessEvent(
  activity: AccessActivity,
  entity: AccessEvent['entity'],
  { id, time }: Pick<AccessEvent, 'id' | 'time'>,
  more: Partial<AccessEvent> = {},
): AccessEvent {
  return {
    kind: 'access',
    id,
    time,
    activity,
    severity: 'info',
    actor: null,
    person: null,
    entity,
    target: null,
    role: null,
    grantId: null,
    requestId: null,
    reason: null,
    ticket: null,
    incident: null,
    clientAddress: null,
    detail: {},
    ...more,
  }
}

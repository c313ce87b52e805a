import type { Caller } from '../access/control.ts'
import { type AccessActivity, type AccessEvent, accessEvent } from '../audit/access_event.ts'
import type { ApiDeps } from './ports.ts'

type Deps = Pick<ApiDeps, 'ids' | 'clock'>
type Entity = AccessEvent['entity']

/** Puts what the API itself did into the outbox; what the control plane does, it records with the change. */
export async function noteAccess(
  deps: Deps & Pick<ApiDeps, 'store'>,
  activity: AccessActivity,
  caller: Partial<Caller> | null,
  detail: AccessEvent['detail'],
  entity: Entity = { type: 'api', id: activity },
): Promise<void> {
  const event = apiEvent(deps, activity, caller, detail, entity)
  await deps.store.write(async (tx) => tx.record(event))
}

export function apiEvent(
  { ids, clock }: Deps,
  activity: AccessActivity,
  caller: Partial<Caller> | null,
  detail: AccessEvent['detail'],
  entity: Entity,
): AccessEvent {
  return accessEvent(
    activity,
    entity,
    { id: ids.uuid(), time: clock.now() },
    {
      severity: activity === 'api.refused' ? 'medium' : 'info',
      actor: actorOf(caller?.identity),
      clientAddress: caller?.clientAddress ?? null,
      detail,
    },
  )
}

function actorOf(identity: Caller['identity'] | undefined): AccessEvent['actor'] {
  if (identity === undefined) return null
  const { issuer, subject, email, name } = identity
  return { issuer, subject, email, name }
}

import type { AccessEvent } from '../audit/access_event.ts'
import type { SecretReading } from './ports.ts'

/** A reading of a secret, as the audit log has it: its reference and version, never the value. */
export function secretEvent({ reference, version, ok, detail }: SecretReading): Omit<AccessEvent, 'id' | 'time'> {
  return {
    kind: 'access',
    activity: ok ? 'secret.read' : 'secret.failed',
    severity: ok ? 'info' : 'medium',
    actor: null,
    person: null,
    entity: { type: 'secret', id: reference },
    target: null,
    role: null,
    grantId: null,
    requestId: null,
    reason: detail,
    ticket: null,
    incident: null,
    clientAddress: null,
    detail: { version },
  }
}

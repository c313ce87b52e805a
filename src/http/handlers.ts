import type { ConsoleSessions } from './console_sessions.ts'
import type { Handlers } from './handler.ts'
import { credentialHandlers, lockHandlers, sessionHandlers, targetHandlers } from './handlers/access.ts'
import { alertHandlers } from './handlers/alerts.ts'
import { auditHandlers } from './handlers/audit_events.ts'
import { checkpointHandlers } from './handlers/checkpoints.ts'
import { evidenceHandlers } from './handlers/evidence.ts'
import { grantHandlers } from './handlers/grants.ts'
import { peopleHandlers } from './handlers/people.ts'
import { policyHandlers, reviewHandlers } from './handlers/policies.ts'
import { recordingHandlers } from './handlers/recordings.ts'
import { requestHandlers } from './handlers/requests.ts'
import { sinkHandlers } from './handlers/sinks.ts'
import { webhookHandlers } from './handlers/webhooks.ts'
import type { ConsoleLogin } from './login.ts'
import type { ApiDeps } from './ports.ts'

/** What answers each operation of the contract; the type demands that none is missing. */
export function handlersOf(deps: ApiDeps, sessions: ConsoleSessions, login: ConsoleLogin | null): Handlers {
  return {
    ...requestHandlers(deps),
    ...grantHandlers(deps),
    ...sessionHandlers(deps),
    ...targetHandlers(deps),
    ...lockHandlers(deps),
    ...credentialHandlers(deps),
    ...policyHandlers(deps),
    ...reviewHandlers(deps),
    ...evidenceHandlers(deps),
    ...auditHandlers(deps),
    ...checkpointHandlers(deps),
    ...alertHandlers(deps),
    ...sinkHandlers(deps),
    ...recordingHandlers(deps),
    ...webhookHandlers(deps),
    ...peopleHandlers(deps, sessions, login),
  }
}

import { accessEvent } from '../audit/access_event.ts'
import { asSallyportError } from '../errors.ts'
import type { SessionRecording } from '../recording/session_recording.ts'
import type { ProxyContext } from './context.ts'
import type { OpenedLogin } from './login_flow.ts'

/** Whether every session of this kind is recorded: its role demands it, or it is break-glass. */
export function isRecorded({ grant, role }: Pick<OpenedLogin['allowed'], 'grant' | 'role'>): boolean {
  return role.asking.recording || grant.kind === 'break_glass'
}

/**
 * Opens the recording of a session that must have one, and has that on record; null for any other. Rejects with
 * `SP-RECORDING`: then there is no session.
 */
export async function beginRecording(
  context: ProxyContext,
  { allowed, subject }: OpenedLogin,
  wire: { readonly capabilities: number; readonly extended: number },
): Promise<SessionRecording | null> {
  if (!subject.recorded) return null
  const { session, identity, grant, target } = subject
  const { issuer, subject: name, email } = identity
  const { incident } = grant
  const recording = await context.recordings.begin({
    id: session.sessionId,
    protocol: session.protocol,
    ...wire,
    person: { issuer, subject: name, email },
    target: target.name,
    database: session.database,
    role: allowed.role.name,
    grantId: grant.id,
    reason: session.reason,
    ticket: session.ticket,
    incident: incident === null ? null : `${incident.provider} ${incident.id}`,
    clientAddress: session.clientAddress,
    application: session.application,
  })
  try {
    const { sealedTo, started } = recording.head
    await context.audit.append([eventOf(context, recording, 'recording.started', { sealed_to: sealedTo, started })])
  } catch (error) {
    await endRecording(context, recording, 'the session could not be put on record')
    throw error
  }
  return recording
}

/** Closes it with its last frame, and has on record what the file must be. Never rejects. */
export function endRecording(context: ProxyContext, recording: SessionRecording, cause: string): Promise<void> {
  const closed = end(context, recording, cause)
  context.recordings.ending(recording.head.id, closed)
  return closed
}

async function end(context: ProxyContext, recording: SessionRecording, cause: string): Promise<void> {
  const { why, ...closed } = await recording.close(cause)
  const activity = why === null ? 'recording.closed' : 'recording.failed'
  if (why !== null) context.log.error({ why, session: recording.head.id }, 'a recording could not be written')
  const detail = { ...closed, cause, ...(why !== null && { why }) }
  await context.audit.append([eventOf(context, recording, activity, detail)]).catch((error: unknown) => {
    const { code } = asSallyportError(error)
    context.log.error({ code, session: recording.head.id }, 'the end of a recording was not put on record')
  })
}

function eventOf(
  { ids, clock }: ProxyContext,
  { head }: SessionRecording,
  activity: 'recording.started' | 'recording.closed' | 'recording.failed',
  detail: Readonly<Record<string, unknown>>,
) {
  const { issuer, subject, email } = head.person
  const entity = { type: 'recording', id: head.id }
  return accessEvent(
    activity,
    entity,
    { id: ids.uuid(), time: clock.now() },
    {
      actor: { issuer, subject, email, name: null },
      severity: activity === 'recording.failed' ? 'high' : 'info',
      target: head.target,
      role: head.role,
      grantId: head.grantId,
      reason: head.reason,
      ticket: head.ticket,
      incident: head.incident,
      clientAddress: head.clientAddress,
      detail,
    },
  )
}

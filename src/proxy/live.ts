import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { matchesPattern } from '../policy/patterns.ts'
import type { ProxyContext } from './context.ts'
import type { OpenedLogin } from './login_flow.ts'
import type { Machine } from './machine.ts'
import { Runner } from './runner.ts'
import { beginRecording, endRecording } from './session_recorder.ts'
import { type MaskedColumn, SessionStory } from './session_story.ts'
import type { LiveSession } from './sessions.ts'

const CANCEL_AFTER_MS = 1_000
const NO_WIRE = { capabilities: 0, extended: 0 }

export interface SessionStart {
  readonly opened: OpenedLogin
  readonly machine: Machine
  readonly client: Duplex
  readonly upstream: Socket
  readonly fromClient: Uint8Array
  readonly fromUpstream: Uint8Array
  readonly number: number
  readonly cancelKey: Uint8Array
  /** Milliseconds since the epoch when the connection was accepted. */
  readonly accepted: number
  /** MySQL: what client and server agreed to. */
  readonly wire?: { readonly capabilities: number; readonly extended: number }
  /** PostgreSQL: the account is a superuser, as the server reports it. */
  readonly superuser?: boolean
  /** What the client is sent once the login is on record. */
  readonly greeting: readonly Uint8Array[]
  /** COM_CHANGE_USER: takes the client's connection over once the session is over. */
  readonly loginAgain?: (command: Uint8Array, sequence: number) => void
  /** `statementOnly` false ends the whole connection, where the protocol can. */
  readonly cancelUpstream: (statementOnly: boolean) => Promise<void>
}

/** Puts a session on record, greets its client and runs it. Rejects where the record can't be written. */
export async function startSession(context: ProxyContext, start: SessionStart): Promise<void> {
  const { opened, client, upstream, machine } = start
  const { subject, allowed } = opened
  const { session } = subject
  const engine = session.protocol
  const story = new SessionStory({ ...context, sessions: context.liveSessions }, session, maskedFor(context, opened))
  const recording = await beginRecording(context, opened, start.wire ?? NO_WIRE)
  const runner = new Runner({
    client,
    upstream,
    machine,
    recording,
    audit: context.audit,
    clock: context.clock,
    fromClient: start.fromClient,
    fromUpstream: start.fromUpstream,
    cancel: (sessionId, statementOnly, over) => {
      const live = context.sessions.get(sessionId)
      const cancel = () => live?.cancelStatement(statementOnly)
      if (over && subject.limited) unlessEnded(upstream, cancel)
      else cancel()
    },
    catalogStale: (reason, certain) => {
      if (certain) context.catalogs.invalidate(subject.target.name, reason)
      else context.catalogs.recheck(subject.target.name)
    },
    loginAgain: (command, sequence) => start.loginAgain?.(command, sequence),
    failed: (error) => {
      context.metrics.auditFailures.inc()
      context.log.error({ code: error.code, session: session.sessionId }, 'an audit record failed')
    },
    recorded: (event) => {
      if (event.kind === 'completion') story.completed(event)
      if (event.kind !== 'decision') return
      context.metrics.decisions.inc({ engine, effect: event.effect, code: event.code ?? 'none' })
      story.decided(event)
    },
    ended: (cause) => {
      story.end()
      finish(context, opened, cause)
      if (recording) void endRecording(context, recording, cause)
    },
  })
  const grantEnd = allowed.grant.end
  const record = { id: context.ids.uuid(), time: context.clock.now(), session }
  // A session that could not be recorded does not begin.
  try {
    await context.audit.append([
      { kind: 'login', ...record, grantEnd },
      { ...record, kind: 'connect', id: context.ids.uuid(), ...(start.superuser && { superuser: true }) },
    ])
  } catch (error) {
    if (recording) await endRecording(context, recording, 'the login could not be put on record')
    throw error
  }
  context.metrics.logins.inc({ engine, outcome: 'ok' })
  context.metrics.sessions.inc({ engine })
  context.metrics.loginSeconds.observe({ engine }, (context.clock.now() - start.accepted) / 1000)
  story.begin(record.time)
  context.sessions.add(liveSession(context, start, runner, story))
  if (client instanceof Socket) client.setNoDelay(true)
  upstream.setNoDelay(true)
  // One write: over TLS each would be a record of its own.
  client.write(Buffer.concat(start.greeting))
  runner.start([])
}

/**
 * The end of a session's own account ends what runs under it. To cancel that as well takes a connection for each of what
 * may be hundreds of sessions of a grant: only where the database has not ended the connection by then.
 */
function unlessEnded(upstream: Socket, cancel: () => void): void {
  const timer = setTimeout(cancel, CANCEL_AFTER_MS)
  timer.unref()
  upstream.once('end', () => clearTimeout(timer))
}

/** What the policy masks for others; null where the role sees it masked too, so that nobody has to look. */
function maskedFor({ policy }: ProxyContext, { allowed: { role }, subject }: OpenedLogin): MaskedColumn | null {
  if (!role.unrestricted && role.unmask.length === 0) return null
  const fits = (patterns: readonly string[], name: string) => patterns.some((pattern) => matchesPattern(pattern, name))
  return (schema, table, column) =>
    policy
      .masking()
      .masks.some(
        (mask) =>
          fits(mask.targets, subject.target.name) &&
          fits(mask.schemas, schema) &&
          fits(mask.tables, table) &&
          fits(mask.columns, column),
      )
}

/** Holds what it needs of the start alone: the rest (greeting, leftovers) was a third of an idle session's heap. */
function liveSession(
  context: ProxyContext,
  { opened: { subject }, number, cancelKey, cancelUpstream }: SessionStart,
  runner: Runner,
  story: SessionStory,
): LiveSession {
  const { identity, target } = subject
  const { sessionId } = subject.session
  let noted = subject.grant
  const goOn = () => {
    if (subject.grant === noted) return
    noted = subject.grant
    context.accounts.goOn?.(sessionId, noted).catch((err: unknown) => {
      context.log.warn({ err, session: sessionId }, 'an account could not be noted under the grant that follows')
    })
  }
  return {
    id: sessionId,
    person: identity,
    sid: identity.sid,
    unfounded: () => context.gate.unfounded(subject, context.clock.now()),
    target: target.name,
    number,
    cancelKey,
    cancelStatement: (statementOnly) => {
      const base = { id: context.ids.uuid(), time: context.clock.now(), session: subject.session }
      const by = identity.email ?? identity.subject
      context.audit
        .append([{ kind: 'cancel', ...base, by }])
        .then(() => cancelUpstream(statementOnly))
        .catch((err: unknown) => context.log.warn({ err, session: sessionId }, 'a cancel did not reach the database'))
        .finally(() => runner.cancelled())
    },
    end: (error) => runner.end(error),
    tick: () => {
      runner.tick()
      goOn()
      story.tick(subject.session)
    },
    idle: () => runner.idle,
  }
}

function finish(context: ProxyContext, { subject, release }: OpenedLogin, cause: string): void {
  const { session, grant, identity, target } = subject
  context.sessions.remove(session.sessionId)
  const endedAt = context.grants.endedAt(grant.id, identity, target.name)
  if (endedAt !== null) {
    context.metrics.revocationSeconds.observe(secondsSince(endedAt, context.clock.now()))
  }
  context.metrics.sessions.dec({ engine: session.protocol })
  release()
  context.audit
    .append([{ kind: 'logout', id: context.ids.uuid(), time: context.clock.now(), session, cause }])
    .catch((err: unknown) => context.log.error({ err }, 'the record of a logout failed'))
}

/** Another node's clock may be a little ahead of this one's. */
function secondsSince(then: number, now: number): number {
  return Math.max(0, now - then) / 1000
}

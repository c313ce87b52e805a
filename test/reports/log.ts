import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AccessEvent } from '../../src/audit/access_event.ts'
import { accessEvent } from '../../src/audit/access_event.ts'
import type { AuditEvent, SessionFacts } from '../../src/audit/event.ts'
import { completion, decision, SESSION } from '../audit/events.ts'
import { openTestLog } from '../auditlog/log.ts'

/** A log of record as the product writes it. */
export async function logOf(events: readonly AuditEvent[]): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-reports-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const directory = join(dir, 'audit')
  const log = await openTestLog(directory)
  for (const event of events) await log.append([event])
  await log.close()
  return directory
}

export function sessionOf(subject: string, over: Partial<SessionFacts> = {}): SessionFacts {
  const identity = SESSION.identity && { ...SESSION.identity, subject, email: `${subject}@example.test` }
  return { ...SESSION, sessionId: `s-${subject}`, identity, ...over }
}

/** A statement with its end: two records. */
export function statement(n: number, session: SessionFacts, text: string, rows = n): AuditEvent[] {
  const about = { session, statementId: `q-${n}` }
  const normalized = { normalized: text, sha256: 'ab', bytes: text.length, full: null }
  return [
    decision({ ...about, id: `d-${n}`, time: n * 1_000, statement: normalized }),
    {
      ...(completion() as Extract<AuditEvent, { kind: 'completion' }>),
      ...about,
      id: `c-${n}`,
      time: n * 1_000 + 5,
      rows,
    },
  ]
}

export function happening(
  activity: AccessEvent['activity'],
  time: number,
  more: Partial<AccessEvent> = {},
): AccessEvent {
  return accessEvent(activity, { type: 'grant', id: 'g1' }, { id: `a-${time}`, time }, more)
}

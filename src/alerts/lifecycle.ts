import type { AccessActivity, AccessEvent } from '../audit/access_event.ts'
import type { Signal } from '../audit/alert_event.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { Raiser } from './raiser.ts'

type ConfigLoaded = Extract<AuditEvent, { kind: 'config_loaded' }>

/** Paths of a change that are named. */
const MAX_PATHS = 5

interface Rule {
  readonly signal: Signal
  /** What is kept quiet together. */
  readonly key: (event: AccessEvent) => string
  readonly say: (event: AccessEvent) => string
  /** Absent: each event of this activity. */
  readonly when?: (event: AccessEvent) => boolean
}

const GRANT_BEGINS: Rule = {
  signal: 'grant_change',
  key: ({ grantId }) => `${grantId}/begin`,
  say: (event) => `${personOf(event)} is granted ${event.role} on ${event.target}`,
}

const RULES: ReadonlyMap<AccessActivity, Rule> = new Map<AccessActivity, Rule>([
  ['grant.scheduled', GRANT_BEGINS],
  ['grant.activated', GRANT_BEGINS],
  [
    'grant.revoked',
    {
      signal: 'grant_change',
      key: ({ grantId }) => `${grantId}/end`,
      say: (event) => `${event.role} on ${event.target} was revoked from ${personOf(event)} by ${actorOf(event)}`,
    },
  ],
  [
    'break_glass.started',
    {
      signal: 'break_glass_start',
      key: ({ grantId, entity }) => grantId ?? entity.id,
      say: (event) =>
        `${personOf(event)} broke the glass on ${event.target} as ${event.role} for ${event.incident ?? 'an incident'}: ${event.reason}`,
    },
  ],
  [
    'policy.changed',
    {
      signal: 'policy_change',
      key: ({ entity }) => `${entity.type}/${entity.id}`,
      say: (event) => `${actorOf(event)} changed the policy ${event.entity.id}: ${event.reason ?? 'no reason given'}`,
    },
  ],
  [
    'break_glass.overdue',
    {
      signal: 'overdue_review',
      key: ({ grantId, entity }) => grantId ?? entity.id,
      say: (event) => `the break-glass of ${personOf(event)} on ${event.target} was not reviewed in time`,
    },
  ],
  [
    'review.answered',
    {
      signal: 'overdue_review',
      key: ({ entity }) => entity.id,
      say: (event) =>
        `a line of the access review ${event.entity.id} was not answered in time: ${event.detail.decision}`,
      // Answered by nobody: by the timer, when it was due.
      when: ({ actor }) => actor === null,
    },
  ],
  [
    'account.orphaned',
    {
      signal: 'orphaned_account',
      key: ({ target, entity }) => `${target}/${entity.id}`,
      say: (event) => `the account ${event.entity.id} on ${event.target} could not be dropped: ${event.detail.why}`,
    },
  ],
  [
    'bypass.login',
    {
      signal: 'bypass_login',
      key: ({ target, detail }) => `${target}/${detail.object}`,
      say: (event) => `a login on ${event.target} did not come through the proxy: ${event.detail.text}`,
    },
  ],
  [
    'posture.finding',
    {
      signal: 'database_change',
      key: ({ target, detail }) => `${target}/${detail.object}`,
      say: (event) => `${event.target} was changed outside of Sallyport: ${event.detail.text}`,
    },
  ],
])

export function lifecycle(event: AccessEvent, raiser: Raiser): void {
  const rule = RULES.get(event.activity)
  if (rule === undefined || rule.when?.(event) === false) return
  const { target, role, grantId, clientAddress } = event
  const key = rule.key(event)
  raiser.hit(rule.signal, {
    key,
    label: key,
    evidence: event.id,
    about: { person: event.person ?? event.actor, target, role, grantId, clientAddress },
    say: () => rule.say(event),
  })
}

/** Only a change: what is loaded at the start of a process is as it was. */
export function configLoaded({ id, previous, changes, digest }: ConfigLoaded, raiser: Raiser): void {
  if (previous === null || changes.length === 0) return
  const more = changes.length > MAX_PATHS ? ` and ${changes.length - MAX_PATHS} more` : ''
  raiser.hit('policy_change', {
    key: `config/${digest}`,
    label: `config/${digest}`,
    evidence: id,
    about: {},
    say: () => `the configuration was changed: ${changes.slice(0, MAX_PATHS).join(', ')}${more}`,
  })
}

function personOf({ person, actor }: AccessEvent): string {
  const who = person ?? actor
  return who === null ? 'somebody' : (who.email ?? who.subject)
}

function actorOf({ actor }: AccessEvent): string {
  return actor === null ? 'Sallyport' : (actor.email ?? actor.subject)
}

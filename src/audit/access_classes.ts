import type { AccessActivity } from './access_event.ts'
import {
  ACCOUNT_CHANGE,
  type Activity,
  API_ACTIVITY,
  APPROVED,
  AUTHENTICATION,
  CREATE,
  DENIED,
  DETECTION_FINDING,
  ENTITY_MANAGEMENT,
  LOGOFF,
  LOGON,
  type OcsfClass,
  other,
  REJECTED,
  REVOKED,
  UNAUTHORIZED,
  UPDATE,
  USER_ACCESS,
  type Verdict,
} from './ocsf_classes.ts'

/** Which class an activity of the lifecycle is of, and what that class has besides the entity. */
export interface AccessClass {
  /** Tells which members the class demands, see access_record.ts. */
  readonly shape: 'entity' | 'privileges' | 'account' | 'login' | 'call' | 'finding'
  readonly of: OcsfClass
  readonly activity: Activity
  readonly verdict?: Verdict
  /** It says that something was refused or went wrong. */
  readonly failed?: true
  /** Somebody ought to look at it at once: profile security_control. */
  readonly alert?: true
}

type More = Pick<AccessClass, 'verdict' | 'failed' | 'alert'>

const entity = (activity: Activity, more: More = {}): AccessClass => ({
  shape: 'entity',
  of: ENTITY_MANAGEMENT,
  activity,
  ...more,
})
const privileges = (activity: Activity, more: More = {}): AccessClass => ({
  shape: 'privileges',
  of: USER_ACCESS,
  activity,
  ...more,
})
const account = (activity: Activity, more: More = {}): AccessClass => ({
  shape: 'account',
  of: ACCOUNT_CHANGE,
  activity,
  ...more,
})
const login = (activity: Activity): AccessClass => ({ shape: 'login', of: AUTHENTICATION, activity })

const FINDING: AccessClass = { shape: 'finding', of: DETECTION_FINDING, activity: CREATE }
const REFUSED_CALL: AccessClass = {
  shape: 'call',
  of: API_ACTIVITY,
  activity: other('Refused'),
  verdict: UNAUTHORIZED,
  failed: true,
}

/** Of class 3004: events/iam/entity_management.json. */
const READ: Activity = { id: 2, name: 'Read' }
const DELETE: Activity = { id: 4, name: 'Delete' }
const ACTIVATE: Activity = { id: 10, name: 'Activate' }
const DEACTIVATE: Activity = { id: 11, name: 'Deactivate' }
/** Of class 3005: events/iam/user_access.json. */
const ASSIGN: Activity = { id: 1, name: 'Assign Privileges' }
const REVOKE: Activity = { id: 2, name: 'Revoke Privileges' }
/** Of class 3001: events/iam/account_change.json. */
const DROP: Activity = { id: 6, name: 'Delete' }

export const ACCESS_CLASSES: Readonly<Record<AccessActivity, AccessClass>> = {
  'request.created': entity(CREATE),
  'request.amended': entity(UPDATE),
  'request.approved': entity(UPDATE, { verdict: APPROVED }),
  'request.denied': entity(UPDATE, { verdict: REJECTED }),
  'request.changes_requested': entity(UPDATE),
  'request.vote': entity(UPDATE),
  'request.nudged': entity(UPDATE),
  'request.escalated': entity(UPDATE),
  'request.expired': entity(UPDATE),
  'request.cancelled': entity(UPDATE),
  'grant.scheduled': entity(CREATE),
  'grant.activated': privileges(ASSIGN),
  'grant.expired': privileges(REVOKE),
  'grant.revoked': privileges(REVOKE, { verdict: REVOKED }),
  'grant.completed': privileges(REVOKE),
  'grant.idle_warned': entity(UPDATE),
  'grant.progress': entity(UPDATE),
  'break_glass.started': privileges(ASSIGN, { alert: true }),
  'break_glass.refused': privileges(ASSIGN, { verdict: DENIED, failed: true, alert: true }),
  'break_glass.renewed': privileges(ASSIGN, { alert: true }),
  'break_glass.incident_closed': entity(UPDATE),
  'break_glass.reviewed': entity(UPDATE),
  'break_glass.overdue': entity(UPDATE, { alert: true }),
  'lock.set': entity(CREATE),
  'lock.lifted': entity(DELETE),
  'delegation.created': entity(CREATE),
  'delegation.ended': entity(DEACTIVATE),
  'password.issued': entity(CREATE),
  'password.revoked': entity(DELETE),
  'certificate.issued': entity(CREATE),
  'certificate.revoked': entity(DELETE),
  'account.created': account(CREATE),
  'account.dropped': account(DROP),
  'account.orphaned': account(other('Orphaned'), { failed: true }),
  'account.finding': FINDING,
  'session.ended_by': entity(DEACTIVATE),
  'policy.changed': entity(UPDATE),
  'policy.refused': entity(UPDATE, { verdict: REJECTED, failed: true }),
  'review.opened': entity(CREATE),
  'review.answered': entity(UPDATE),
  'review.reminded': entity(UPDATE),
  'review.completed': entity(UPDATE),
  'secret.read': entity(READ),
  'secret.failed': entity(READ, { failed: true }),
  'webhook.changed': entity(UPDATE),
  'api.login': login(LOGON),
  'api.logout': login(LOGOFF),
  'api.refused': REFUSED_CALL,
  'backup.made': entity(CREATE),
  'backup.restored': entity(UPDATE),
  'posture.finding': FINDING,
  'bypass.login': FINDING,
  'recording.started': entity(CREATE),
  'recording.closed': entity(UPDATE),
  'recording.failed': entity(UPDATE, { failed: true }),
  'recording.read': entity(READ),
  'recording.deleted': entity(DELETE),
  'node.joined': entity(ACTIVATE),
  'node.cut_off': entity(DEACTIVATE),
}

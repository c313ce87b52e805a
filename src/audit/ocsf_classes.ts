import type { StatementActivity } from './statement_activity.ts'

/**
 * Class, category and activity numbers of OCSF 1.8.0 (github.com/ocsf/ocsf-schema, tag v1.8.0). Version 1.9.0 deprecates
 * the classes 3001 and 3005 for one of its own, 3007, so numbers stand in this file alone.
 */
export const OCSF_VERSION = '1.8.0'

export interface OcsfClass {
  readonly uid: number
  readonly name: string
  readonly category: number
  readonly categoryName: string
}

/** events/iam/authentication.json */
export const AUTHENTICATION = iam(3002, 'Authentication')
/** events/iam/entity_management.json */
export const ENTITY_MANAGEMENT = iam(3004, 'Entity Management')
/** events/iam/account_change.json */
export const ACCOUNT_CHANGE = iam(3001, 'Account Change')
/** events/iam/user_access.json */
export const USER_ACCESS = iam(3005, 'User Access Management')
/** events/application/application_lifecycle.json */
export const APPLICATION_LIFECYCLE = application(6002, 'Application Lifecycle')
/** events/application/api_activity.json */
export const API_ACTIVITY = application(6003, 'API Activity')
/** events/application/datastore_activity.json */
export const DATASTORE_ACTIVITY = application(6005, 'Datastore Activity')

/** events/findings/detection_finding.json */
export const DETECTION_FINDING: OcsfClass = {
  uid: 2004,
  name: 'Detection Finding',
  category: 2,
  categoryName: 'Findings',
}

/** Of findings: events/findings/finding.json. */
export const NEW = { id: 1, name: 'New' } as const
export const RESOLVED = { id: 4, name: 'Resolved' } as const

export interface Activity {
  readonly id: number
  readonly name: string
}

export const LOGON: Activity = { id: 1, name: 'Logon' }
export const LOGOFF: Activity = { id: 2, name: 'Logoff' }
export const CREATE: Activity = { id: 1, name: 'Create' }
export const UPDATE: Activity = { id: 3, name: 'Update' }
/** Of findings: events/findings/finding.json. */
export const CLOSE: Activity = { id: 3, name: 'Close' }
export const START: Activity = { id: 3, name: 'Start' }
export const STOP: Activity = { id: 4, name: 'Stop' }

/** Other: the name says what. */
export const OTHER_ACTIVITY = 99

export function other(name: string): Activity {
  return { id: OTHER_ACTIVITY, name }
}

/** Of class 6005: events/application/datastore_activity.json. */
export const CONNECT: Activity = { id: 3, name: 'Connect' }

const STATEMENT_ACTIVITIES: Readonly<Record<Exclude<StatementActivity, 'other'>, Activity>> = {
  read: { id: 1, name: 'Read' },
  update: { id: 2, name: 'Update' },
  query: { id: 4, name: 'Query' },
  write: { id: 5, name: 'Write' },
  create: { id: 6, name: 'Create' },
  delete: { id: 7, name: 'Delete' },
  list: { id: 8, name: 'List' },
}

/** The activity of class 6005 for a statement; what has none is called by its kind. */
export function datastoreActivity(activity: StatementActivity, kind: string): Activity {
  return activity === 'other' ? other(kind) : STATEMENT_ACTIVITIES[activity]
}

const API_ACTIVITIES: Readonly<Record<string, Activity>> = {
  create: { id: 1, name: 'Create' },
  GET: { id: 2, name: 'Read' },
  HEAD: { id: 2, name: 'Read' },
  POST: { id: 3, name: 'Update' },
  PUT: { id: 3, name: 'Update' },
  PATCH: { id: 3, name: 'Update' },
  DELETE: { id: 4, name: 'Delete' },
}

/** The activity of class 6003: a POST that names nothing that there is already makes something. */
export function apiActivity(method: string, namesSomething: boolean): Activity {
  return API_ACTIVITIES[method === 'POST' && !namesSomething ? 'create' : method] ?? other(method)
}

export interface Verdict {
  readonly action: number
  readonly actionName: string
  readonly disposition: number
  readonly dispositionName: string
}

/** Profile security_control. */
export const ALLOWED: Verdict = { action: 1, actionName: 'Allowed', disposition: 1, dispositionName: 'Allowed' }
export const DENIED: Verdict = { action: 2, actionName: 'Denied', disposition: 2, dispositionName: 'Blocked' }
export const MODIFIED: Verdict = { action: 4, actionName: 'Modified', disposition: 11, dispositionName: 'Corrected' }
export const APPROVED: Verdict = { action: 1, actionName: 'Allowed', disposition: 8, dispositionName: 'Approved' }
export const REJECTED: Verdict = { action: 2, actionName: 'Denied', disposition: 25, dispositionName: 'Rejected' }
export const REVOKED: Verdict = { action: 2, actionName: 'Denied', disposition: 24, dispositionName: 'Access Revoked' }
export const UNAUTHORIZED: Verdict = {
  action: 2,
  actionName: 'Denied',
  disposition: 26,
  dispositionName: 'Unauthorized',
}

export function verdictJson(verdict: Verdict): string {
  return (
    `"action_id":${verdict.action},"action":"${verdict.actionName}",` +
    `"disposition_id":${verdict.disposition},"disposition":"${verdict.dispositionName}"`
  )
}

function iam(uid: number, name: string): OcsfClass {
  return { uid, name, category: 3, categoryName: 'Identity & Access Management' }
}

function application(uid: number, name: string): OcsfClass {
  return { uid, name, category: 6, categoryName: 'Application Activity' }
}

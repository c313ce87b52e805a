/**
 * Class, category and activity numbers of OCSF 1.8.0 (github.com/ocsf/ocsf-schema, tag v1.8.0). Version 1.9 moves some
 * of them, so they stand in this file alone.
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
/** events/application/application_lifecycle.json */
export const APPLICATION_LIFECYCLE = application(6002, 'Application Lifecycle')
/** events/application/datastore_activity.json */
export const DATASTORE_ACTIVITY = application(6005, 'Datastore Activity')

/** events/findings/detection_finding.json */
export const DETECTION_FINDING: OcsfClass = {
  uid: 2004,
  name: 'Detection Finding',
  category: 2,
  categoryName: 'Findings',
}

export interface Activity {
  readonly id: number
  readonly name: string
}

export const LOGON: Activity = { id: 1, name: 'Logon' }
export const LOGOFF: Activity = { id: 2, name: 'Logoff' }
export const CREATE: Activity = { id: 1, name: 'Create' }
export const UPDATE: Activity = { id: 3, name: 'Update' }
export const START: Activity = { id: 3, name: 'Start' }
export const STOP: Activity = { id: 4, name: 'Stop' }

/** 99 is Other: the name says what. */
export function other(name: string): Activity {
  return { id: 99, name }
}

const QUERY: Activity = { id: 4, name: 'Query' }
const WRITE: Activity = { id: 5, name: 'Write' }
const LIST: Activity = { id: 8, name: 'List' }

const STATEMENT_ACTIVITIES: Readonly<Record<string, Activity>> = {
  select: QUERY,
  explain: QUERY,
  insert: WRITE,
  copy: WRITE,
  update: { id: 2, name: 'Update' },
  delete: { id: 7, name: 'Delete' },
  show: LIST,
}

/** The activity of class 6005 for a kind of statement. */
export function statementActivity(kind: string): Activity {
  return STATEMENT_ACTIVITIES[kind] ?? other(kind)
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

function iam(uid: number, name: string): OcsfClass {
  return { uid, name, category: 3, categoryName: 'Identity & Access Management' }
}

function application(uid: number, name: string): OcsfClass {
  return { uid, name, category: 6, categoryName: 'Application Activity' }
}

import { opaque } from './node.ts'

/** SQLValueFunction operations by the name of their result column; the `_N` forms take a precision. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['SVFOP_CURRENT_DATE', 'current_date'],
  ['SVFOP_CURRENT_TIME', 'current_time'],
  ['SVFOP_CURRENT_TIME_N', 'current_time'],
  ['SVFOP_CURRENT_TIMESTAMP', 'current_timestamp'],
  ['SVFOP_CURRENT_TIMESTAMP_N', 'current_timestamp'],
  ['SVFOP_LOCALTIME', 'localtime'],
  ['SVFOP_LOCALTIME_N', 'localtime'],
  ['SVFOP_LOCALTIMESTAMP', 'localtimestamp'],
  ['SVFOP_LOCALTIMESTAMP_N', 'localtimestamp'],
  ['SVFOP_CURRENT_ROLE', 'current_role'],
  ['SVFOP_CURRENT_USER', 'current_user'],
  ['SVFOP_USER', 'user'],
  ['SVFOP_SESSION_USER', 'session_user'],
  ['SVFOP_CURRENT_CATALOG', 'current_catalog'],
  ['SVFOP_CURRENT_SCHEMA', 'current_schema'],
])

export function sqlValueName(operation: string): string {
  return NAMES.get(operation) ?? opaque(`the value function ${operation}`)
}

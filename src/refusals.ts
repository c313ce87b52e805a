/**
 * The one error class and its closed list of codes. Each refusal that a person can meet has a stable code, an
 * SQLSTATE (PostgreSQL), an errno with its SQLSTATE (MySQL), one cause and one next step. The reference page of
 * refusals is generated from this table, and the code stands in the audit record.
 */
export interface Refusal {
  /** SQLSTATE, PostgreSQL documentation, appendix A. */
  readonly sqlstate: string
  /** MySQL server error number (Server Error Message Reference). */
  readonly errno: number
  readonly mysqlState: string
  readonly cause: string
  readonly next: string
}

export const STATEMENT_REFUSALS = {
  'SP-PROTOCOL': refusal(
    '08P01',
    1835,
    'HY000',
    'The client or server broke the wire protocol.',
    'Check the client and its version; nothing of the message was forwarded.',
  ),
  'SP-UNSUPPORTED': refusal(
    '0A000',
    1235,
    '42000',
    'This protocol feature is not offered.',
    'Use a simpler form of the same request.',
  ),
  'SP-TLS-REQUIRED': refusal(
    '28000',
    3159,
    'HY000',
    'A token may travel over TLS only.',
    'Connect with sslmode=verify-full (PostgreSQL) or --ssl-mode=VERIFY_IDENTITY (MySQL).',
  ),
  'SP-AUTH': refusal(
    '28P01',
    1045,
    '28000',
    'The login was refused.',
    'Get a fresh token and check the user name; details are in the audit log.',
  ),
  'SP-AUTH-RATE': refusal(
    '28P01',
    1045,
    '28000',
    'Too many failed logins from this address or for this person.',
    'Wait, then try again with a fresh token.',
  ),
  'SP-ROUTE': refusal(
    '28000',
    1045,
    '28000',
    'The user name does not say which target is meant.',
    'Connect as person/target or person/target/role.',
  ),
  'SP-NO-GRANT': refusal(
    '28000',
    1045,
    '28000',
    'You hold no active grant for this target.',
    'Ask for access to the target, then connect again.',
  ),
  'SP-GRANT-CHOICE': refusal(
    '28000',
    1045,
    '28000',
    'You hold several active grants for this target.',
    'Name one: person/target/role, or the id of a grant in place of the role.',
  ),
  'SP-GRANT-ENDED': refusal('57P01', 1053, '08S01', 'The grant has ended.', 'Ask for a new grant and reconnect.'),
  'SP-GROUP-OVERAGE': refusal(
    '28000',
    1045,
    '28000',
    'The token lists too many groups, so the provider left them out.',
    'Have the provider send only the groups assigned to this application, or map groups in a file.',
  ),
  'SP-LIMIT-CONNECTIONS': refusal(
    '53300',
    1040,
    '08004',
    'The limit of connections is reached.',
    'Close a connection and try again.',
  ),
  'SP-LIMIT-STATEMENTS': refusal(
    '53300',
    1226,
    '42000',
    'As many statements run under this grant as the role allows at once, over all of its sessions.',
    'Wait for one of them to end or cancel one, then try again.',
  ),
  'SP-LIMIT-STATEMENT': refusal(
    '57014',
    3024,
    'HY000',
    'The statement ran longer than its limit.',
    'Narrow the statement or ask for a longer limit.',
  ),
  'SP-LIMIT-ROWS': refusal(
    '54000',
    1104,
    '42000',
    'The result is larger than the grant allows.',
    'Add a LIMIT or a narrower condition, or ask for a grant with a higher limit.',
  ),
  'SP-LIMIT-QUOTA': refusal(
    '53400',
    1226,
    '42000',
    'All sessions together have taken as much as the role allows in this span of time.',
    'Wait as long as the message says, or ask for a grant with a higher limit.',
  ),
  'SP-LIMIT-LOOKUPS': refusal(
    '53400',
    1226,
    '42000',
    'The hourly budget for looking up clear values of this column is used up.',
    'Wait, or ask for a grant that lifts the mask.',
  ),
  'SP-LIMIT-WRITE': refusal(
    '54000',
    1226,
    '42000',
    'The statement changed more rows than the role allows for one statement; nothing of it stays.',
    'Narrow its WHERE, write in smaller parts, or ask for a grant with a higher limit.',
  ),
  'SP-LIMIT-TIME': refusal('57P05', 4031, 'HY000', 'The session was idle for longer than its limit.', 'Reconnect.'),
  'SP-DRAIN': refusal('57P01', 1053, '08S01', 'The proxy is shutting down.', 'Reconnect; another node will answer.'),
  'SP-STARTUP': refusal(
    '08004',
    1235,
    '42000',
    'A connection setting is not allowed.',
    'Leave the setting out of the connection string.',
  ),
  'SP-OPAQUE': refusal(
    '42501',
    1142,
    '42000',
    'The statement is not one that the proxy fully understands, and the grant is not unrestricted.',
    'Write it in a simpler form, or ask for an unrestricted grant.',
  ),
  'SP-SYNTAX': refusal('42601', 1064, '42000', 'The statement does not parse.', 'Correct the statement.'),
  'SP-NAME': refusal(
    '42P01',
    1146,
    '42S02',
    'A name in the statement is not known to the proxy.',
    'Check the spelling, the schema and that the object exists.',
  ),
  'SP-COLUMN': refusal(
    '42703',
    1054,
    '42S22',
    'A column in the statement is not known to the proxy.',
    'Check the spelling of the column and of its table.',
  ),
  'SP-AMBIGUOUS': refusal(
    '42702',
    1052,
    '23000',
    'A name in the statement is ambiguous.',
    'Qualify the name with its table.',
  ),
  'SP-SCOPE': refusal(
    '42501',
    1142,
    '42000',
    'The grant does not cover an object that the statement touches.',
    'Ask for a grant that covers it.',
  ),
  'SP-VERB': refusal(
    '42501',
    1142,
    '42000',
    'The grant does not allow this kind of statement, or not in this form.',
    'Write it as the message says, or ask for a grant with that verb.',
  ),
  'SP-FUNCTION': refusal(
    '42501',
    1370,
    '42000',
    'The statement calls a function that is not known to be safe under this grant.',
    'Leave the call out, or ask the owners of the role to list the routine under call.',
  ),
  'SP-MASKED': refusal(
    '42501',
    1143,
    '42000',
    'The statement uses a masked column where no masked value can stand.',
    'Leave the column out, or do what the message says; a SELECT on its own table shows it masked. Else ask for a grant that lifts its mask.',
  ),
  'SP-EXPORT': refusal(
    '42501',
    1142,
    '42000',
    'Exports are not allowed under this grant.',
    'Read the rows with SELECT, or ask for a grant with the verb export.',
  ),
  'SP-SETTING': refusal('42501', 1227, '42000', 'The proxy owns this session setting.', 'Leave the setting as it is.'),
  'SP-ORIGIN': refusal(
    'XX000',
    1105,
    'HY000',
    'The database described a result that differs from what was analysed.',
    'Run the statement again; the catalog has been marked for re-reading.',
  ),
  'SP-STALE': refusal(
    '26000',
    1615,
    'HY000',
    'The prepared statement would be sent as another text now: the catalog, the policy or the search path has changed.',
    'Prepare the statement again; most drivers do so by themselves.',
  ),
  'SP-MULTI': refusal(
    '0A000',
    1235,
    '42000',
    'A later part of the message depends on an earlier one.',
    'Send the statements one at a time.',
  ),
  'SP-KILL': refusal('42501', 1095, 'HY000', 'That session is not yours.', 'Only your own sessions can be ended here.'),
  'SP-AUDIT': refusal(
    '58030',
    1030,
    'HY000',
    'The audit record could not be written, so the statement was not run.',
    'Try again; if it persists, tell the operators of the proxy.',
  ),
  'SP-RECORDING': refusal(
    '58030',
    1030,
    'HY000',
    'This session has to be recorded, and it can not be.',
    'Tell the operators: node.audit.sealTo names the key that recordings are sealed to, node.recordings where they are kept.',
  ),
  'SP-UPSTREAM': refusal(
    '08006',
    2013,
    'HY000',
    'The database could not be reached or closed the connection.',
    'Try again; if it persists, tell the operators of the proxy.',
  ),
  'SP-CATALOG': refusal(
    '55000',
    1105,
    'HY000',
    'The catalog of the database is not known yet.',
    'Try again in a moment.',
  ),
  'SP-CONFIG': refusal('F0000', 1105, 'HY000', 'The configuration is wrong.', 'Run sallyport config check.'),
  'SP-INTERNAL': refusal(
    'XX000',
    1105,
    'HY000',
    'The proxy met an internal error and refused.',
    'Report it with the session id.',
  ),
  'SP-COMPUTED': refusal(
    '01000',
    1105,
    '01000',
    'The result was computed from masked values.',
    'Ask for a grant that lifts the mask if you need the clear value.',
  ),
} as const satisfies Record<string, Refusal>

export function refusal(sqlstate: string, errno: number, mysqlState: string, cause: string, next: string): Refusal {
  return { sqlstate, errno, mysqlState, cause, next }
}

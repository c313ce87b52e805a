import type { ErrorCode } from '../errors.ts'
import type { Dialect } from '../sql/catalog.ts'
import type { StatementFacts, StatementKind } from '../sql/facts.ts'

/**
 * relations: judged by the verbs that it needs on the relations that it touches.
 * settings: judged by the settings that it changes.
 * session: allowed under every grant; the session carries it out and follows what it changes (names, prepared
 * statements, whose session KILL ends, what SHOW WARNINGS may tell).
 * refused: never under a grant that is not unrestricted.
 */
export type KindVerdict =
  | { readonly verdict: 'relations' | 'settings' | 'session' }
  | { readonly verdict: 'refused'; readonly code: ErrorCode; readonly reason: string }

const RELATIONS: KindVerdict = { verdict: 'relations' }
const SETTINGS: KindVerdict = { verdict: 'settings' }
const SESSION: KindVerdict = { verdict: 'session' }

const KINDS: Readonly<Record<StatementKind, KindVerdict>> = {
  select: RELATIONS,
  insert: RELATIONS,
  update: RELATIONS,
  delete: RELATIONS,
  explain: RELATIONS,
  show: RELATIONS,
  prepare: RELATIONS,
  begin: SETTINGS,
  set_transaction: SETTINGS,
  set: SETTINGS,
  reset: SETTINGS,
  commit: SESSION,
  rollback: SESSION,
  savepoint: SESSION,
  release: SESSION,
  rollback_to: SESSION,
  use: SESSION,
  kill: SESSION,
  execute: SESSION,
  deallocate: SESSION,
  discard: SESSION,
  close_cursor: SESSION,
  unlisten: SESSION,
  copy: RELATIONS,
  merge: RELATIONS,
  declare_cursor: RELATIONS,
  fetch: SESSION,
  truncate: refused('TRUNCATE empties a table for everybody; use DELETE'),
  lock: refused('LOCK keeps other sessions out'),
  listen: refused('LISTEN opens a channel between sessions'),
  notify: refused('NOTIFY opens a channel between sessions'),
  call: refused('CALL runs a procedure that is not analysed'),
  do: refused('DO runs code that is not analysed'),
  create_table_as: refused('the grant does not allow changes of definitions'),
  ddl: refused('the grant does not allow changes of definitions'),
  maintenance: refused('maintenance of tables is not part of this grant'),
  two_phase: refused('a prepared transaction outlives the session and its grant'),
  administration: refused('administration of the server is not part of this grant'),
  evaluate: RELATIONS,
  handler: refused('HANDLER reads rows past masks and conditions; use SELECT'),
  load_data: refused('LOAD DATA reads files; use INSERT'),
  unlock: SESSION,
  opaque: { verdict: 'refused', code: 'SP-OPAQUE', reason: 'the statement is not fully understood' },
}

/** Hoisted for the table above. */
function refused(reason: string): KindVerdict {
  return { verdict: 'refused', code: 'SP-VERB', reason }
}

/** What a statement form means before anything else of it is looked at. */
export function kindVerdict(kind: StatementKind): KindVerdict {
  return KINDS[kind]
}

/** What MySQL's SHOW may show: names, definitions, settings, and what is the session's own. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['databases', 'tables', 'columns', 'index', 'table status', 'open tables', 'triggers', 'events'],
  ...['procedure status', 'function status', 'package status', 'library status', 'plugins', 'engines'],
  ...['create table', 'create database', 'create view', 'create sequence', 'create procedure', 'create function'],
  ...['create trigger', 'create event', 'create package', 'create library'],
  ...['variables', 'status', 'character set', 'collation', 'privileges', 'locales', 'authors', 'contributors', 'help'],
  // These are answered for the session alone.
  ...['processlist', 'warnings', 'errors', 'grants'],
])

const NOT_SHOWN: ReadonlyMap<string, string> = new Map([
  ['create user', 'how an account is made holds its credentials'],
  ['create server', 'the definition of a server holds its credentials'],
  ['profiles', 'profiles hold the statements as they were sent to the server'],
  ['profile', 'profiles tell of rows that a statement went through'],
  ['engine status', 'the status of an engine holds the statements and rows of other sessions'],
  ['binlog events', 'the binary log holds the rows of everybody'],
  ['relaylog events', 'the relay log holds the rows of everybody'],
  ['running plan', 'the plan of another session is not shown: it holds its statement'],
])

/**
 * Why this form of SHOW is refused under a grant that is not unrestricted, or null. PostgreSQL's shows settings. MariaDB
 * prints the hash of the account's password with its privileges.
 */
export function hiddenShow({ kind, name }: Pick<StatementFacts, 'kind' | 'name'>, dialect: Dialect): string | null {
  if (kind !== 'show' || name === null || dialect === 'postgres') return null
  if (name === 'grants' && dialect === 'mariadb') return 'the privileges of the account hold its credentials'
  if (SHOWN.has(name)) return null
  return NOT_SHOWN.get(name) ?? `SHOW of ${name} is not part of this grant`
}

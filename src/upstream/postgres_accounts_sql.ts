import { createHash, createHmac } from 'node:crypto'
import type { ColumnPrivilege, Privileges, RelationPrivileges } from '../policy/privileges.ts'
import { saltedPassword } from '../wire/postgres/auth/salted_passwords.ts'
import type { AccountSetup, NewLogin } from './accounts.ts'
import { literal, quoted } from './postgres_quoted.ts'

/** The SQL that makes accounts. Every name is quoted, and no password stands in it. */

/** As many as the server's own default (scram_iterations). */
const SCRAM_ITERATIONS = 4096
const SALT_BYTES = 16
/** Tables named in one statement. */
const TABLES_AT_ONCE = 200
/** System columns have privileges of their own where those of a table are given by column (pg_attribute, attnum < 0). */
const SYSTEM_COLUMNS = ['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']

/** `sp_<person>_<random>`, made by `accounts.ts`. */
export const LOGIN_NAME = '^sp_[a-z0-9]{1,8}_[a-z0-9]{16}$'
/** What the accounts of one grant share. */
export const GROUP_NAME = '^sp_g_[0-9a-f]{24}$'

export interface Sequence {
  readonly schema: string
  readonly name: string
}

export function groupName({ digest }: Pick<AccountSetup, 'digest'>): string {
  return `sp_g_${digest.slice(0, 24)}`
}

/** `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, RFC 5803. */
export function scramVerifier(password: string, salt: Uint8Array): string {
  const salted = saltedPassword(password, salt, SCRAM_ITERATIONS)
  const key = (name: string) => createHmac('sha256', salted).update(name).digest()
  const stored = createHash('sha256').update(key('Client Key')).digest('base64')
  const server = key('Server Key').toString('base64')
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${Buffer.from(salt).toString('base64')}$${stored}:${server}`
}

/**
 * One text, which the server runs as one transaction. The admin role is a member of each, so as to end and drop it. Nobody
 * becomes the role that accounts share (SET ROLE): what somebody made as it would belong to it when their own account is
 * gone, and be reached by whoever comes next.
 */
export function createLoginsSql(
  setup: AccountSetup,
  logins: readonly NewLogin[],
  major: number,
  random: (bytes: number) => Uint8Array,
): string {
  return logins.map((login) => createLoginSql(setup, login, major, random(SALT_BYTES))).join(';\n')
}

function createLoginSql(setup: AccountSetup, { name, password, expiresAt }: NewLogin, major: number, salt: Uint8Array) {
  const role = quoted(name)
  const groups = [groupName(setup), setup.settings.marker].map(quoted)
  // Before 16 a membership always lets its member become the role.
  const members = major >= 16 ? groups.map((group) => `GRANT ${group} TO ${role} WITH INHERIT TRUE, SET FALSE`) : []
  const { statementTimeoutMs, lockTimeoutMs } = setup.limits
  return [
    `CREATE ROLE ${role} LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 1` +
      ` PASSWORD ${literal(scramVerifier(password, salt))} VALID UNTIL ${literal(new Date(expiresAt).toISOString())}` +
      (major >= 16 ? '' : ` IN ROLE ${groups.join(', ')}`),
    ...members,
    grantToAdmin(name, major),
    ...(setup.privileges.readOnly ? [`ALTER ROLE ${role} SET default_transaction_read_only = on`] : []),
    ...(statementTimeoutMs > 0 ? [`ALTER ROLE ${role} SET statement_timeout = ${statementTimeoutMs}`] : []),
    ...(lockTimeoutMs > 0 ? [`ALTER ROLE ${role} SET lock_timeout = ${lockTimeoutMs}`] : []),
  ].join(';\n')
}

/** From 16 on, who makes a role may grant it, and has none of its rights (createrole_self_grant). */
export function grantToAdmin(name: string, major: number): string {
  return `GRANT ${quoted(name)} TO CURRENT_USER${major >= 16 ? ' WITH INHERIT TRUE' : ''}`
}

/** The role that holds what the accounts of a setup may do in its database, with its privileges, one statement each. */
export function createGroupSql(setup: AccountSetup, sequences: readonly Sequence[], major: number): readonly string[] {
  const name = groupName(setup)
  const group = quoted(name)
  const { privileges, settings, database } = setup
  return [
    `CREATE ROLE ${group} NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS IN ROLE ${quoted(settings.marker)}`,
    grantToAdmin(name, major),
    `COMMENT ON ROLE ${group} IS ${literal(`sallyport: what grant ${setup.grantId} allows in ${database}`)}`,
    `GRANT CONNECT ON DATABASE ${quoted(database)} TO ${group}`,
    ...settings.memberOf.map((other) => `GRANT ${quoted(other)} TO ${group}`),
    ...(privileges.unrestricted ? [] : grantsSql(setup, sequences, group)),
  ]
}

/** What the role gets, in statements that name some tables each: `atOnce` at most. */
export function grantsSql(
  { privileges, settings: { memberOf } }: AccountSetup,
  sequences: readonly Sequence[],
  group: string,
  atOnce: number = TABLES_AT_ONCE,
): readonly string[] {
  const schemas = privileges.schemas.map(quoted)
  const defined = privileges.definitions.map(quoted)
  return [
    ...(schemas.length > 0 ? [`GRANT USAGE ON SCHEMA ${schemas.join(', ')} TO ${group}`] : []),
    // A member of the owner's role makes things as the owner does.
    ...(defined.length > 0 && memberOf.length === 0
      ? [`GRANT CREATE ON SCHEMA ${defined.join(', ')} TO ${group}`]
      : []),
    ...wholeTables(privileges, group, atOnce),
    ...privileges.relations.flatMap((one) => columnGrant(one, group)),
    ...inParts(sequences.map(nameOf), atOnce, (names) => `GRANT USAGE ON SEQUENCE ${names.join(', ')} TO ${group}`),
  ]
}

function wholeTables({ relations }: Privileges, group: string, atOnce: number): readonly string[] {
  const byVerbs = Map.groupBy(relations, ({ privileges }) =>
    privileges.flatMap(({ privilege, columns }) => (columns === null ? [privilege.toUpperCase()] : [])).join(', '),
  )
  return [...byVerbs].flatMap(([verbs, all]) =>
    verbs === ''
      ? []
      : inParts(all.map(tableName), atOnce, (names) => `GRANT ${verbs} ON TABLE ${names.join(', ')} TO ${group}`),
  )
}

function columnGrant({ relation, privileges }: RelationPrivileges, group: string): readonly string[] {
  const parts = privileges.flatMap((one) => {
    const names = one.columns === null ? [] : columnsGiven(relation, one)
    return names.length > 0 ? [`${one.privilege.toUpperCase()} (${names.map(quoted).join(', ')})`] : []
  })
  return parts.length > 0 ? [`GRANT ${parts.join(', ')} ON TABLE ${tableName({ relation })} TO ${group}`] : []
}

/** By column, what a privilege is given on. */
export function columnsGiven(relation: RelationPrivileges['relation'], one: ColumnPrivilege): readonly string[] {
  return [...(one.columns ?? []), ...systemColumns(relation, one.privilege)]
}

/** Rows are counted and named by these, where every column is a constant too. */
function systemColumns({ kind }: RelationPrivileges['relation'], privilege: ColumnPrivilege['privilege']) {
  const has = kind === 'table' || kind === 'partitioned' || kind === 'materialized_view'
  return has && privilege === 'select' ? SYSTEM_COLUMNS : []
}

function tableName({ relation }: Pick<RelationPrivileges, 'relation'>): string {
  return nameOf(relation)
}

function nameOf({ schema, name }: Sequence): string {
  return `${quoted(schema)}.${quoted(name)}`
}

function inParts(
  names: readonly string[],
  atOnce: number,
  statement: (part: readonly string[]) => string,
): readonly string[] {
  const parts: string[] = []
  for (let at = 0; at < names.length; at += atOnce) parts.push(statement(names.slice(at, at + atOnce)))
  return parts
}

/**
 * Everything that the admin role may hand on in the schemas that people made, as statements of their own; `lacking`: what
 * the role, which is there by then, does not have.
 */
export function everythingSql(lacking: boolean): string {
  const unless = (what: string, object: string, privilege = 'v') =>
    lacking ? `AND NOT has_${what}_privilege($1::text::name, ${object}, ${privilege})` : ''
  return `
  WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
  SELECT format('GRANT %s ON SCHEMA %I TO %I', string_agg(v, ', '), n.nspname, $1::text) AS sql
  FROM own n, unnest(ARRAY['USAGE', 'CREATE']) v
  WHERE has_schema_privilege(n.oid, v || ' WITH GRANT OPTION') ${unless('schema', 'n.oid')} GROUP BY n.nspname
  UNION ALL SELECT format('GRANT %s ON TABLE %s TO %I', string_agg(v, ', '), c.oid::regclass, $1)
  FROM pg_class c JOIN own n ON n.oid = c.relnamespace,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) v
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(c.oid, v || ' WITH GRANT OPTION')
    ${unless('table', 'c.oid')} GROUP BY c.oid
  UNION ALL SELECT format('GRANT %s ON SEQUENCE %s TO %I', string_agg(v, ', '), c.oid::regclass, $1)
  FROM pg_class c JOIN own n ON n.oid = c.relnamespace, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) v
  WHERE c.relkind = 'S' AND has_sequence_privilege(c.oid, v || ' WITH GRANT OPTION') ${unless('sequence', 'c.oid')} GROUP BY c.oid
  UNION ALL SELECT format('GRANT EXECUTE ON ROUTINE %s TO %I', p.oid::regprocedure, $1)
  FROM pg_proc p JOIN own n ON n.oid = p.pronamespace
  WHERE has_function_privilege(p.oid, 'EXECUTE WITH GRANT OPTION') ${unless('function', 'p.oid', "'EXECUTE'")}`
}

import type { PostureFinding } from './posture.ts'

/** What is amiss with a PostgreSQL target, and how to mend it. */

export interface PostgresPostureInput {
  /** On the admin connection, to one database: objects of others are looked at from there. */
  readonly query: PostureQuery
  /** Roles of this installation: the mark of its accounts, the admin role, standing accounts, owner roles. */
  readonly marker: string
  readonly ours: readonly string[]
}

export type PostureQuery = <T extends object>(text: string, values?: readonly unknown[]) => Promise<readonly T[]>

interface Check extends Omit<PostureFinding, 'object' | 'mend'> {
  /** Rows of `object` and `mend`; $1 are our roles. */
  readonly sql: string
}

/** Schemas that people made. */
const OWN_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
const NOT_OURS = 'NOT r.rolname = ANY ($1)'

const CHECKS: readonly Check[] = [
  {
    id: 'postgres.tls_off',
    severity: 'high',
    text: 'The server offers no TLS: passwords and rows travel in clear.',
    sql: `SELECT 'ssl' AS object, 'ALTER SYSTEM SET ssl = on' AS mend WHERE current_setting('ssl') = 'off'`,
  },
  {
    id: 'postgres.md5_passwords',
    severity: 'medium',
    text: 'New passwords are kept as MD5 hashes, which log in by themselves where they leak.',
    sql: `SELECT 'password_encryption' AS object, 'ALTER SYSTEM SET password_encryption = ''scram-sha-256''' AS mend
      WHERE current_setting('password_encryption') <> 'scram-sha-256'`,
  },
  {
    id: 'postgres.public_table',
    severity: 'medium',
    text: 'Every role of the server has privileges on it, whatever a grant says.',
    sql: `SELECT DISTINCT c.oid::regclass::text AS object, format('REVOKE ALL ON TABLE %s FROM PUBLIC', c.oid::regclass) AS mend
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute t ON t.attrelid = c.oid AND t.attacl IS NOT NULL
      WHERE ${OWN_SCHEMA} AND (EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0)
        OR EXISTS (SELECT FROM aclexplode(t.attacl) a WHERE a.grantee = 0))`,
  },
  {
    id: 'postgres.public_create',
    severity: 'high',
    text: 'Every role may make objects in the schema, and so take the place of those that others mean.',
    sql: `SELECT n.nspname AS object, format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', n.nspname) AS mend
      FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a
      WHERE ${OWN_SCHEMA} AND a.grantee = 0 AND a.privilege_type = 'CREATE'`,
  },
  {
    id: 'postgres.default_public',
    severity: 'medium',
    text: 'What is made from now on is given to every role.',
    sql: `SELECT DISTINCT format('objects of %s%s', pg_get_userbyid(d.defaclrole), coalesce(' in ' || n.nspname, '')) AS object,
        format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM PUBLIC', pg_get_userbyid(d.defaclrole),
          coalesce(format(' IN SCHEMA %I', n.nspname), ''), CASE d.defaclobjtype WHEN 'r' THEN 'TABLES'
          WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END) AS mend
      FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace CROSS JOIN LATERAL aclexplode(d.defaclacl) a
      WHERE a.grantee = 0 AND d.defaclobjtype IN ('r', 'S')`,
  },
  {
    id: 'postgres.public_definer',
    severity: 'medium',
    text: 'Every role may call it, and it runs with the rights of its owner.',
    sql: `SELECT p.oid::regprocedure::text AS object, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', p.oid::regprocedure) AS mend
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE ${OWN_SCHEMA} AND p.prosecdef AND EXISTS (
        SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)`,
  },
  {
    id: 'postgres.definer_path',
    severity: 'high',
    text: 'It runs with the rights of its owner, and finds what it names by the search_path of its caller.',
    sql: `SELECT p.oid::regprocedure::text AS object,
        format('ALTER ROUTINE %s SET search_path = pg_catalog, %I, pg_temp', p.oid::regprocedure, n.nspname) AS mend
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE ${OWN_SCHEMA} AND p.prosecdef AND p.prosqlbody IS NULL
        AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s(setting) WHERE s.setting LIKE 'search_path=%')`,
  },
  {
    id: 'postgres.owner_logs_in',
    severity: 'medium',
    text: 'A role that can log in owns tables: row security, grants and masks do not hold for it.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I NOLOGIN', r.rolname) AS mend FROM pg_roles r
      WHERE ${NOT_OURS} AND r.rolcanlogin AND NOT r.rolsuper AND EXISTS (SELECT FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OWN_SCHEMA} AND c.relowner = r.oid AND c.relkind IN ('r', 'p'))`,
  },
  {
    id: 'postgres.bypass_rls',
    severity: 'high',
    text: 'Row security does not hold for this role.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I NOBYPASSRLS', r.rolname) AS mend FROM pg_roles r
      WHERE r.rolbypassrls AND NOT r.rolsuper AND r.rolcanlogin`,
  },
  {
    id: 'postgres.superuser_login',
    severity: 'medium',
    text: 'A superuser may log in from the network; nothing holds for it.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I NOLOGIN', r.rolname) AS mend FROM pg_roles r
      WHERE ${NOT_OURS} AND r.rolsuper AND r.rolcanlogin`,
  },
  {
    id: 'postgres.admin_too_strong',
    severity: 'medium',
    text: 'The admin role of the proxy holds more than it needs; db bootstrap prints what that is.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS', r.rolname) AS mend
      FROM pg_roles r WHERE r.rolname = CURRENT_USER AND (r.rolsuper OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)`,
  },
  {
    id: 'postgres.server_files',
    severity: 'high',
    text: 'This role may read or write files of the server, or run programs there.',
    sql: `SELECT r.rolname AS object, string_agg(format('REVOKE %I FROM %I', g.rolname, r.rolname), '; ') AS mend
      FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles g ON g.oid = m.roleid
      WHERE r.rolcanlogin AND g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
      GROUP BY r.rolname`,
  },
  {
    id: 'postgres.standing_login',
    severity: 'medium',
    text: 'A standing credential: this login was not made by the proxy, and outlives every grant.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I NOLOGIN', r.rolname) AS mend FROM pg_roles r
      WHERE ${NOT_OURS} AND r.rolcanlogin AND NOT r.rolsuper AND r.rolname !~ '[.@]'`,
  },
  {
    id: 'postgres.person_login',
    severity: 'high',
    text: 'A standing credential of a person, by its name: who uses it passes the proxy by.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I NOLOGIN', r.rolname) AS mend FROM pg_roles r
      WHERE ${NOT_OURS} AND r.rolcanlogin AND r.rolname ~ '[.@]'`,
  },
]

/** What only a superuser may look at; where the admin role may not, it is left out. */
const PRIVILEGED: readonly Check[] = [
  {
    id: 'postgres.md5_password',
    severity: 'medium',
    text: 'The password of this role is kept as an MD5 hash.',
    sql: `SELECT r.rolname AS object, format('ALTER ROLE %I PASSWORD NULL', r.rolname) AS mend FROM pg_authid r
      WHERE r.rolpassword LIKE 'md5%'`,
  },
  {
    id: 'postgres.hba_trust',
    severity: 'high',
    text: 'This line of pg_hba.conf lets clients in without a password.',
    sql: `SELECT format('pg_hba.conf line %s', line_number) AS object, 'Use scram-sha-256 or cert in its place.' AS mend
      FROM pg_hba_file_rules WHERE type <> 'local' AND auth_method = 'trust'`,
  },
  {
    id: 'postgres.hba_clear',
    severity: 'medium',
    text: 'This line of pg_hba.conf lets clients in without TLS.',
    sql: `SELECT format('pg_hba.conf line %s', line_number) AS object, 'Use hostssl in the place of host.' AS mend
      FROM pg_hba_file_rules WHERE type IN ('host', 'hostnossl') AND address NOT IN ('127.0.0.1', '::1', 'samehost')
        AND auth_method <> 'reject'`,
  },
]

interface Row {
  readonly object: string
  readonly mend: string
}

/** By severity and then by kind, of everything that the admin role may look at. */
export async function postgresFindings(input: PostgresPostureInput): Promise<readonly PostureFinding[]> {
  const ours = await ourRoles(input)
  const found: PostureFinding[] = []
  for (const check of CHECKS) found.push(...(await ran(input.query, check, ours)))
  for (const check of PRIVILEGED) found.push(...(await ran(input.query, check, ours).catch(unlessForbidden)))
  const order = ['high', 'medium', 'low']
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

/** Roles of this installation, the accounts of its sessions among them. */
export async function ourRoles({ query, marker, ours }: PostgresPostureInput): Promise<readonly string[]> {
  const rows = await query<{ name: string }>(
    `SELECT r.rolname::text AS name FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid
     JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname = $1 UNION SELECT CURRENT_USER::text`,
    [marker],
  )
  return [marker, ...ours, ...rows.map(({ name }) => name)]
}

async function ran(
  query: PostureQuery,
  { sql, ...about }: Check,
  ours: readonly string[],
): Promise<readonly PostureFinding[]> {
  const rows = await query<Row>(`${sql} ORDER BY 1`, sql.includes('$1') ? [ours] : [])
  return rows.map(({ object, mend }) => ({ ...about, object, mend }))
}

/** 42501 insufficient_privilege. */
function unlessForbidden(error: unknown): readonly PostureFinding[] {
  if (error instanceof Error && 'code' in error && error.code === '42501') return []
  throw error
}

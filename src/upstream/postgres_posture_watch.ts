import { ourRoles, type PostgresPostureInput } from './postgres_posture.ts'
import type { PostureSnapshot } from './posture.ts'

/** What a watch compares: roles, what they hold, row security, comments, and who is connected past the proxy. */

interface Fact {
  readonly object: string
  readonly text: string
}

const OWN_SCHEMA = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

/** Each gives an object and what it is like; $1 are our roles, whose comings and goings are no news. */
const FACTS: readonly (readonly [kind: string, sql: string])[] = [
  [
    'role',
    `SELECT r.rolname::text AS object, concat_ws(', ', CASE WHEN r.rolcanlogin THEN 'may log in' ELSE 'may not log in' END,
       CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN r.rolcreaterole THEN 'makes roles' END,
       CASE WHEN r.rolcreatedb THEN 'makes databases' END, CASE WHEN r.rolreplication THEN 'replicates' END,
       CASE WHEN r.rolbypassrls THEN 'passes row security' END, 'until ' || r.rolvaliduntil::text,
       array_to_string(r.rolconfig, ', ')) AS text
     FROM pg_roles r WHERE NOT r.rolname = ANY ($1)`,
  ],
  [
    'membership',
    `SELECT format('%s in %s', r.rolname, g.rolname) AS object,
       CASE WHEN bool_or(m.admin_option) THEN 'with the admin option' ELSE 'plain' END AS text
     FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
     WHERE NOT r.rolname = ANY ($1) AND NOT g.rolname = ANY ($1) GROUP BY 1`,
  ],
  [
    'grant',
    `SELECT format('%s on %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END, x.object) AS object,
       string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY a.privilege_type) AS text
     FROM (
       SELECT c.oid::regclass::text AS object, c.relacl AS acl, c.relowner AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE ${OWN_SCHEMA}
       UNION ALL SELECT c.oid::regclass::text || '.' || t.attname, t.attacl, c.relowner FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OWN_SCHEMA} AND t.attacl IS NOT NULL
       UNION ALL SELECT 'schema ' || n.nspname, n.nspacl, n.nspowner FROM pg_namespace n WHERE ${OWN_SCHEMA}
       UNION ALL SELECT p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE ${OWN_SCHEMA}
       UNION ALL SELECT 'database ' || d.datname, coalesce(d.datacl, acldefault('d', d.datdba)), d.datdba FROM pg_database d
     ) x CROSS JOIN LATERAL aclexplode(x.acl) a
     WHERE a.grantee <> x.owner AND (a.grantee = 0 OR NOT pg_get_userbyid(a.grantee)::text = ANY ($1)) GROUP BY 1`,
  ],
  [
    'row security',
    `SELECT c.oid::regclass::text AS object, concat_ws(', ', CASE WHEN c.relrowsecurity THEN 'on' ELSE 'off' END,
       CASE WHEN c.relforcerowsecurity THEN 'forced' END, string_agg(format('%s %s: %s with check %s', p.polname, p.polcmd,
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)), ', ' ORDER BY p.polname)) AS text
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_policy p ON p.polrelid = c.oid
     WHERE ${OWN_SCHEMA} AND c.relkind IN ('r', 'p') AND (c.relrowsecurity OR p.oid IS NOT NULL) AND $1::text[] IS NOT NULL
     GROUP BY c.oid, c.relrowsecurity, c.relforcerowsecurity`,
  ],
  [
    'comment',
    `SELECT c.oid::regclass::text || coalesce('.' || t.attname, '') AS object, d.description AS text
     FROM pg_description d JOIN pg_class c ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum = d.objsubid AND d.objsubid <> 0
     WHERE ${OWN_SCHEMA} AND $1::text[] IS NOT NULL`,
  ],
]

const LOGINS_SQL = `
  SELECT pid || ' ' || backend_start::text AS object, format('%s is connected to %s from %s past the proxy%s', usename, datname,
    coalesce(host(client_addr), 'the server itself'), CASE WHEN application_name <> '' THEN ' with ' || application_name ELSE '' END) AS text
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND NOT usename::text = ANY ($1)`

export async function postgresSnapshot(input: PostgresPostureInput): Promise<PostureSnapshot> {
  const ours = await ourRoles(input)
  const facts = new Map<string, ReadonlyMap<string, string>>()
  for (const [kind, sql] of FACTS) facts.set(kind, mapped(await input.query<Fact>(sql, [ours])))
  return { facts, logins: mapped(await input.query<Fact>(LOGINS_SQL, [ours])) }
}

function mapped(rows: readonly Fact[]): ReadonlyMap<string, string> {
  return new Map(rows.map(({ object, text }) => [object, text]))
}

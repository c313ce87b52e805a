import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { Target } from '../session/ports.ts'
import type { AdminClient, AdminPool } from './postgres_accounts_pool.ts'
import { quoted } from './postgres_quoted.ts'

/** Roles dropped by one statement: it takes a lock for each of them. */
const ROLES_AT_ONCE = 100
/** How long the sessions of an account may take to end once they were told to. */
const ENDING_MS = 5_000
const ENDING_POLL_MS = 20
const STATEMENTS_AT_ONCE = 500

interface Role {
  readonly name: string
  readonly oid: number
  /** Databases in which something depends on it; null for what all databases share. */
  readonly databases: readonly (string | null)[]
}

/**
 * Drops roles: those that nothing depends on many at once, the others by themselves, after what they made was given to
 * the owner in each database. By name, why one is still there; a role that is not there is not in the answer.
 */
export async function dropRoles(
  pool: AdminPool,
  target: Target,
  names: readonly string[],
  owner: string | null,
): Promise<ReadonlyMap<string, string>> {
  const failed = new Map<string, string>()
  const roles = await pool.run(target, target.defaultDatabase, async (client) => {
    for (const name of await awaitEnded(client, names)) failed.set(name, 'its sessions have not ended')
    return rolesOf(client, names)
  })
  const free = roles.filter(({ name, databases }) => !failed.has(name) && databases.length === 0)
  const bound = roles.filter(({ name, databases }) => !failed.has(name) && databases.length > 0)
  for (let at = 0; at < free.length; at += ROLES_AT_ONCE) {
    await dropTogether(pool, target, free.slice(at, at + ROLES_AT_ONCE), owner, failed)
  }
  for (const role of bound) await dropAlone(pool, target, role, owner, failed)
  return failed
}

/** What a session made while it ended, temporary tables above all, goes with it: it has to be gone first. */
async function awaitEnded(client: AdminClient, names: readonly string[]): Promise<readonly string[]> {
  const sql = `SELECT DISTINCT usename::text AS name, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
    WHERE usename = ANY ($1)`
  for (const deadline = performance.now() + ENDING_MS; ; await pause(ENDING_POLL_MS)) {
    const alive = await client.query<{ name: string }>(sql, [names])
    if (alive.length === 0 || performance.now() > deadline) return alive.map(({ name }) => name)
  }
}

/** Memberships (pg_auth_members, from 16 on) end with the role. */
async function rolesOf(client: AdminClient, names: readonly string[]): Promise<readonly Role[]> {
  return client.query<Role & object>(
    `SELECT r.rolname::text AS name, r.oid::int8::float8 AS oid, coalesce(
       pg_catalog.array_agg(DISTINCT d.datname::text) FILTER (WHERE s.refobjid IS NOT NULL), '{}') AS databases
     FROM pg_catalog.pg_roles r
     LEFT JOIN pg_catalog.pg_shdepend s ON s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
       AND s.refobjid = r.oid AND s.classid <> 'pg_catalog.pg_auth_members'::pg_catalog.regclass
     LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
     WHERE r.rolname = ANY ($1) GROUP BY r.rolname, r.oid ORDER BY 1`,
    [names],
  )
}

async function dropTogether(
  pool: AdminPool,
  target: Target,
  roles: readonly Role[],
  owner: string | null,
  failed: Map<string, string>,
): Promise<void> {
  try {
    const sql = `DROP ROLE IF EXISTS ${roles.map(({ name }) => quoted(name)).join(', ')}`
    await pool.run(target, target.defaultDatabase, (client) => client.query(sql))
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    // One of them stands in the way of all: who, is found out one by one.
    for (const role of roles) await dropAlone(pool, target, role, owner, failed)
  }
}

/**
 * Privileges that the admin role gave by its own grant option, where it is a member of the owner as well: DROP OWNED then
 * takes back what the owner gave and nothing else (acl.c, select_best_grantor).
 */
const REVOKES_SQL = `
  SELECT pg_catalog.format('REVOKE %s ON %s FROM %I', a.privilege_type || coalesce(' (' || pg_catalog.quote_ident(x.attname) || ')', ''),
    x.what, r.rolname) AS sql
  FROM pg_catalog.pg_roles r
  JOIN pg_catalog.pg_shdepend s ON s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = r.oid
    AND s.deptype = 'a'
  CROSS JOIN LATERAL (
    SELECT 'TABLE ' || c.oid::pg_catalog.regclass, NULL::name, c.relacl FROM pg_catalog.pg_class c
      WHERE s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = s.objid AND s.objsubid = 0
    UNION ALL SELECT 'TABLE ' || t.attrelid::pg_catalog.regclass, t.attname, t.attacl FROM pg_catalog.pg_attribute t
      WHERE s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND t.attrelid = s.objid AND t.attnum = s.objsubid
        AND s.objsubid <> 0
    UNION ALL SELECT 'SCHEMA ' || n.oid::pg_catalog.regnamespace, NULL, n.nspacl FROM pg_catalog.pg_namespace n
      WHERE s.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.oid = s.objid
    UNION ALL SELECT 'ROUTINE ' || p.oid::pg_catalog.regprocedure, NULL, p.proacl FROM pg_catalog.pg_proc p
      WHERE s.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = s.objid
    UNION ALL SELECT pg_catalog.format('DATABASE %I', d.datname), NULL, d.datacl FROM pg_catalog.pg_database d
      WHERE s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND d.oid = s.objid
  ) AS x(what, attname, acl)
  CROSS JOIN LATERAL pg_catalog.aclexplode(x.acl) a
  WHERE r.rolname = $1 AND a.grantee = r.oid AND a.grantor = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
    AND s.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))`

/** Owned things are given away first: DROP OWNED then takes back privileges and drops nothing that was made. */
async function disown(client: AdminClient, name: string, heir: string): Promise<void> {
  const role = quoted(name)
  await client.query(`BEGIN; REASSIGN OWNED BY ${role} TO ${heir}; DROP OWNED BY ${role}; COMMIT`)
  const revokes = await client.query<{ sql: string }>(REVOKES_SQL, [name])
  for (let at = 0; at < revokes.length; at += STATEMENTS_AT_ONCE) {
    const part = revokes.slice(at, at + STATEMENTS_AT_ONCE)
    await client.query(part.map(({ sql }) => sql).join(';\n'))
  }
}

async function dropAlone(
  pool: AdminPool,
  target: Target,
  { name, databases }: Role,
  owner: string | null,
  failed: Map<string, string>,
): Promise<void> {
  const role = quoted(name)
  const heir = owner === null ? 'CURRENT_USER' : quoted(owner)
  try {
    for (const database of new Set(databases.map((one) => one ?? target.defaultDatabase))) {
      await pool.run(target, database, (client) => disown(client, name, heir))
    }
    await pool.run(target, target.defaultDatabase, (client) => client.query(`DROP ROLE IF EXISTS ${role}`))
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    failed.set(name, [error.code, error.message, error.detail].filter(Boolean).join(' '))
  }
}

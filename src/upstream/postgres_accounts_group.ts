import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { Privileges, RelationPrivileges } from '../policy/privileges.ts'
import type { AccountSetup } from './accounts.ts'
import type { AdminClient } from './postgres_accounts_pool.ts'
import {
  columnsGiven,
  createGroupSql,
  everythingSql,
  grantsSql,
  groupName,
  type Sequence,
} from './postgres_accounts_sql.ts'
import { quoted } from './postgres_quoted.ts'

/** The role that the accounts of a setup share: made once, and brought up to date where the catalog has changed. */

/** Statements of one message: more of them would be one long parse before the first runs. */
const STATEMENTS_AT_ONCE = 500
/** Two that change the privileges of one object at the same moment: the second fails, and tries again. */
const ATTEMPTS_MAX = 5
const RETRY_MS = 50
const DUPLICATE_OBJECT = '42710'
const UNIQUE_VIOLATION = '23505'
/** "tuple concurrently updated" (heapam.c, simple_heap_update), and a deadlock. */
const DISTURBANCES: ReadonlySet<unknown> = new Set(['XX000', '40P01'])

/** One privilege that the role holds itself, on a table, a sequence or a schema of this database. */
interface Held {
  readonly kind: 'relation' | 'schema'
  /** '' for a schema. */
  readonly schema: string
  readonly name: string
  readonly column: string | null
  readonly privilege: string
}

const HELD_SQL = `
  SELECT x.kind, x.schema, x.name, x.attname AS column, a.privilege_type AS privilege
  FROM pg_roles r JOIN pg_shdepend s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'a'
  CROSS JOIN LATERAL (
    SELECT 'relation' AS kind, n.nspname::text, c.relname::text, NULL::text, c.relacl
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE s.classid = 'pg_class'::regclass AND c.oid = s.objid AND s.objsubid = 0
    UNION ALL SELECT 'relation', n.nspname::text, c.relname::text, t.attname::text, t.attacl
      FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE s.classid = 'pg_class'::regclass AND c.oid = s.objid AND t.attnum = s.objsubid AND s.objsubid <> 0
    UNION ALL SELECT 'schema', '', n.nspname::text, NULL, n.nspacl FROM pg_namespace n
      WHERE s.classid = 'pg_namespace'::regclass AND n.oid = s.objid
  ) AS x(kind, schema, name, attname, acl)
  CROSS JOIN LATERAL aclexplode(x.acl) a
  WHERE r.rolname = $1 AND a.grantee = r.oid AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** False where another node made the same one at this moment: whoever comes second finds it whole. */
export async function createGroup(client: AdminClient, setup: AccountSetup): Promise<boolean> {
  const sequences = await sequencesOf(client, setup)
  const everything = await everythingIn(client, setup, false)
  try {
    await inOne(client, [...createGroupSql(setup, sequences, client.major), ...everything])
    return true
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return false
  }
}

/** Takes back first what is not named any more, so that nothing else has to go well for that. */
export async function renewGroup(client: AdminClient, setup: AccountSetup): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await renewOnce(client, setup)
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX || !(error instanceof pg.DatabaseError) || !DISTURBANCES.has(error.code)) throw error
      await pause(RETRY_MS * attempt)
    }
  }
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === DUPLICATE_OBJECT || error.code === UNIQUE_VIOLATION)
}

async function renewOnce(client: AdminClient, setup: AccountSetup): Promise<void> {
  const { privileges } = setup
  if (privileges.unrestricted) {
    const everything = await everythingIn(client, setup, true)
    return inOneOrEach(client, everything, () => everything)
  }
  const group = quoted(groupName(setup))
  const sequences = await sequencesOf(client, setup)
  const wanted = wantedKeys(setup, sequences)
  const before = await heldBy(client, setup)
  const excess = before.filter((one) => !wanted.has(keyOf(one)))
  if (excess.length > 0) await inOne(client, revokesSql(excess, group))
  // To take back a table as a whole takes back its columns too.
  const held = new Set((excess.length > 0 ? await heldBy(client, setup) : before).map(keyOf))
  const missing = sequences.filter((one) => !held.has(sequenceKey(one)))
  const lacks = { ...setup, privileges: lacking(setup, held) }
  await inOneOrEach(client, grantsSql(lacks, missing, group), () => grantsSql(lacks, missing, group, 1))
}

function heldBy(client: AdminClient, setup: AccountSetup): Promise<readonly Held[]> {
  return client.query<Held>(HELD_SQL, [groupName(setup)])
}

function keyOf({ kind, schema, name, column, privilege }: Held): string {
  return JSON.stringify([kind, schema, name, column, privilege])
}

function schemaKey(name: string, privilege: 'USAGE' | 'CREATE'): string {
  return keyOf({ kind: 'schema', schema: '', name, column: null, privilege })
}

function sequenceKey({ schema, name }: Sequence): string {
  return keyOf({ kind: 'relation', schema, name, column: null, privilege: 'USAGE' })
}

/** For each privilege that a relation is given, what it comes to. */
function keysOf({ relation, privileges }: RelationPrivileges, at: number): readonly string[] {
  const one = privileges[at]
  if (!one) return []
  const { schema, name } = relation
  const columns = one.columns === null ? [null] : columnsGiven(relation, one)
  const privilege = one.privilege.toUpperCase()
  return columns.map((column) => keyOf({ kind: 'relation', schema, name, column, privilege }))
}

function wantedKeys({ privileges, settings }: AccountSetup, sequences: readonly Sequence[]): ReadonlySet<string> {
  const { schemas, relations, definitions } = privileges
  return new Set([
    ...schemas.map((name) => schemaKey(name, 'USAGE')),
    ...(settings.memberOf.length > 0 ? [] : definitions.map((name) => schemaKey(name, 'CREATE'))),
    ...relations.flatMap((one) => one.privileges.flatMap((_, at) => keysOf(one, at))),
    ...sequences.map(sequenceKey),
  ])
}

/** The privileges without those that are held. */
function lacking({ privileges }: AccountSetup, held: ReadonlySet<string>): Privileges {
  return {
    ...privileges,
    schemas: privileges.schemas.filter((name) => !held.has(schemaKey(name, 'USAGE'))),
    definitions: privileges.definitions.filter((name) => !held.has(schemaKey(name, 'CREATE'))),
    relations: privileges.relations.map((one) => ({
      ...one,
      privileges: one.privileges.filter((_, at) => keysOf(one, at).some((key) => !held.has(key))),
    })),
  }
}

function revokesSql(excess: readonly Held[], group: string): readonly string[] {
  const byObject = Map.groupBy(excess, ({ kind, schema, name }) =>
    kind === 'schema' ? `SCHEMA ${quoted(name)}` : `TABLE ${quoted(schema)}.${quoted(name)}`,
  )
  return [...byObject].map(([object, all]) => {
    const words = all.map(({ privilege, column }) => (column === null ? privilege : `${privilege} (${quoted(column)})`))
    return `REVOKE ${words.join(', ')} ON ${object} FROM ${group}`
  })
}

async function inOne(client: AdminClient, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return
  await client.query('BEGIN')
  try {
    for (let at = 0; at < statements.length; at += STATEMENTS_AT_ONCE) {
      await client.query(statements.slice(at, at + STATEMENTS_AT_ONCE).join(';\n'))
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

/** One table that can't be handed on must not keep sessions from the others: the first failure is told in the end. */
async function inOneOrEach(
  client: AdminClient,
  statements: readonly string[],
  each: () => readonly string[],
): Promise<void> {
  try {
    await inOne(client, statements)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || DISTURBANCES.has(error.code)) throw error
    for (const statement of each()) await client.query(statement).catch(onlyRefused)
    throw error
  }
}

function onlyRefused(error: unknown): void {
  if (!(error instanceof pg.DatabaseError)) throw error
}

async function everythingIn(client: AdminClient, setup: AccountSetup, lacks: boolean): Promise<readonly string[]> {
  if (!setup.privileges.unrestricted || setup.settings.memberOf.length > 0) return []
  return (await client.query<{ sql: string }>(everythingSql(lacks), [groupName(setup)])).map(({ sql }) => sql)
}

/** A default that takes its value from a sequence runs as the person who inserts. */
async function sequencesOf(client: AdminClient, { privileges }: AccountSetup): Promise<readonly Sequence[]> {
  const written = privileges.relations.filter((one) =>
    one.privileges.some(({ privilege }) => privilege === 'insert' || privilege === 'update'),
  )
  if (written.length === 0) return []
  return client.query<Sequence>(
    `SELECT DISTINCT n.nspname::text AS schema, s.relname::text AS name
     FROM pg_catalog.pg_attrdef d
     JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid
       AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
     JOIN pg_catalog.pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
     JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
     WHERE d.adrelid = ANY ($1::pg_catalog.oid[]) ORDER BY 1, 2`,
    [written.map(({ relation }) => relation.oid)],
  )
}

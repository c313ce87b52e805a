import { SallyportError } from '../errors.ts'
import type { RelationPrivileges, TablePrivilege } from '../policy/privileges.ts'
import { relationKey } from '../sql/catalog.ts'
import type { AccountSetup } from './accounts.ts'
import type { AdminClient } from './postgres_accounts_pool.ts'
import { groupName } from './postgres_accounts_sql.ts'

/** Findings of one grant; what is more than a person reads is counted. */
const FINDINGS_MAX = 50

interface Effective {
  readonly schema: string
  readonly name: string
  /** Of the table as a whole, in lower case; all that are not of the four that are given by column too. */
  readonly whole: readonly string[]
  readonly select: readonly string[]
  readonly insert: readonly string[]
  readonly update: readonly string[]
}

interface Beyond {
  readonly text: string
}

const ROLE = 'r.oid'

const RELATIONS_SQL = `
  SELECT n.nspname::text AS schema, c.relname::text AS name,
    ARRAY(SELECT p.verb FROM unnest(ARRAY['select','insert','update','delete','truncate','references','trigger']) AS p(verb)
      WHERE has_table_privilege(${ROLE}, c.oid, p.verb)) AS whole,
    ${columnsWith('select')}, ${columnsWith('insert')}, ${columnsWith('update')}
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, (SELECT oid FROM pg_roles WHERE rolname = $1) r
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND has_schema_privilege(${ROLE}, n.oid, 'usage')`

function columnsWith(verb: string): string {
  return `ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND NOT has_table_privilege(${ROLE}, c.oid, '${verb}')
      AND has_column_privilege(${ROLE}, c.oid, a.attnum, '${verb}') ORDER BY a.attnum) AS "${verb}"`
}

/** Routines run with their owner's rights, and schemas and databases in which something can be made. */
const BEYOND_SQL = `
  SELECT 'the SECURITY DEFINER routine ' || p.oid::regprocedure || ' may be called' AS text
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, (SELECT oid FROM pg_roles WHERE rolname = $1) r
  WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND has_schema_privilege(${ROLE}, n.oid, 'usage') AND has_function_privilege(${ROLE}, p.oid, 'execute')
    AND NOT n.nspname || '.' || p.proname = ANY ($2)
  UNION ALL
  SELECT 'objects may be made in the schema ' || n.nspname
  FROM pg_namespace n, (SELECT oid FROM pg_roles WHERE rolname = $1) r
  WHERE n.nspname !~ '^pg_' AND has_schema_privilege(${ROLE}, n.oid, 'create') AND NOT n.nspname = ANY ($3)
  UNION ALL
  SELECT 'schemas may be made in the database'
  FROM (SELECT oid FROM pg_roles WHERE rolname = $1) r
  WHERE has_database_privilege(${ROLE}, current_database(), 'create')`

/**
 * Asks the server what the grant's role may do, PUBLIC and memberships included: what is missing is `SP-ACCOUNT`, what is
 * beyond the grant is told.
 */
export async function judgeEffective(client: AdminClient, setup: AccountSetup): Promise<readonly string[]> {
  if (setup.privileges.unrestricted) return []
  const name = groupName(setup)
  const rows = await client.query<Effective>(RELATIONS_SQL, [name])
  const effective = new Map(rows.map((row) => [relationKey(row.schema, row.name), row]))
  const { privileges } = setup
  for (const one of privileges.relations) {
    const lack = missing(one, effective.get(relationKey(one.relation.schema, one.relation.name)))
    if (lack !== null) throw new SallyportError('SP-ACCOUNT', lack)
  }
  const expected = new Map(
    privileges.relations.map((one) => [relationKey(one.relation.schema, one.relation.name), one]),
  )
  const beyond = [...effective].flatMap(([key, row]) => excess(row, expected.get(key)))
  const others = await client.query<Beyond>(BEYOND_SQL, [name, privileges.routines, privileges.definitions])
  return shortened([...beyond, ...others.map(({ text }) => text)].sort())
}

function missing({ relation, privileges }: RelationPrivileges, found: Effective | undefined): string | null {
  for (const { privilege, columns } of privileges) {
    if (found?.whole.includes(privilege)) continue
    const lacks = columns === null || columns.some((column) => !found || !columnsOf(found, privilege).includes(column))
    if (lacks) return `the admin role can't hand on ${privilege} on ${relation.schema}.${relation.name}`
  }
  return null
}

function columnsOf(found: Effective, privilege: TablePrivilege): readonly string[] {
  return privilege === 'delete' ? [] : found[privilege]
}

function excess(row: Effective, expected: RelationPrivileges | undefined): readonly string[] {
  const allowed = new Map(expected?.privileges.map(({ privilege, columns }) => [privilege as string, columns]))
  const table = `${row.schema}.${row.name}`
  const whole = row.whole.flatMap((verb) =>
    allowed.get(verb) === null ? [] : [`${verb} on the whole of ${table} comes from elsewhere`],
  )
  const some = (['select', 'insert', 'update'] as const).flatMap((verb) => {
    const given = allowed.get(verb)
    if (given === null) return []
    const more = row[verb].filter((column) => !given?.includes(column))
    return more.length > 0 ? [`${verb} on ${table} (${more.join(', ')}) comes from elsewhere`] : []
  })
  return [...whole, ...some]
}

function shortened(findings: readonly string[]): readonly string[] {
  if (findings.length <= FINDINGS_MAX) return findings
  return [...findings.slice(0, FINDINGS_MAX), `and ${findings.length - FINDINGS_MAX} more`]
}

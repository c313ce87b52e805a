import { randomBytes } from 'node:crypto'
import { scramVerifier } from './postgres_accounts_sql.ts'
import { literal, quoted } from './postgres_quoted.ts'

/** What the admin role of a target needs and no more, as SQL that a superuser runs once in each database. */

export interface BootstrapStep {
  readonly sql: string
  /** What it is for, in a sentence. */
  readonly why: string
}

export interface BootstrapInput {
  readonly admin: string
  /** Null where the role has one already, or logs in by a certificate. Only its verifier stands in the SQL. */
  readonly password: string | null
  readonly marker: string
  /** Takes over what people make; null for none. */
  readonly ownerRole: string | null
  /** Roles that accounts become members of. */
  readonly memberOf: readonly string[]
  readonly database: string
  readonly schemas: readonly BootstrapSchema[]
  /** Tells the proxy of changes of definitions at once, rather than at its next poll. */
  readonly eventTrigger: boolean
}

export interface BootstrapSchema {
  readonly name: string
  /** Roles that own tables in it, whose future tables count too. */
  readonly owners: readonly string[]
}

type Query = <T extends object>(text: string) => Promise<readonly T[]>

const SCHEMAS_SQL = `
  SELECT n.nspname::text AS name, ARRAY(
    SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid
    UNION SELECT pg_catalog.pg_get_userbyid(n.nspowner)::text ORDER BY 1) AS owners
  FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1`

/** The schemas of the database that `query` asks, with who owns what is in them. */
export function readBootstrapSchemas(query: Query): Promise<readonly BootstrapSchema[]> {
  return query<BootstrapSchema>(SCHEMAS_SQL)
}

/** Each step may be run again. */
export function postgresBootstrap(input: BootstrapInput): readonly BootstrapStep[] {
  return [...roleSteps(input), ...databaseSteps(input), ...(input.eventTrigger ? triggerSteps(input) : [])]
}

/** Runs the steps one by one; the first that fails rejects as the driver does. */
export async function applyBootstrap(query: Query, steps: readonly BootstrapStep[]): Promise<void> {
  for (const { sql } of steps) await query(sql)
}

function roleSteps({ admin, password, marker, ownerRole, memberOf }: BootstrapInput): readonly BootstrapStep[] {
  const role = quoted(admin)
  return [
    {
      sql: made(admin, 'LOGIN CREATEROLE INHERIT NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS'),
      why: 'CREATEROLE makes and drops the accounts of sessions; nothing else of the server is its business.',
    },
    ...(password === null
      ? []
      : [
          {
            sql: `ALTER ROLE ${role} PASSWORD ${literal(scramVerifier(password, randomBytes(16)))}`,
            why: 'Its verifier: the password itself is in no log of the server.',
          },
        ]),
    { sql: made(marker, 'NOLOGIN'), why: 'Every account is a member of it, which is how they are found again.' },
    {
      sql: `GRANT ${quoted(marker)} TO ${role} WITH ADMIN OPTION`,
      why: 'From PostgreSQL 16 on, only who has the admin option may add members.',
    },
    {
      sql: `GRANT pg_read_all_stats TO ${role}`,
      why: 'It sees whose sessions are not its own: logins that bypass the proxy are reported.',
    },
    ...(ownerRole === null
      ? []
      : [
          { sql: made(ownerRole, 'NOLOGIN'), why: 'What people make in a session belongs to it afterwards.' },
          { sql: `GRANT ${quoted(ownerRole)} TO ${role}`, why: 'To give something to a role takes membership in it.' },
        ]),
    ...memberOf.map((group) => ({
      sql: `GRANT ${quoted(group)} TO ${role} WITH ADMIN OPTION`,
      why: 'Accounts of some roles become members of it.',
    })),
  ]
}

/** With the grant option: the admin role hands on what a grant names, and owns nothing. */
function databaseSteps({ admin, database, schemas }: BootstrapInput): readonly BootstrapStep[] {
  const role = quoted(admin)
  const option = `TO ${role} WITH GRANT OPTION`
  return [
    {
      sql: `GRANT CONNECT ON DATABASE ${quoted(database)} ${option}`,
      why: 'Accounts connect to it where PUBLIC may not.',
    },
    ...schemas.flatMap(({ name, owners }) => [
      {
        sql: `GRANT USAGE ON SCHEMA ${quoted(name)} ${option}`,
        why: `Grants may name objects in ${name}.`,
      },
      {
        sql: `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${quoted(name)} ${option}`,
        why: 'Handed on table by table and column by column, as the grant says.',
      },
      {
        sql: `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${quoted(name)} ${option}`,
        why: 'Defaults of columns take values from sequences.',
      },
      {
        sql: `GRANT EXECUTE ON ALL ROUTINES IN SCHEMA ${quoted(name)} ${option}`,
        why: 'Routines that a role lists under call.',
      },
      ...owners.flatMap((owner) => futureSteps(owner, name, option)),
    ]),
  ]
}

function futureSteps(owner: string, schema: string, option: string): readonly BootstrapStep[] {
  const future = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner)} IN SCHEMA ${quoted(schema)}`
  return [
    {
      sql: `${future} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES ${option}`,
      why: `Tables that ${owner} will make in ${schema}.`,
    },
    {
      sql: `${future} GRANT USAGE, SELECT ON SEQUENCES ${option}`,
      why: `Sequences that ${owner} will make in ${schema}.`,
    },
  ]
}

const TRIGGER_SCHEMA = 'sallyport'

function triggerSteps({ marker }: BootstrapInput): readonly BootstrapStep[] {
  const schema = quoted(TRIGGER_SCHEMA)
  return [
    { sql: `CREATE SCHEMA IF NOT EXISTS ${schema}`, why: 'Holds the function of the event trigger alone.' },
    {
      sql: `CREATE OR REPLACE FUNCTION ${schema}.definitions_changed() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS ${literal(`BEGIN PERFORM pg_catalog.pg_notify(${literal(marker)}, TG_TAG); END`)}`,
      why: 'Says that definitions have changed, and which kind of statement changed them.',
    },
    { sql: 'DROP EVENT TRIGGER IF EXISTS sallyport_definitions', why: 'So that this may be run again.' },
    {
      sql: `CREATE EVENT TRIGGER sallyport_definitions ON ddl_command_end EXECUTE FUNCTION ${schema}.definitions_changed()`,
      why: 'The proxy reads the catalog again at once when somebody changes it past the proxy.',
    },
  ]
}

function made(role: string, attributes: string): string {
  const create = literal(`CREATE ROLE ${quoted(role)}`)
  const missing = `NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ${literal(role)})`
  const body = `BEGIN IF ${missing} THEN EXECUTE ${create}; END IF; END`
  return `DO ${literal(body)};\nALTER ROLE ${quoted(role)} ${attributes}`
}

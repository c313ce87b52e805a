import { randomBytes } from 'node:crypto'
import { quoteName } from '../sql/mysql/quoting.ts'
import { databasePattern } from './mysql_accounts_grants.ts'
import { accountText, type Named } from './mysql_accounts_sql.ts'
import { identifiedBy } from './mysql_accounts_verifier.ts'
import type { BootstrapStep } from './postgres_bootstrap.ts'

/** The account that makes accounts. */
export interface MysqlBootstrap {
  readonly mariadb: boolean
  /** `partial_revokes` of MySQL is on. */
  readonly literalNames: boolean
  readonly admin: Named
  /** Only its verifier stands in the SQL. Null where the account is there already. */
  readonly password: string | null
  readonly tls: boolean
  /** The databases that people may be let into. */
  readonly databases: readonly string[]
  /** Grants may change definitions. */
  readonly defines: boolean
  /** What people made belongs to it afterwards; null for nobody. */
  readonly owner: Named | null
  /** Roles of the database that accounts are to have. */
  readonly memberOf: readonly string[]
}

const DATA = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE']
const SHOWN = ['REFERENCES', 'SHOW VIEW']
const SEEN = ['TRIGGER', 'EVENT']
const DEFINING = [
  ...['CREATE', 'ALTER', 'DROP', 'INDEX', 'CREATE VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE', 'CREATE TEMPORARY TABLES'],
  ...['LOCK TABLES'],
]

/** It is no more power than the account has: who may CREATE USER may set the password of any other (ALTER USER). */
const UPDATES = '; UPDATE is what MariaDB asks for to set the default role of another account'

/** The least that accounts of their own take, in order. Run it as an account that may grant all of it. */
export async function mysqlBootstrap(input: MysqlBootstrap): Promise<readonly BootstrapStep[]> {
  const { admin, password, mariadb } = input
  const account = accountText(admin)
  const required = input.tls ? ' REQUIRE SSL' : ''
  const made = password === null ? null : await identifiedBy(password, mariadb, randomBytes)
  const created = {
    sql: `CREATE USER IF NOT EXISTS ${account} ${made}${required}`,
    why: 'the account of Sallyport; nobody else knows its password',
  }
  return [
    ...(password === null ? [] : [created]),
    ...serverSteps(input, account),
    ...input.databases.map((name) => databaseStep(input, account, name)),
    ...(input.owner === null ? [] : ownerSteps(input, account, input.owner)),
    ...input.memberOf.map((role) => ({
      sql: `GRANT ${mariadb ? quoteName(role) : accountText({ user: role, host: '%' })} TO ${account} WITH ADMIN OPTION`,
      why: `gives the role ${role} to accounts`,
    })),
  ]
}

function serverSteps({ mariadb }: MysqlBootstrap, account: string): readonly BootstrapStep[] {
  const global = mariadb
    ? ['CREATE USER', 'PROCESS', 'CONNECTION ADMIN']
    : ['CREATE USER', 'PROCESS', 'CONNECTION_ADMIN', 'ROLE_ADMIN', 'SHOW_ROUTINE']
  const why = {
    'CREATE USER': 'makes, locks and drops the accounts of sessions, and the roles that hold what a grant allows',
    PROCESS: 'finds the connections of an account that has to end',
    'CONNECTION ADMIN': 'ends them (KILL CONNECTION)',
    CONNECTION_ADMIN: 'ends them (KILL CONNECTION)',
    ROLE_ADMIN: 'gives accounts the role of their grant',
    SHOW_ROUTINE: 'reads what routines do, which the analysis of statements needs',
  }
  return [
    ...global.map((name) => ({ sql: `GRANT ${name} ON *.* TO ${account}`, why: why[name as keyof typeof why] })),
    {
      sql: `GRANT SELECT${mariadb ? ', UPDATE' : ''} ON mysql.* TO ${account}`,
      why: `finds what a crash left behind, and asks what accounts may do (SHOW GRANTS of another account)${mariadb ? UPDATES : ''}`,
    },
  ]
}

function databaseStep({ defines, literalNames }: MysqlBootstrap, account: string, name: string): BootstrapStep {
  const privileges = [...DATA, ...SHOWN, ...SEEN, ...(defines ? DEFINING : [])]
  return {
    sql: `GRANT ${privileges.join(', ')} ON ${databasePattern(name, literalNames)}.* TO ${account} WITH GRANT OPTION`,
    why: `hands on what grants allow in ${name}; REFERENCES and SHOW VIEW show definitions to who may not read all columns`,
  }
}

function ownerSteps({ mariadb }: MysqlBootstrap, account: string, owner: Named): readonly BootstrapStep[] {
  const definer = mariadb ? 'SET USER' : 'SET_ANY_DEFINER'
  return [
    {
      sql: `CREATE USER IF NOT EXISTS ${accountText(owner)} ACCOUNT LOCK`,
      why: 'the definer of what people made, once their accounts are gone; nobody logs in as it',
    },
    { sql: `GRANT ${definer} ON *.* TO ${account}`, why: `makes ${quoteName(owner.user)} the definer of it` },
  ]
}

import type { Config } from '../../config/config.ts'
import { SallyportError } from '../../errors.ts'
import { readSecret } from '../../secrets/resolve_secret.ts'
import type { Credential, Target } from '../../session/ports.ts'
import { mysqlBootstrap } from '../../upstream/mysql_bootstrap.ts'
import {
  applyBootstrap,
  type BootstrapSchema,
  type BootstrapStep,
  postgresBootstrap,
  readBootstrapSchemas,
} from '../../upstream/postgres_bootstrap.ts'
import { asSuperuser, type SuperuserQuery } from '../../upstream/superuser.ts'
import type { CliContext } from '../context.ts'
import { operatorConfig, targetNamed } from './operator_config.ts'
import { askHidden } from './prompt.ts'

export interface BootstrapOptions {
  readonly config: string
  readonly apply: boolean
  readonly admin?: string
  readonly passwordRef?: string
  readonly database?: readonly string[]
  readonly defines: boolean
  readonly eventTrigger: boolean
}

interface Plan {
  readonly config: Config
  readonly target: Target
  readonly options: BootstrapOptions
  readonly databases: readonly string[]
}

/** Prints what the admin account needs and what for, and with `--apply` does it by a login that is given for this once. */
export async function bootstrap(context: CliContext, name: string, options: BootstrapOptions): Promise<number> {
  const config = await operatorConfig(options.config)
  const target = targetNamed(config, name)
  const plan = { config, target, options, databases: databasesOf(target, options) }
  const primary = config.dynamicAccounts.get(name)?.replicaOf ?? null
  if (primary !== null) {
    throw new SallyportError('SP-INPUT', `${name} is a replica: run it for ${primary}, and this one follows`)
  }
  const login = await loginOf(context, config, options)
  if (options.apply && login === null) {
    throw new SallyportError('SP-INPUT', '--apply needs --admin USER: a login that may grant all of it')
  }
  if (login === null) {
    context.out(printed(target, await unconnectedSteps(context, plan)))
    return 0
  }
  for (const database of target.engine === 'postgres' ? plan.databases : ['']) {
    await asSuperuser(target, login, database, async (query) => {
      const steps = await stepsOf(context, plan, database, query)
      context.out(printed(target, steps))
      if (options.apply) await applyBootstrap(query, steps)
    })
    if (options.apply) context.err(`applied on ${name}${database === '' ? '' : `, database ${database}`}\n`)
  }
  return 0
}

function databasesOf(
  { engine, name, defaultDatabase }: Target,
  { database = [] }: BootstrapOptions,
): readonly string[] {
  if (database.length > 0) return database
  if (defaultDatabase !== '') return [defaultDatabase]
  if (engine === 'postgres') return ['postgres']
  throw new SallyportError('SP-INPUT', `name the databases of ${name} that people may be let into: --database NAME`)
}

/** The password comes from a secret or a prompt: arguments of a command are seen by everybody on the machine. */
async function loginOf(context: CliContext, config: Config, options: BootstrapOptions): Promise<Credential | null> {
  const { admin: user, passwordRef } = options
  if (user === undefined) return null
  if (passwordRef === undefined) return { user, password: await askHidden(context, `Password of ${user}: `) }
  const secret = await readSecret(passwordRef, options.config, config.secrets)
  return { user: secret.user ?? user, password: secret.value }
}

/** Who owns what is not known without a login: the schema `public` stands for all. */
async function unconnectedSteps(context: CliContext, plan: Plan): Promise<readonly BootstrapStep[]> {
  context.err('without --admin nobody looked at the server: read the names of schemas and owners before you run it\n')
  if (plan.target.engine === 'mysql') return stepsOnMysql(context, plan, false, false)
  return plan.databases.flatMap((database) =>
    stepsOnPostgres(context, plan, database, [{ name: 'public', owners: [] }]),
  )
}

async function stepsOf(
  context: CliContext,
  plan: Plan,
  database: string,
  query: SuperuserQuery,
): Promise<readonly BootstrapStep[]> {
  if (plan.target.engine === 'postgres') {
    return stepsOnPostgres(context, plan, database, await readBootstrapSchemas(query))
  }
  const [server] = await query<{ version: string }>('SELECT VERSION() AS version')
  const mariadb = /mariadb/i.test(server?.version ?? '')
  const [mode] = mariadb ? [] : await query<{ literal: number }>('SELECT @@partial_revokes AS literal')
  return stepsOnMysql(context, plan, mariadb, Number(mode?.literal) === 1)
}

function stepsOnPostgres(
  context: CliContext,
  { config, target, options }: Plan,
  database: string,
  schemas: readonly BootstrapSchema[],
): readonly BootstrapStep[] {
  const { marker, owners, memberOf } = accountsOf(config, target)
  const { user: admin } = adminOf(config, target)
  const input = { admin, password: passwordOf(context, target), marker, memberOf, database, schemas }
  const { eventTrigger } = options
  const all = (owners.length === 0 ? [null] : owners).flatMap((ownerRole) =>
    postgresBootstrap({ ...input, ownerRole, eventTrigger }),
  )
  return distinct(all)
}

async function stepsOnMysql(
  context: CliContext,
  { config, target, options, databases }: Plan,
  mariadb: boolean,
  literalNames: boolean,
): Promise<readonly BootstrapStep[]> {
  const { owners, memberOf, host } = accountsOf(config, target)
  const input = {
    mariadb,
    literalNames,
    admin: { user: adminOf(config, target).user, host },
    password: passwordOf(context, target),
    tls: target.tls.mode !== 'disable',
    databases,
    defines: options.defines,
    memberOf,
  }
  const named = owners.length === 0 ? [null] : owners.map((user) => ({ user, host: '%' }))
  const all = await Promise.all(named.map((owner) => mysqlBootstrap({ ...input, owner })))
  return distinct(all.flat())
}

/** The verifier of a password is another one each time, so what a step is for tells it apart from others too. */
function distinct(steps: readonly BootstrapStep[]): readonly BootstrapStep[] {
  const seen = new Set<string>()
  return steps.filter(({ sql, why }) => {
    const key = /PASSWORD |IDENTIFIED /.test(sql) ? why : sql
    return !seen.has(key) && seen.add(key)
  })
}

function accountsOf({ dynamicAccounts }: Config, { name }: Target) {
  const section = dynamicAccounts.get(name)
  const all = section === undefined ? [] : [section.default, ...section.byRole.values()]
  return {
    marker: section?.default.marker ?? 'sallyport_sessions',
    host: section?.default.host ?? '%',
    owners: [...new Set(all.flatMap(({ ownerRole }) => ownerRole ?? []))],
    memberOf: [...new Set(all.flatMap(({ memberOf }) => memberOf))],
  }
}

function adminOf({ logins }: Config, target: Target): { readonly user: string } {
  const user = target.admin.user === '' ? (logins.get(target.name)?.admin.user ?? '') : target.admin.user
  if (user !== '') return { user }
  throw new SallyportError('SP-CONFIG', `the admin login of ${target.name} can not be read here, and names no user`)
}

/** The salt makes the verifier another one each time; the password itself stands in no statement. */
function passwordOf({ err }: CliContext, { name, admin }: Target): string | null {
  if (admin.password !== '') return admin.password
  err(`the password of the admin account of ${name} can not be read here: set it yourself\n`)
  return null
}

const COMMENT = '-- '

function printed({ engine }: Target, steps: readonly BootstrapStep[]): string {
  const mode = engine === 'mysql' ? "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES';\n\n" : ''
  return mode + steps.map(({ sql, why }) => `${COMMENT}${why.replaceAll('\n', ' ')}\n${sql};\n`).join('\n')
}

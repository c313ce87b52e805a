import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import mysql from 'mysql2/promise'
import type { MysqlOptions } from '../../servers/mysql.ts'
import { type OidcServer, startOidc, type TokenOptions } from '../../servers/oidc.ts'
import type { DatabaseServer } from '../../servers/process.ts'
import {
  type Sallyport,
  type SallyportOptions,
  type Section,
  secretName,
  startSallyport,
  targetOf,
} from '../../servers/sallyport.ts'
import { FIXTURE_SQL, MASKING, ROLES } from './fixture.ts'

export const TARGET = 'clinic-db'
/** Statistics as the fixture's ANALYZE left them: a server that counts again in the background may turn a join round. */
const STEADY_PLANS = ['--innodb-stats-auto-recalc=OFF']
const HOUR_MS = 3_600_000
/** Grants stay as they were written: an edited one needs a new id. */
const LOADED_AT = Date.now()

export type Person = 'alice' | 'bob' | 'carol'
export const ROLE_OF: Readonly<Record<Person, string>> = { alice: 'reader', bob: 'writer', carol: 'unlimited' }

export interface Stack {
  readonly server: DatabaseServer
  readonly oidc: OidcServer
  readonly proxy: Sallyport
  /** User name of a person at this stack's listener. */
  user(person: Person): string
  token(person: Person, options?: TokenOptions): Promise<string>
  /** A driver's connection through the proxy. */
  connect(person: Person, options?: mysql.ConnectionOptions): Promise<mysql.Connection>
  /** A driver's connection straight to the database, which may do anything. */
  direct(options?: mysql.ConnectionOptions): Promise<mysql.Connection>
  stop(): Promise<void>
}

export interface StackOptions {
  readonly settings?: readonly string[]
  /** In place of the usual fixture. */
  readonly fixture?: readonly string[]
  readonly target?: Section
  /** In place of the one target; each person has a grant on each. */
  readonly targets?: (server: DatabaseServer) => readonly Section[]
  readonly secrets?: Readonly<Record<string, string>>
  /** More of the proxy's configuration, in place of the usual. */
  readonly proxy?: Partial<SallyportOptions>
}

/** One grant for each person, from an hour ago for an hour; `change` overrides by person, with an id of its own. */
export function grantsOf(change: Partial<Record<Person, Section>> = {}): readonly Section[] {
  return (Object.keys(ROLE_OF) as Person[]).map((person) => ({
    id: `grant-${person}`,
    principal: { email: `${person}@example.test` },
    target: TARGET,
    role: ROLE_OF[person],
    start: new Date(LOADED_AT - HOUR_MS).toISOString(),
    end: new Date(LOADED_AT + HOUR_MS).toISOString(),
    reason: 'end-to-end tests',
    ...change[person],
  }))
}

function grantsOn(target: string): readonly Section[] {
  if (target === TARGET) return grantsOf()
  return grantsOf().map((grant) => ({ ...grant, id: `${grant.id}-${target}`, target }))
}

/** A database with the fixture, an OpenID Provider, and the program between them. */
export async function startStack(
  startServer: (options: MysqlOptions) => Promise<DatabaseServer>,
  options: StackOptions = {},
): Promise<Stack> {
  const closing: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const [server, oidc] = await Promise.all([
      startServer({
        setupSql: options.fixture ?? FIXTURE_SQL,
        settings: [...STEADY_PLANS, ...(options.settings ?? [])],
      }).then((started) => {
        closing.push(() => started.stop())
        return started
      }),
      startOidc().then((started) => {
        closing.push(() => started.stop())
        return started
      }),
    ])
    const targets = options.targets?.(server) ?? [targetOf(TARGET, 'mysql', server, options.target)]
    const proxy = await startSallyport({
      issuer: oidc.issuer,
      audience: oidc.audience,
      targets,
      roles: ROLES,
      grants: targets.flatMap(({ name }) => grantsOn(String(name))),
      masking: MASKING,
      listenerTargets: { mysql: TARGET },
      ...options.proxy,
      secrets: {
        [secretName(TARGET)]: server.password,
        MASKING_KEY: randomBytes(32).toString('base64'),
        ...Object.fromEntries(targets.map(({ name }) => [secretName(String(name)), server.password])),
        ...options.secrets,
      },
    })
    closing.push(() => proxy.stop())
    return { server, oidc, proxy, stop, ...connections(server, oidc, proxy) }
  } catch (error) {
    await stop()
    throw error
  }
}

function connections(server: DatabaseServer, oidc: OidcServer, proxy: Sallyport) {
  const ca = readFileSync(proxy.ca, 'utf8')
  const user = (person: Person) => `${person}@example.test`
  const token = (person: Person, options?: TokenOptions) => oidc.tokenFor(person, options)
  const direct = (options: mysql.ConnectionOptions = {}) =>
    mysql.createConnection({
      host: server.host,
      port: server.port,
      user: server.user,
      password: server.password,
      database: 'clinic',
      ssl: { ca: server.ca },
      ...options,
    })
  const connect = async (person: Person, options: mysql.ConnectionOptions = {}) =>
    mysql.createConnection({
      host: '127.0.0.1',
      port: proxy.mysqlPort,
      user: user(person),
      password: await token(person),
      database: 'clinic',
      ssl: { ca },
      ...options,
    })
  return { user, token, direct, connect }
}

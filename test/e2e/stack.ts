import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Login } from '../clients/programs.ts'
import { type OidcServer, startOidc, type TokenOptions } from '../servers/oidc.ts'
import { startPostgres } from '../servers/postgres.ts'
import type { PostgresMajor } from '../servers/postgres_major.ts'
import type { DatabaseServer } from '../servers/process.ts'
import {
  type Sallyport,
  type SallyportOptions,
  type Section,
  secretName,
  startSallyport,
  targetOf,
} from '../servers/sallyport.ts'

/** One database, one OpenID Provider and the real program between them, for one test file. */

const TARGET = 'club-pg'
const HOUR_MS = 3_600_000

export type Person = 'alice' | 'bob' | 'carol'
export interface PostgresStackOptions {
  /** As `startPostgres` takes it. */
  readonly version?: PostgresMajor
  readonly setupSql: readonly string[]
  readonly roles: readonly Section[]
  readonly masking: Section
  /** Made when the stack starts, with `grantOf`. */
  readonly grants: () => readonly Section[]
  readonly target?: Section
  readonly node?: Section
  readonly listener?: Section
}

export interface PostgresStack {
  readonly postgres: DatabaseServer
  readonly oidc: OidcServer
  readonly proxy: Sallyport
  /** Every token that was made, so that a test can look for them where they must not be. */
  readonly tokens: readonly string[]
  token(person: Person, options?: TokenOptions): Promise<string>
  /** For command-line clients, as a person through the proxy. */
  login(person: Person, more?: Partial<Login>): Promise<Login>
  /** How a driver connects as a person through the proxy. */
  driver(person: Person): Promise<pg.ClientConfig>
  /** A connected driver, as a person through the proxy; `stop` ends it where the test did not. */
  connect(person: Person, more?: pg.ClientConfig): Promise<pg.Client>
  /** A connected driver, as the superuser straight to the database. */
  direct(more?: pg.ClientConfig): Promise<pg.Client>
  stop(): Promise<void>
}

/** A grant of a role on the stack's target, from an hour ago for an hour, unless `more` says otherwise. */
export function grantOf(person: Person, role: string, more: Section = {}): Section {
  const now = Date.now()
  return {
    id: `grant-${person}-${role}`,
    principal: { email: emailOf(person) },
    target: TARGET,
    role,
    start: new Date(now - HOUR_MS).toISOString(),
    end: new Date(now + HOUR_MS).toISOString(),
    reason: 'an end-to-end test',
    ...more,
  }
}

export function emailOf(person: Person): string {
  return `${person}@example.test`
}

/** The three people with a role each, as most files have them. */
export function usualGrants(): readonly Section[] {
  return [grantOf('alice', 'reader'), grantOf('bob', 'clerk'), grantOf('carol', 'owner')]
}

/** A masking key of the test's own; its value means nothing. */
export const MASKING_KEYS: Section = { 'test-key': 'env:E2E_MASKING_KEY' }

export async function startPostgresStack(options: PostgresStackOptions): Promise<PostgresStack> {
  const closing: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    const [postgres, oidc] = await Promise.all([closed(closing, startPostgres(options)), closed(closing, startOidc())])
    const proxy = await closed(closing, startSallyport(proxyOptions(options, postgres, oidc)))
    return stackOf(postgres, oidc, proxy, closing, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function closed<T extends { stop(): Promise<void> }>(
  closing: (() => Promise<unknown>)[],
  starting: Promise<T>,
): Promise<T> {
  const started = await starting
  closing.push(() => started.stop())
  return started
}

function proxyOptions(options: PostgresStackOptions, postgres: DatabaseServer, oidc: OidcServer): SallyportOptions {
  return {
    issuer: oidc.issuer,
    audience: oidc.audience,
    targets: [targetOf(TARGET, 'postgres', postgres, options.target)],
    roles: options.roles,
    grants: options.grants(),
    masking: options.masking,
    listenerTargets: { postgres: TARGET },
    secrets: {
      [secretName(TARGET)]: postgres.password,
      E2E_MASKING_KEY: Buffer.alloc(32, 'not a real key').toString('base64'),
    },
    ...(options.node ? { node: options.node } : {}),
    ...(options.listener ? { listener: options.listener } : {}),
  }
}

function stackOf(
  postgres: DatabaseServer,
  oidc: OidcServer,
  proxy: Sallyport,
  closing: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): PostgresStack {
  const tokens: string[] = []
  const ca = readFileSync(proxy.tls.ca, 'utf8')
  const token: PostgresStack['token'] = async (person, more) => {
    const made = await oidc.tokenFor(person, more)
    tokens.push(made)
    return made
  }
  const driver = async (person: Person): Promise<pg.ClientConfig> => ({
    host: 'localhost',
    port: proxy.postgresPort,
    user: emailOf(person),
    password: await token(person),
    database: 'postgres',
    ssl: { ca },
  })
  const connected = async (config: pg.ClientConfig) => {
    const client = new pg.Client(config)
    // A session that the proxy ends is told to the test by its own queries; unheard, this event would end the process.
    client.on('error', () => undefined)
    await client.connect()
    closing.push(() => client.end().catch(() => undefined))
    return client
  }
  return {
    postgres,
    oidc,
    proxy,
    tokens,
    token,
    login: async (person, more) => ({
      host: 'localhost',
      port: proxy.postgresPort,
      user: emailOf(person),
      password: more?.password ?? (await token(person)),
      database: 'postgres',
      caFile: proxy.tls.ca,
      ...more,
    }),
    driver,
    connect: async (person, more) => connected({ ...(await driver(person)), ...more }),
    direct: ({ ...more } = {}) => {
      const { host, port, user, password, database } = postgres
      return connected({ host, port, user, password, database, ssl: { ca: postgres.ca }, ...more })
    },
    stop,
  }
}

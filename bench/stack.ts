import { spawn } from 'node:child_process'
import { startMariadb } from '../test/servers/mariadb.ts'
import { startMysql } from '../test/servers/mysql.ts'
import { startOidc } from '../test/servers/oidc.ts'
import { startPostgres } from '../test/servers/postgres.ts'
import type { DatabaseServer } from '../test/servers/process.ts'
import {
  type Sallyport,
  type SallyportOptions,
  type Section,
  secretName,
  startSallyport,
  targetOf,
} from '../test/servers/sallyport.ts'
import type { Endpoint, EngineName } from './endpoint.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { workloadOf } from './workload.ts'

const TARGET = 'bench'
const TOKEN_SECONDS = 7200

export interface BenchStack {
  readonly endpoints: readonly Endpoint[]
  readonly stop: () => Promise<void>
}

function startServer(engine: EngineName): Promise<DatabaseServer> {
  const { setup: setupSql } = workloadOf(engine)
  switch (engine) {
    case 'postgres':
      return startPostgres({ setupSql, settings: ['max_connections = 700', 'shared_buffers = 256MB'] })
    case 'mysql':
      return startMysql({ setupSql, settings: ['--max-connections=700', '--innodb-buffer-pool-size=256M'] })
    case 'mariadb':
      return startMariadb({ setupSql, settings: ['--max-connections=700', '--innodb-buffer-pool-size=256M'] })
  }
}

/** The same server reached in each way: at once, and through each proxy with TLS towards the client. */
export async function startStack(engine: EngineName): Promise<BenchStack> {
  const family = engine === 'postgres' ? 'postgres' : 'mysql'
  const server = await startServer(engine)
  const oidc = await startOidc()
  const sallyport = await startSallyport(sallyportOf(engine, server, oidc))
  const pgbouncer = engine === 'postgres' ? await startPgbouncer(server, sallyport.tls) : null
  const bare = await startPassthrough(family, server.port, sallyport.tls)
  const stars = await startPassthrough(family, server.port, sallyport.tls, 1)
  const token = await oidc.tokenFor('alice', { expiresIn: TOKEN_SECONDS })
  const login = { engine, user: server.user, password: server.password, database: server.database }
  const endpoints: Endpoint[] = [
    { name: 'direct', port: server.port, tls: true, pid: null, ...login },
    ...(pgbouncer ? [{ name: 'pgbouncer', port: pgbouncer.port, tls: true, pid: pgbouncer.pid, ...login }] : []),
    { name: 'bare Node', port: bare.port, tls: true, pid: bare.pid, ...login },
    { name: 'bare Node with stars', port: stars.port, tls: true, pid: stars.pid, ...login },
    endpointOf('Sallyport', engine, sallyport, token, server),
  ]
  return {
    endpoints,
    stop: async () => {
      bare.stop()
      stars.stop()
      pgbouncer?.stop()
      await sallyport.stop()
      await oidc.stop()
      await server.stop()
    },
  }
}

/** The proxy with its log of record and a sink, on disk in groups or each by itself, and without any record at all. */
export async function startAuditStack(engine: EngineName): Promise<BenchStack> {
  const server = await startServer(engine)
  const oidc = await startOidc()
  const options = sallyportOf(engine, server, oidc)
  const audited = (durability: string) => {
    const sinks = [{ name: 'siem', kind: 'file', path: 'siem.ndjson' }]
    return { ...options, node: { ...options.node, audit: { durability, sinks } } }
  }
  const main = new URL('./without_audit.ts', import.meta.url).pathname
  const proxies = {
    'audit off': await startSallyport({ ...options, main }),
    group: await startSallyport(audited('group')),
    sync: await startSallyport(audited('sync')),
  }
  const token = await oidc.tokenFor('alice', { expiresIn: TOKEN_SECONDS })
  return {
    endpoints: Object.entries(proxies).map(([name, proxy]) => endpointOf(name, engine, proxy, token, server)),
    stop: async () => {
      for (const proxy of Object.values(proxies)) await proxy.stop()
      await oidc.stop()
      await server.stop()
    },
  }
}

function endpointOf(
  name: string,
  engine: EngineName,
  { postgresPort, mysqlPort, pid }: Sallyport,
  password: string,
  { database }: DatabaseServer,
): Endpoint {
  const port = engine === 'postgres' ? postgresPort : mysqlPort
  return { name, engine, port, tls: true, pid, user: 'alice@example.test', password, database }
}

/** The proxy as it is measured. */
function sallyportOf(
  engine: EngineName,
  server: DatabaseServer,
  { issuer, audience }: Awaited<ReturnType<typeof startOidc>>,
): SallyportOptions & { readonly node: Section } {
  const { schema } = workloadOf(engine)
  const family = engine === 'postgres' ? 'postgres' : 'mysql'
  const now = Date.now()
  return {
    issuer,
    audience,
    // The hop to the server is plain for all three proxies, so that they are compared in their own work.
    targets: [targetOf(TARGET, family, server, { tls: { mode: 'disable' }, maxConnections: 650 })],
    roles: [
      {
        name: 'reader',
        scope: [
          { schemas: [schema], tables: ['shares'], verbs: ['read'], where: [{ column: 'team', values: [1] }] },
          { schemas: [schema], tables: ['*'], verbs: ['read'] },
        ],
      },
    ],
    grants: [
      {
        id: 'bench-1',
        principal: { email: 'alice@example.test' },
        target: TARGET,
        role: 'reader',
        start: new Date(now - 3_600_000).toISOString(),
        end: new Date(now + 7_200_000).toISOString(),
        reason: 'bench',
      },
    ],
    masking: {
      keys: {},
      masks: [{ schemas: [schema], tables: ['personal', 'people'], columns: ['email'], strategy: 'email' }],
    },
    listenerTargets: { [family]: TARGET },
    node: { limits: { maxConnections: 1000, perAddress: 1000, perPerson: 1000 }, logLevel: 'warn' },
    secrets: { [secretName(TARGET)]: server.password },
  }
}

/** With a column, the variant that overwrites it in every row. */
async function startPassthrough(
  family: 'postgres' | 'mysql',
  serverPort: number,
  tls: { cert: string; key: string },
  column?: number,
) {
  const script = new URL(`./passthrough_${family}.ts`, import.meta.url).pathname
  const child = spawn(
    process.execPath,
    [script, String(serverPort), tls.cert, tls.key, ...(column === undefined ? [] : [String(column)])],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const line = await new Promise<string>((done) => child.stdout.once('data', (chunk) => done(String(chunk))))
  const { port } = JSON.parse(line) as { port: number }
  return { port, pid: child.pid as number, stop: () => child.kill('SIGTERM') }
}

import { spawn } from 'node:child_process'
import { startOidc } from '../test/servers/oidc.ts'
import { startPostgres } from '../test/servers/postgres.ts'
import { secretName, startSallyport, targetOf } from '../test/servers/sallyport.ts'
import type { Endpoint } from './client.ts'
import { startPgbouncer } from './pgbouncer.ts'

const TARGET = 'bench'
const ROWS = 300_000
const TOKEN_SECONDS = 7200

/** `id` finds one row; the bulk tables differ in whether a column is masked, and in nothing else. */
const SETUP_SQL = [
  'CREATE TABLE public.points (id int PRIMARY KEY, name text NOT NULL, amount int NOT NULL)',
  `INSERT INTO public.points SELECT i, 'name ' || i, i * 7 FROM generate_series(1, 1000) i`,
  'CREATE TABLE public.plain (id int, email text, note text)',
  `INSERT INTO public.plain SELECT i, 'person' || i || '@mail.example', repeat('x', 60) FROM generate_series(1, ${ROWS}) i`,
  'CREATE TABLE public.personal AS SELECT * FROM public.plain',
  // The same row by the same key, with a masked column, and under a row condition.
  `CREATE TABLE public.people AS SELECT id, name, amount, name || '@mail.example' AS email FROM public.points`,
  'ALTER TABLE public.people ADD PRIMARY KEY (id)',
  'CREATE TABLE public.shares AS SELECT id, name, amount, id % 2 AS team FROM public.points',
  'ALTER TABLE public.shares ADD PRIMARY KEY (id)',
  'VACUUM ANALYZE',
]

export interface BenchStack {
  readonly endpoints: readonly Endpoint[]
  readonly stop: () => Promise<void>
}

/** The same PostgreSQL reached four ways: at once, and through each proxy with TLS towards the client. */
export async function startStack(): Promise<BenchStack> {
  const server = await startPostgres({
    setupSql: SETUP_SQL,
    settings: ['max_connections = 700', 'shared_buffers = 256MB'],
  })
  const oidc = await startOidc()
  const now = Date.now()
  const sallyport = await startSallyport({
    issuer: oidc.issuer,
    audience: oidc.audience,
    // The hop to the server is plain for all three proxies, so that they are compared in their own work.
    targets: [targetOf(TARGET, 'postgres', server, { tls: { mode: 'disable' }, maxConnections: 650 })],
    roles: [
      {
        name: 'reader',
        scope: [
          { schemas: ['public'], tables: ['shares'], verbs: ['read'], where: [{ column: 'team', values: [1] }] },
          { schemas: ['public'], tables: ['*'], verbs: ['read'] },
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
      masks: [{ schemas: ['public'], tables: ['personal', 'people'], columns: ['email'], strategy: 'email' }],
    },
    listenerTargets: { postgres: TARGET },
    node: { limits: { maxConnections: 1000, perAddress: 1000, perPerson: 1000 }, logLevel: 'warn' },
    secrets: { [secretName(TARGET)]: server.password },
  })
  const pgbouncer = await startPgbouncer(server, sallyport.tls)
  const bare = await startPassthrough(server.port, sallyport.tls)
  const stars = await startPassthrough(server.port, sallyport.tls, 1)
  const token = await oidc.tokenFor('alice', { expiresIn: TOKEN_SECONDS })
  const login = { user: server.user, password: server.password, database: server.database }
  const endpoints: Endpoint[] = [
    { name: 'direct', port: server.port, tls: true, pid: null, ...login },
    ...(pgbouncer ? [{ name: 'pgbouncer', port: pgbouncer.port, tls: true, pid: pgbouncer.pid, ...login }] : []),
    { name: 'bare Node', port: bare.port, tls: true, pid: bare.pid, ...login },
    { name: 'bare Node with stars', port: stars.port, tls: true, pid: stars.pid, ...login },
    {
      name: 'Sallyport',
      port: sallyport.postgresPort,
      tls: true,
      pid: sallyport.pid,
      user: 'alice@example.test',
      password: token,
      database: server.database,
    },
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

/** With a column, the variant that overwrites it in every row. */
async function startPassthrough(serverPort: number, tls: { cert: string; key: string }, column?: number) {
  const script = new URL('./passthrough.ts', import.meta.url).pathname
  const child = spawn(
    process.execPath,
    [script, String(serverPort), tls.cert, tls.key, ...(column === undefined ? [] : [String(column)])],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const line = await new Promise<string>((done) => child.stdout.once('data', (chunk) => done(String(chunk))))
  const { port } = JSON.parse(line) as { port: number }
  return { port, pid: child.pid as number, stop: () => child.kill('SIGTERM') }
}

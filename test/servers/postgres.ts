import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { makeCertificates } from '../../certs/make.ts'
import { copyTemplate } from './data_template.ts'
import { DEFAULT_POSTGRES, type PostgresMajor, postgresBinaries } from './postgres_major.ts'
import { type DatabaseServer, giveTo, inServerFolder, launch, runAs, type ServerFolder } from './process.ts'

const PASSWORD = 'postgres-password'
const PROBE_TIMEOUT_MS = 5_000

interface PostgresOptions {
  /** By default the packaged 18, or the one that the tests of versions ask for. */
  readonly version?: PostgresMajor
  /** Statements that the superuser runs once the server answers. */
  readonly setupSql?: readonly string[]
  /** Lines more for postgresql.conf. */
  readonly settings?: readonly string[]
}

/**
 * A PostgreSQL of its own on a free loopback port: superuser `postgres`, scram-sha-256, TLS with a certificate for
 * localhost. `stop` ends it and removes its data.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<DatabaseServer> {
  const binaries = await postgresBinaries(options.version ?? DEFAULT_POSTGRES)
  return inServerFolder('postgres', (folder) => startIn(folder, binaries, options))
}

async function startIn(folder: ServerFolder, binaries: string, options: PostgresOptions): Promise<DatabaseServer> {
  const data = join(folder.path, 'data')
  const tls = makeCertificates(join(folder.path, 'tls'))
  giveTo(folder.account, tls.key)
  copyTemplate(join(binaries, 'postgres'), folder, data, (fresh) => initialise(binaries, folder, fresh))
  configure(data, folder.path, tls, options.settings ?? [])
  const ca = readFileSync(tls.ca, 'utf8')
  const server = await launch({
    folder,
    command: join(binaries, 'postgres'),
    args: (port) => ['-D', data, '-p', String(port)],
    stopSignal: 'SIGINT',
    probe: (port) => query(port, ca, ['SELECT 1']),
  })
  const login = { host: '127.0.0.1', user: 'postgres', password: PASSWORD, database: 'postgres' } as const
  try {
    await query(server.port, ca, options.setupSql ?? [])
  } catch (error) {
    await server.stop()
    throw error
  }
  return { ...login, ca, caFile: tls.ca, ...server }
}

function initialise(binaries: string, folder: ServerFolder, data: string): void {
  const passwordFile = join(folder.path, 'password')
  writeFileSync(passwordFile, `${PASSWORD}\n`)
  const options = ['--no-sync', '--no-instructions', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8']
  const owner = ['--username=postgres', `--pwfile=${passwordFile}`]
  runAs(folder.account, join(binaries, 'initdb'), ['-D', data, ...options, ...owner])
}

function configure(
  data: string,
  folder: string,
  tls: { cert: string; key: string },
  settings: readonly string[],
): void {
  const lines = [
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = '${folder}'`,
    'ssl = on',
    `ssl_cert_file = '${tls.cert}'`,
    `ssl_key_file = '${tls.key}'`,
    // The data lives as long as one test file.
    'fsync = off',
    'shared_buffers = 32MB',
    'max_connections = 60',
    ...settings,
  ]
  appendFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`)
}

async function query(port: number, ca: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: PASSWORD,
    database: 'postgres',
    ssl: { ca },
    connectionTimeoutMillis: PROBE_TIMEOUT_MS,
  })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

import { spawn } from 'node:child_process'
import { mysqlTree, mysqlUnavailable } from '../servers/mysql_packages.ts'

const CLIENT_TIMEOUT_MS = 30_000

/** Where and as whom a command-line client connects. */
export interface Login {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** Authority of the server's certificate, a PEM file. */
  readonly caFile: string
  /** More of libpq's connection string. */
  readonly more?: string
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** psql: unaligned rows without headers, the certificate's name verified, each argument one message. */
export function psql(login: Login, ...statements: readonly string[]): Promise<Outcome> {
  const commands = statements.flatMap((statement) => ['-c', statement])
  return run('psql', ['-X', '-A', '-t', '-d', connectionOf(login), ...commands], { PGPASSWORD: login.password })
}

/** pg_dump as plain SQL. */
export function pgDump(login: Login, ...options: readonly string[]): Promise<Outcome> {
  return run('pg_dump', [...options, '-d', connectionOf(login)], { PGPASSWORD: login.password })
}

/** Where Debian puts pgbench: beside the server, not on the path. */
export const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench'

export function pgbench(login: Login, ...options: readonly string[]): Promise<Outcome> {
  return run(PGBENCH, [...options, connectionOf(login)], { PGPASSWORD: login.password })
}

function connectionOf({ host, port, user, database, caFile, more = '' }: Login): string {
  return `host=${host} port=${port} user=${quoted(user)} dbname=${quoted(database)} sslmode=verify-full sslrootcert=${caFile} ${more}`
}

/** MySQL's own client, of version 9. A token is a password too long for the hashed methods: it goes in clear, over TLS. */
export function mysqlClient(login: Login, statement: string, ...options: readonly string[]): Promise<Outcome> {
  const [program, ...loader] = mysqlTree().program('usr/bin/mysql')
  const plugins = `--plugin-dir=${mysqlTree().root}/usr/lib/mysql/plugin`
  const tls = ['--ssl-mode=VERIFY_IDENTITY', `--ssl-ca=${login.caFile}`, '--enable-cleartext-plugin']
  const args = [...loader, '--no-defaults', plugins, ...tls, ...address(login), ...options, '-BN', '-e', statement]
  return run(program, args, { MYSQL_PWD: login.password })
}

/** MariaDB's client, which Debian also installs as `mysql`. */
export function mariadbClient(login: Login, statement: string, ...options: readonly string[]): Promise<Outcome> {
  const tls = [`--ssl-ca=${login.caFile}`, '--ssl-verify-server-cert']
  return run('mariadb', ['--no-defaults', ...tls, ...address(login), ...options, '-BN', '-e', statement], {
    MYSQL_PWD: login.password,
  })
}

/** The clients of MySQL that can be had here; test/servers/prepare.ts says so where MySQL's own can't be downloaded. */
export const MYSQL_CLIENTS: readonly [string, typeof mysqlClient][] = [
  ...(mysqlUnavailable() === null ? [['mysql', mysqlClient] satisfies [string, typeof mysqlClient]] : []),
  ['mariadb', mariadbClient],
]

function address({ host, port, user, database }: Login): string[] {
  return ['--protocol=TCP', `--host=${host}`, `--port=${port}`, `--user=${user}`, `--database=${database}`]
}

/** Runs a client to its end with nothing of the tester's own settings. Rejects where it can't be run or hangs. */
function run(program: string, args: readonly string[], secrets: Readonly<Record<string, string>>): Promise<Outcome> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    PGPASSFILE: '/dev/null',
    ...secrets,
  }
  return new Promise((done, failed) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: CLIENT_TIMEOUT_MS })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text
    })
    child.once('error', failed)
    child.once('close', (code, signal) => {
      if (signal === null) done({ code, ...output })
      else failed(new Error(`${program} did not end by itself: ${output.stderr}`))
    })
  })
}

/** A value of a libpq connection string (PostgreSQL documentation, 32.1.1.1). */
function quoted(value: string): string {
  return `'${value.replaceAll(/['\\]/g, '\\$&')}'`
}

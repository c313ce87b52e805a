import { type ChildProcess, spawn } from 'node:child_process'
import { mysqlTree } from '../../servers/mysql_packages.ts'

const CLIENT_TIMEOUT_MS = 60_000

export interface ClientLogin {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  readonly caFile: string
}

export interface Outcome {
  readonly code: number | null
  /** Rows as tab-separated text, errors left out. */
  readonly rows: readonly string[]
  readonly stderr: string
}

export interface RunningClient {
  readonly child: ChildProcess
  readonly outcome: Promise<Outcome>
}

export type CommandLineClient = (login: ClientLogin, script: string, ...options: readonly string[]) => RunningClient

/** MySQL 9's own client. It reads the script from stdin and, by `--force`, goes on after an error. */
export const mysqlProgram: CommandLineClient = (login, script, ...options) => {
  const [program, ...loader] = mysqlTree().program('usr/bin/mysql')
  const plugins = `--plugin-dir=${mysqlTree().root}/usr/lib/mysql/plugin`
  const tls = ['--ssl-mode=VERIFY_IDENTITY', `--ssl-ca=${login.caFile}`]
  return run(program, [...loader, '--no-defaults', plugins, ...tls, ...common(login), ...options], login, script)
}

/** MariaDB's client, in the same way. */
export const mariadbProgram: CommandLineClient = (login, script, ...options) => {
  const tls = [`--ssl-ca=${login.caFile}`, '--ssl-verify-server-cert']
  return run('mariadb', ['--no-defaults', ...tls, ...common(login), ...options], login, script)
}

function common({ port, user, database }: ClientLogin): string[] {
  const address = ['--protocol=TCP', '--host=127.0.0.1', `--port=${port}`, `--user=${user}`, `--database=${database}`]
  return [...address, '--batch', '--skip-column-names', '--force', '--unbuffered']
}

function run(program: string, args: readonly string[], login: ClientLogin, script: string): RunningClient {
  const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', LC_ALL: 'C.UTF-8', MYSQL_PWD: login.password }
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: CLIENT_TIMEOUT_MS })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text
  })
  // A client whose login was refused is gone before it has read its script.
  child.stdin.on('error', () => undefined)
  child.stdin.end(script)
  const outcome = new Promise<Outcome>((done, failed) => {
    child.once('error', failed)
    child.once('close', (code, signal) => {
      if (signal !== null) return failed(new Error(`${program} was ended by ${signal}: ${output.stderr}`))
      const rows = output.stdout.split('\n').filter((line) => line !== '')
      done({ code, rows, stderr: output.stderr })
    })
  })
  return { child, outcome }
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  accessSync,
  chownSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from './free_ports.ts'

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
const PROBE_INTERVAL_MS = 50
const LOG_TAIL_CHARACTERS = 2_000
const PORT_ATTEMPTS = 3

/** A system account that a server runs as. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** A folder of its own for one server, removed when the server stops. */
export interface ServerFolder {
  readonly path: string
  /** Null where the test run is not root's: then the server runs as whoever runs the tests. */
  readonly account: Account | null
  remove(): void
}

export interface RunningServer {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** What the three databases have in common once they run. */
export interface DatabaseServer {
  readonly host: '127.0.0.1'
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** The PEM of the authority that signed the server's certificate (for localhost, 127.0.0.1 and ::1). */
  readonly ca: string
  /** The same as a file, for clients that want a path. */
  readonly caFile: string
  readonly pid: number
  stop(): Promise<void>
}

export interface Launch {
  readonly folder: ServerFolder
  readonly command: string
  readonly args: (port: number) => readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** SIGINT is PostgreSQL's fast shutdown, SIGTERM that of the MySQL family. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'
  /** Resolves when the server answers on `port`; throws while it does not. */
  readonly probe: (port: number) => Promise<void>
}

/** Database servers refuse root, or should: as root they get an account that every Debian has. */
function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n').map(parseAccount)
  const found =
    accounts.find((entry) => entry?.name === 'postgres') ?? accounts.find((entry) => entry?.name === 'nobody')
  if (found === undefined || found === null) throw new Error('no account named postgres or nobody to run a server as')
  return found
}

function parseAccount(line: string): Account | null {
  const [name, , uid, gid] = line.split(':')
  return name === undefined || uid === undefined || gid === undefined
    ? null
    : { name, uid: Number(uid), gid: Number(gid) }
}

/** Where downloads and prepared data directories are kept between runs, in a place that a server's account can reach. */
export function cacheFolder(): string {
  const chosen = process.env.SALLYPORT_CACHE ?? join(homedir(), '.cache', 'sallyport')
  return reachableByOthers(chosen) ? resolve(chosen) : '/var/cache/sallyport'
}

/** Whether an account other than root can get to `path`; parts that do not exist yet will be made so that it can. */
export function reachableByOthers(path: string): boolean {
  if (process.getuid?.() !== 0) return true
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const status = statSync(folder, { throwIfNoEntry: false })
    if (status !== undefined && (status.mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** Runs `start` with a new folder, which is removed at once where the start fails. */
export async function inServerFolder<T>(name: string, start: (folder: ServerFolder) => Promise<T>): Promise<T> {
  const account = serverAccount()
  const path = mkdtempSync(join(tmpdir(), `sallyport-${name}-`))
  const remove = () => rmSync(path, { recursive: true, force: true })
  try {
    giveTo(account, path)
    return await start({ path, account, remove })
  } catch (error) {
    remove()
    throw error
  }
}

export function giveTo(account: Account | null, ...paths: readonly string[]): void {
  if (account === null) return
  for (const path of paths) chownSync(path, account.uid, account.gid)
}

/** Runs a program to its end as the folder's account, with `input` to read. Throws with what it wrote. */
export function runAs(account: Account | null, command: string, args: readonly string[], cwd = '/', input = ''): void {
  const [program, ...rest] = [...asAccount(account, null), command, ...args]
  execFileSync(program as string, rest, { cwd, input, stdio: 'pipe', env: serverEnvironment({}) })
}

/**
 * Starts a server on a free port of the loopback and waits until it answers. It dies with this process, also when
 * this process is killed; `stop` ends it by its process id and removes its folder.
 */
export async function launch(options: Launch): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const server = start(options, port)
    try {
      await untilReady(server, () => options.probe(port))
      return { port, pid: server.child.pid as number, stop: () => server.stop() }
    } catch (error) {
      const log = server.log()
      await server.end()
      // Another process may take the port between our look and the server's bind.
      if (attempt < PORT_ATTEMPTS && /address already in use/i.test(log)) continue
      throw new Error(`${options.command} did not start: ${String(error)}\n${log}`, { cause: error })
    }
  }
}

interface Started {
  readonly child: ChildProcess
  readonly log: () => string
  readonly end: () => Promise<void>
  readonly stop: () => Promise<void>
}

function start(options: Launch, port: number): Started {
  const logFile = join(options.folder.path, 'server.log')
  const output = openSync(logFile, 'w')
  const [program, ...args] = [
    ...asAccount(options.folder.account, options.stopSignal),
    options.command,
    ...options.args(port),
  ]
  const env = serverEnvironment(options.environment ?? {})
  const child = spawn(program as string, args, { cwd: '/', stdio: ['ignore', output, output], env })
  closeSync(output)
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done())
    child.once('error', () => done())
  })
  const end = async () => {
    child.kill(options.stopSignal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(late)
  }
  const stop = async () => {
    await end()
    options.folder.remove()
  }
  return { child, log: () => readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS), end, stop }
}

async function untilReady(server: Started, probe: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    try {
      return await probe()
    } catch (error) {
      if (server.child.exitCode !== null || server.child.signalCode !== null)
        throw new Error('it ended', { cause: error })
      if (server.child.pid === undefined) throw new Error('it could not be run', { cause: error })
      if (performance.now() > deadline) throw error
    }
    await wait(PROBE_INTERVAL_MS)
  }
}

/** setpriv(1) changes the account and asks the kernel for a signal when the parent dies, in any way (prctl(2)). */
function asAccount(account: Account | null, whenParentDies: Launch['stopSignal'] | null): string[] {
  const identity =
    account === null ? [] : ['--reuid', String(account.uid), '--regid', String(account.gid), '--clear-groups']
  const options = [...identity, ...(whenParentDies === null ? [] : ['--pdeathsig', whenParentDies.slice(3)])]
  if (options.length === 0 || !onPath('setpriv')) {
    if (account !== null) throw new Error('setpriv (util-linux) is needed to start a database server as root')
    return []
  }
  return ['setpriv', ...options, '--']
}

/** Whether a program of this name can be run. */
export function onPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)))
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

/** Nothing of the tester's own settings (PGHOST, MYSQL_HOME, locale) may reach a server. */
function serverEnvironment(more: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', HOME: '/nonexistent', ...more }
}

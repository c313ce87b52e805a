import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type CertificateFiles, makeCertificates } from '../../certs/make.ts'
import { logLines } from '../auditlog/log.ts'
import { freePorts } from './free_ports.ts'
import type { DatabaseServer } from './process.ts'

const READY_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 15_000
const POLL_MS = 25
const MAIN = new URL('../../src/main.ts', import.meta.url).pathname

/** One section of configuration as data; JSON is YAML, so it is written as it is. */
export type Section = Readonly<Record<string, unknown>>

export interface SallyportOptions {
  readonly issuer: string
  readonly audience: string
  readonly targets: readonly Section[]
  readonly roles: readonly Section[]
  readonly grants: readonly Section[]
  readonly masking: Section
  readonly groups?: readonly Section[]
  readonly oidc?: Section
  readonly node?: Section
  /** More for every listener. */
  readonly listener?: Section
  /** The target that each listener means; without one the user name says it. */
  readonly listenerTargets?: { readonly postgres?: string; readonly mysql?: string }
  /** More files, each with one section. */
  readonly sections?: Readonly<Record<string, unknown>>
  /** Serves the admin API, for command lines that log in at the issuer. */
  readonly api?: boolean
  /** Lets browsers log in at the admin API. */
  readonly browserLogin?: Section
  /** Secrets by the names that `env:` references use. */
  readonly secrets?: Readonly<Record<string, string>>
  /** The module that is started; default: the program itself. */
  readonly main?: string
}

export interface Sallyport {
  readonly postgresPort: number
  readonly mysqlPort: number
  readonly metricsUrl: string
  /** Where the admin API answers, if it was asked for. */
  readonly apiUrl: string
  /** The authority of the proxy's own certificate, a PEM file. */
  readonly ca: string
  readonly tls: CertificateFiles
  /** The directory of the log of record. */
  readonly auditLog: string
  readonly folder: string
  readonly pid: number
  readonly child: ChildProcess
  /** What the program has logged so far. */
  log(): string
  /** Every record of the audit log so far. */
  audit(): readonly Record<string, never>[]
  /** Writes sections anew and asks for a reload by SIGHUP; resolves when it is in force or was refused. */
  reload(change: Partial<Pick<SallyportOptions, 'targets' | 'roles' | 'grants' | 'masking'>>): Promise<'ok' | 'failed'>
  stop(): Promise<void>
}

/** The real program in a process of its own, configured by files in a folder that `stop` removes. */
export async function startSallyport(options: SallyportOptions): Promise<Sallyport> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  const config = join(folder, 'config')
  mkdirSync(config)
  const tls = makeCertificates(join(folder, 'tls'))
  const [postgresPort, mysqlPort, metricsPort, apiPort] = (await freePorts(4)) as [number, number, number, number]
  const listenerTls = { cert: tls.cert, key: `file:${tls.key}` }
  const listener = { host: '127.0.0.1', tls: listenerTls, ...options.listener }
  write(config, 'node', {
    name: 'node-1',
    dataDir: join(folder, 'data'),
    listeners: [
      { engine: 'postgres', port: postgresPort, ...listener, ...fixedTarget(options, 'postgres') },
      { engine: 'mysql', port: mysqlPort, ...listener, ...fixedTarget(options, 'mysql') },
    ],
    metrics: { host: '127.0.0.1', port: metricsPort },
    ...(options.api ? { api: apiSection(apiPort, options) } : {}),
    ...options.node,
  })
  write(config, 'oidc', { issuer: options.issuer, audiences: [options.audience], ...options.oidc })
  if (options.groups) write(config, 'groups', options.groups)
  for (const [name, section] of Object.entries(options.sections ?? {})) write(config, name, section)
  for (const name of ['targets', 'roles', 'grants', 'masking'] as const) write(config, name, options[name])
  mkdirSync(join(folder, 'data'))
  const child = spawn(process.execPath, [options.main ?? MAIN, 'serve', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.secrets },
  })
  const output: string[] = []
  child.stdout.on('data', (chunk) => output.push(String(chunk)))
  child.stderr.on('data', (chunk) => output.push(String(chunk)))
  const metricsUrl = `http://127.0.0.1:${metricsPort}`
  const { directory = 'audit' } = (options.node?.audit ?? {}) as { readonly directory?: string }
  const auditLog = resolve(folder, 'data', directory)
  const log = () => output.join('')
  const stop = () => stopChild(child, folder)
  try {
    await ready(child, metricsUrl, log)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    postgresPort,
    mysqlPort,
    metricsUrl,
    apiUrl: `http://localhost:${apiPort}`,
    ca: tls.ca,
    tls,
    auditLog,
    folder,
    pid: child.pid as number,
    child,
    log,
    audit: () => logLines(auditLog).map((line) => JSON.parse(line)),
    reload: async (change) => {
      const before = await reloads(metricsUrl)
      for (const [name, section] of Object.entries(change)) write(config, name, section)
      child.kill('SIGHUP')
      for (;;) {
        const now = await reloads(metricsUrl)
        if (now.ok > before.ok) return 'ok'
        if (now.failed > before.failed) return 'failed'
        await wait(POLL_MS)
      }
    },
    stop,
  }
}

/** A target section for a database that these helpers started. */
export function targetOf(
  name: string,
  engine: 'postgres' | 'mysql',
  server: DatabaseServer,
  more: Section = {},
): Section {
  const account = { user: server.user, password: `env:${secretName(name)}` }
  return {
    name,
    engine,
    host: server.host,
    port: server.port,
    tls: { mode: 'verify-ca', ca: server.caFile },
    admin: account,
    accounts: { static: account },
    ...more,
  }
}

export function secretName(target: string): string {
  return `PASSWORD_${target.toUpperCase().replaceAll('-', '_')}`
}

function apiSection(port: number, { audience: resource, browserLogin }: SallyportOptions): Section {
  const login = browserLogin === undefined ? {} : { login: browserLogin }
  const client = { clientId: 'cli', scopes: ['openid', 'offline_access', 'email', 'groups'], token: 'access', resource }
  return { port, publicUrl: `http://localhost:${port}`, client, ...login }
}

function fixedTarget({ listenerTargets }: SallyportOptions, engine: 'postgres' | 'mysql'): Section {
  const target = listenerTargets?.[engine]
  return target === undefined ? {} : { target }
}

function write(config: string, name: string, section: unknown): void {
  writeFileSync(join(config, `${name}.yaml`), `${JSON.stringify({ version: 1, [name]: section }, null, 1)}\n`)
}

async function ready(child: ChildProcess, metricsUrl: string, log: () => string): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < until) {
    if (child.exitCode !== null) throw new Error(`sallyport ended:\n${log()}`)
    const answer = await fetch(`${metricsUrl}/readyz`).catch(() => null)
    if (answer?.ok) return
    await wait(POLL_MS)
  }
  throw new Error(`sallyport did not get ready:\n${log()}`)
}

async function reloads(metricsUrl: string): Promise<{ ok: number; failed: number }> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text()
  const count = (outcome: string) =>
    Number(new RegExp(`^sallyport_reloads_total\\{outcome="${outcome}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0)
  return { ok: count('ok'), failed: count('failed') }
}

async function stopChild(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
  }
  rmSync(folder, { recursive: true, force: true })
}

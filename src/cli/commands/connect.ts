import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { SallyportError } from '../../errors.ts'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { countArgument } from '../api/arguments.ts'
import { grantId } from '../api/ids.ts'
import { type CliContext, type SignedIn, signedIn } from '../context.ts'
import type { Tunnel } from '../tunnel/tunnel.ts'
import { writeDbeaverConnection } from './dbeaver.ts'

interface ConnectOptions {
  readonly psql: boolean
  readonly mysql: boolean
  readonly url: boolean
  readonly dbeaver: string | boolean
  readonly port?: number
  readonly database?: string
  readonly reason?: string
  readonly ticket?: string
}

type Settings = WireAnswer<'getClientSettings'>
type Listener = Settings['listeners'][number]

/** What the person means: `target` or `target/role` (or a grant's id in place of the role). */
interface Place {
  readonly target: string
  readonly choice: string | null
  readonly engine: Listener['engine']
  readonly person: string
  readonly settings: Settings
}

/** Claims nobody: the token says who it is. A machine's subject may hold what separates the parts of a user name. */
const NOBODY = 'sso'

export function addConnect(program: Command, context: CliContext): void {
  program
    .command('connect')
    .description('Reach a database as yourself: a tunnel on loopback that needs no password, or a client at once.')
    .argument('<target>', 'target, or target/role where you hold several grants')
    .argument('[arguments...]', 'after --: arguments for the client')
    .option('--psql', 'run psql', false)
    .option('--mysql', 'run mysql or mariadb', false)
    .option('--url', 'print an address with a connection password in it, and end', false)
    .option('--dbeaver [workspace]', "write a connection of DBeaver's that goes through the tunnel", false)
    .option('--port <port>', 'the port of the tunnel; default: a free one', countArgument)
    .option('--database <name>', 'the database; default: that of the target')
    .option('--reason <text>', 'why, where the role demands it for each session')
    .option('--ticket <id>', 'the ticket, where the role demands it')
    .action(async (target: string, rest: string[], options: ConnectOptions) => {
      context.exit(await connect(context, target, rest, options))
    })
}

async function connect(
  context: CliContext,
  given: string,
  rest: readonly string[],
  options: ConnectOptions,
): Promise<number> {
  const signed = await signedIn(context)
  const place = await placeOf(signed, given)
  if (options.url) return printUrl(context, signed, place, options)
  const { openTunnel } = await import('../tunnel/tunnel.ts')
  const tunnel = await openTunnel({
    engine: place.engine,
    gate: gateOf(place, 'token', signed),
    user: userOf(place),
    token: signed.token,
    reason: options.reason ?? null,
    ticket: options.ticket ?? null,
    port: options.port ?? 0,
    failed: (error) => context.err(`${error.code}: ${error.detail}\n`),
  })
  try {
    if (options.psql || options.mysql) return await runClient(place, tunnel, rest, options)
    if (options.dbeaver !== false) await announceDbeaver(context, place, tunnel, options)
    else context.out(`${localUrl(place, tunnel, options.database)}\n`)
    context.err('the tunnel is open; Ctrl-C closes it\n')
    await interrupted()
    return 0
  } finally {
    await tunnel.close()
  }
}

async function placeOf({ api }: SignedIn, given: string): Promise<Place> {
  const [target = '', named = null] = given.split('/')
  const choice = named === null ? null : await grantId(api, named)
  const [targets, settings, me] = await Promise.all([
    api.call('listTargets', {}),
    api.call('getClientSettings', {}),
    api.call('getMe', {}),
  ])
  const found = targets.items.find(({ name }) => name === target)
  if (found === undefined) throw new SallyportError('SP-NOT-FOUND', `there is no target ${target}`)
  return { target, choice, engine: found.engine, person: me.person.email ?? NOBODY, settings }
}

/** The listener that means this target, else one where the user name says it. */
function listenerOf({ settings, engine, target }: Place, ...methods: readonly Listener['auth'][]): Listener {
  const fit = settings.listeners.filter((one) => one.engine === engine && methods.includes(one.auth))
  const found = fit.find((one) => one.target === target) ?? fit.find((one) => one.target === null)
  if (found === undefined) {
    throw new SallyportError('SP-UNSUPPORTED', `no listener takes a ${methods.join(' or ')} for ${target}`)
  }
  return found
}

function gateOf(place: Place, method: Listener['auth'], { ca }: SignedIn) {
  const { host, port } = listenerOf(place, method)
  return { host, port, ca }
}

function userOf({ person, target, choice }: Place): string {
  return [person, target, ...(choice === null ? [] : [choice])].join('/')
}

function databaseOf({ engine }: Place, database: string | undefined): string {
  return database ?? (engine === 'postgres' ? 'postgres' : '')
}

function localUrl(place: Place, { port }: Tunnel, database: string | undefined): string {
  const scheme = place.engine === 'postgres' ? 'postgresql' : 'mysql'
  return `${scheme}://sso@127.0.0.1:${port}/${encodeURIComponent(databaseOf(place, database))}`
}

async function printUrl(
  context: CliContext,
  { api }: SignedIn,
  place: Place,
  options: ConnectOptions,
): Promise<number> {
  const { host, port } = listenerOf(place, 'scram', 'password')
  const { target, choice, engine } = place
  const body = { target, role: choice, grant_id: null, duration_ms: null }
  const { user, password } = await api.call('issuePassword', { body })
  const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
  const database = encodeURIComponent(databaseOf(place, options.database))
  const [scheme, tls] =
    engine === 'postgres' ? ['postgresql', 'sslmode=verify-full'] : ['mysql', 'ssl-mode=VERIFY_IDENTITY']
  context.out(`${scheme}://${login}@${host}:${port}/${database}?${tls}\n`)
  return 0
}

/** Runs in the foreground, with the terminal; its exit code is ours. */
async function runClient(place: Place, { port }: Tunnel, rest: readonly string[], options: ConnectOptions) {
  const database = databaseOf(place, options.database)
  if (options.psql !== (place.engine === 'postgres')) {
    const fit = place.engine === 'postgres' ? '--psql' : '--mysql'
    throw new SallyportError(
      'SP-INPUT',
      `${place.target} is no database for ${options.psql ? 'psql' : 'mysql'}: use ${fit}`,
    )
  }
  const at = `host=127.0.0.1 port=${port} user=sso dbname='${database.replace(/['\\]/g, '\\$&')}' sslmode=disable`
  if (options.psql) return run(['psql'], ['-d', at, ...rest])
  const address = ['--protocol=TCP', '--host=127.0.0.1', `--port=${port}`, '--user=sso']
  return run(['mysql', 'mariadb'], [...address, ...(database === '' ? [] : [`--database=${database}`]), ...rest])
}

async function run(programs: readonly string[], args: readonly string[]): Promise<number> {
  for (const program of programs) {
    const code = await start(program, args)
    if (code !== null) return code
  }
  throw new SallyportError('SP-INPUT', `${programs.join(' or ')} is not installed here`)
}

/** Null where there is no such program. */
function start(program: string, args: readonly string[]): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const child = spawn(program, args, { stdio: 'inherit' })
  // The client's own way with Ctrl-C: it cancels a statement and stays.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  child.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(null) : reject(error)))
  child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)))
  return promise.finally(() => process.off('SIGINT', ignore))
}

async function announceDbeaver(
  { out }: CliContext,
  place: Place,
  { port }: Tunnel,
  { dbeaver, database }: ConnectOptions,
): Promise<void> {
  const path = await writeDbeaverConnection({
    workspace: typeof dbeaver === 'string' ? dbeaver : null,
    name: place.choice === null ? place.target : `${place.target}/${place.choice}`,
    engine: place.engine,
    port,
    database: databaseOf(place, database),
  })
  out(`${path}: the connection "sallyport ${place.target}" goes through this tunnel; restart DBeaver to see it\n`)
}

function interrupted(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
  })
}

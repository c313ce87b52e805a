import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { Command, CommanderError, Help, type Option } from 'commander'
import { type ErrorCode, SallyportError } from '../errors.ts'
import { ApiProblem } from './api/client.ts'
import { plain } from './api/print.ts'
import { UsageError } from './api/usage_error.ts'
import { addAlerts } from './commands/alerts.ts'
import { addAuditSearch } from './commands/audit_search.ts'
import { addAuditKeys, addVerify, addWatch } from './commands/audit_verify.ts'
import { addBackup } from './commands/backup.ts'
import { addClassify } from './commands/classify.ts'
import { addCompletion } from './commands/completion.ts'
import { addConnect } from './commands/connect.ts'
import { addCertificates, addPasswords } from './commands/credentials.ts'
import { addDatabase } from './commands/database.ts'
import { addBreakGlass, addGrants } from './commands/grants.ts'
import { addLogin } from './commands/login.ts'
import { addPolicies } from './commands/policies.ts'
import { addPolicyTests } from './commands/policy_test.ts'
import { addRecordings } from './commands/recordings.ts'
import { addRequests } from './commands/requests.ts'
import { addEvidence, addReviews } from './commands/reviews.ts'
import { addSealing } from './commands/sealing.ts'
import { addDelegations, addLocks, addSessions } from './commands/sessions.ts'
import { addSinks } from './commands/sinks.ts'
import { addPeople, addTargets } from './commands/targets.ts'
import { addWebhooks } from './commands/webhooks.ts'
import type { CliContext } from './context.ts'

export interface CliActions {
  /** Runs the proxy until it is told to stop; gives the exit code. */
  readonly serve: (configDir: string) => Promise<number>
  /** Default: standard output and standard error. */
  readonly out?: (text: string) => void
  readonly err?: (text: string) => void
  /** Default: that of the process. */
  readonly env?: CliContext['env']
  /** Default: at the terminal, where standard input and standard error are one. */
  readonly ask?: CliContext['ask']
}

/**
 * Exit codes: 0 well; 1 the answer is no (refused, denied, wrong configuration, tampered log); 2 wrong usage or unreadable
 * input; 3 the server can't be reached, or nobody is logged in.
 */
const EXIT_NO = 1
const EXIT_USAGE = 2
const EXIT_UNREACHED = 3

const EXIT_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  'SP-CONFIG': EXIT_NO,
  'SP-STORE': EXIT_UNREACHED,
  'SP-UPSTREAM': EXIT_UNREACHED,
  'SP-AUTH': EXIT_UNREACHED,
}
const UNAUTHENTICATED = 401
const LOG_IN = 'Run sallyport login, or give SALLYPORT_TOKEN a token that is good now.'

/** Runs the command line (without node and script) and gives its exit code. */
export async function runCli(argv: readonly string[], actions: CliActions): Promise<number> {
  const out = actions.out ?? ((text) => void process.stdout.write(text))
  const err = actions.err ?? ((text) => void process.stderr.write(text))
  let code = 0
  const context: CliContext = {
    out,
    err,
    env: actions.env ?? process.env,
    read: readInput,
    ask: actions.ask ?? (process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : null),
    exit: (exit) => {
      code = exit
    },
  }
  const program = buildProgram(actions.serve, context)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    return tell(error, err)
  }
}

/** What went wrong, why, and what to do next; a fault of ours is thrown on. */
function tell(error: unknown, err: (text: string) => void): number {
  if (error instanceof UsageError) {
    err(`error: ${error.message}\n`)
    return EXIT_USAGE
  }
  if (error instanceof ApiProblem) {
    const fields = error.errors.map(({ pointer, detail }) => `  ${pointer}: ${detail}\n`).join('')
    const isStranger = error.status === UNAUTHENTICATED
    err(`${error.code}: ${plain(error.message)}\n${fields}${isStranger ? LOG_IN : error.next}\n`)
    return isStranger ? EXIT_UNREACHED : EXIT_NO
  }
  if (!(error instanceof SallyportError)) throw error
  err(`${error.code}:${error.detail.includes('\n') ? '\n' : ' '}${error.detail}\n`)
  return EXIT_OF[error.code] ?? EXIT_USAGE
}

/** Standard output stays free for the answer. Ctrl-C and Ctrl-D are no answer: empty. */
async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const given = new AbortController()
  terminal.once('close', () => given.abort())
  try {
    return (await terminal.question(question, { signal: given.signal })).trim()
  } catch {
    return ''
  } finally {
    terminal.close()
  }
}

async function readInput(path: string): Promise<string> {
  if (path === '-') return text(process.stdin)
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SallyportError('SP-INPUT', `${path} can't be read`, { cause })
  })
}

/**
 * The commands, for the command line and for its reference page. What only some of them need is loaded when they run: the
 * configuration, parsers and drivers take longer to load than the API takes to answer.
 */
export function buildProgram(serve: CliActions['serve'], context: CliContext): Command {
  const { out, err, exit } = context
  const program = new Command('sallyport')
    .description('Identity-aware proxy for PostgreSQL and MySQL.')
    .exitOverride()
    // `request` has options of its own: those behind `request ls` are meant for `ls`.
    .enablePositionalOptions()
    .configureHelp({ optionDescription: describe })
    .configureOutput({ writeOut: out, writeErr: err })
  program
    .command('serve')
    .description('Run the proxy.')
    .requiredOption('--config <dir>', 'the configuration directory')
    .action(async ({ config }: { config: string }) => exit(await serve(config)))
  addLogin(program, context)
  addPeople(program, context)
  addTargets(program, context)
  addRequests(program, context)
  addGrants(program, context)
  addBreakGlass(program, context)
  addConnect(program, context)
  addPasswords(program, context)
  addCertificates(program, context)
  addSessions(program, context)
  addLocks(program, context)
  addDelegations(program, context)
  const policy = program.command('policy').description('Read, change, question and test the policy.')
  addPolicies(policy, context)
  addPolicyTests(policy, context)
  addReviews(program, context)
  addEvidence(program, context)
  addRecordings(program, context)
  addAlerts(program, context)
  addWebhooks(program, context)
  addDatabase(program, context)
  addClassify(program, context)
  addBackup(program, context)
  addConfig(program, out, err, exit)
  addAudit(program, context)
  addCompletion(program, context)
  program
    .command('docs')
    .description('Write the reference pages of configuration, refusals, commands and the admin API.')
    .requiredOption('--out <dir>', 'the directory to write to')
    .option('--openapi <dir>', 'the directory to write the OpenAPI description to')
    .action(async ({ out: dir, openapi }: { out: string; openapi?: string }) => {
      await (await import('./reference.ts')).writeReference(dir, program)
      if (openapi !== undefined) await (await import('./api_reference.ts')).writeOpenapi(openapi)
    })
  for (const command of program.commands) inherit(command, program)
  return program
}

/** That a switch is off and a list empty goes without saying. */
function describe(option: Option): string {
  const isPlain = typeof option.defaultValue === 'string'
  return isPlain ? new Help().optionDescription(option) : option.description
}

/** Commander copies settings only to commands made after them on the same parent. */
function inherit(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inherit(child, command)
}

type Print = (text: string) => void

function addConfig(program: Command, out: Print, err: Print, exit: (code: number) => void): void {
  const config = program.command('config').description('Check and explain the configuration.')
  config
    .command('check')
    .description('Check every file; say what is wrong with file and line.')
    .argument('<dir>', 'the configuration directory')
    .option('--strict', 'a secret or file that can not be read here is an error too', false)
    .action(async (dir: string, { strict }: { strict: boolean }) => {
      const { check } = await import('./config_commands.ts')
      exit(await check(dir, strict, out, err))
    })
  config
    .command('explain')
    .description('Say which grants and roles a person has on a target, with scope and masks.')
    .argument('<person>', 'email or subject')
    .argument('<target>', 'the name of the target')
    .requiredOption('--config <dir>', 'the configuration directory')
    .option('--groups <names>', 'groups of the token, with commas')
    .action(async (person: string, target: string, options: { config: string; groups?: string }) => {
      const groups = options.groups?.split(',') ?? []
      const { explain } = await import('./config_commands.ts')
      exit(await explain(options.config, { person, target, groups, now: Date.now() }, out))
    })
  config
    .command('schema')
    .description('Write the JSON Schema of the configuration files, for editors.')
    .requiredOption('--out <dir>', 'the directory to write to')
    .action(async ({ out: dir }: { out: string }) => (await import('./config_commands.ts')).writeSchema(dir))
}

function addAudit(program: Command, context: CliContext): void {
  const { out, exit } = context
  const audit = program.command('audit').description('Read and verify the audit log.')
  addSealing(audit, context)
  addAuditSearch(audit, context)
  addSinks(audit, context)
  audit
    .command('tail')
    .description('Print the last records, one a line.')
    .argument('<log>', 'the directory of the log, or a file of it')
    .option('-n, --lines <count>', 'how many', '20')
    .option('-f, --follow', 'go on with what is written from now on', false)
    .option('--json', 'print the records as they are', false)
    .action(async (log: string, { lines, ...how }: { lines: string; json: boolean; follow: boolean }) => {
      const { tail } = await import('./audit_commands.ts')
      exit(await tail(log, { lines: Number(lines), ...how }, out))
    })
  addVerify(audit, context)
  addAuditKeys(audit, context)
  addWatch(audit, context)
}

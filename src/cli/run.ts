import { Command, CommanderError } from 'commander'
import { SallyportError } from '../errors.ts'
import { tail, verifyChain } from './audit_commands.ts'
import { check, explain, writeSchema } from './config_commands.ts'
import { writeReference } from './reference.ts'

export interface CliActions {
  /** Runs the proxy until it is told to stop; gives the exit code. */
  readonly serve: (configDir: string) => Promise<number>
  /** Default: standard output and standard error. */
  readonly out?: (text: string) => void
  readonly err?: (text: string) => void
}

/** Exit codes: 0 well, 1 the answer is no (wrong configuration, tampered log), 2 wrong usage or unreadable input. */
const EXIT_USAGE = 2

/** Runs the command line (without node and script) and gives its exit code. */
export async function runCli(argv: readonly string[], actions: CliActions): Promise<number> {
  const out = actions.out ?? ((text) => void process.stdout.write(text))
  const err = actions.err ?? ((text) => void process.stderr.write(text))
  let code = 0
  const program = buildProgram({ ...actions, out, err }, (exit) => {
    code = exit
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    if (!(error instanceof SallyportError)) throw error
    err(`${error.code}:\n${error.detail}\n`)
    return error.code === 'SP-CONFIG' ? 1 : EXIT_USAGE
  }
}

/** The commands, for the command line and for its reference page. */
export function buildProgram(actions: Required<CliActions>, exit: (code: number) => void): Command {
  const { out, err } = actions
  const program = new Command('sallyport')
    .description('Identity-aware proxy for PostgreSQL and MySQL.')
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err })
  program
    .command('serve')
    .description('Run the proxy.')
    .requiredOption('--config <dir>', 'the configuration directory')
    .action(async ({ config }: { config: string }) => exit(await actions.serve(config)))
  addConfig(program, out, err, exit)
  addAudit(program, out, exit)
  program
    .command('docs')
    .description('Write the reference pages of configuration, refusals and commands.')
    .requiredOption('--out <dir>', 'the directory to write to')
    .action(({ out: dir }: { out: string }) => writeReference(dir, program))
  for (const command of program.commands) inherit(command, program)
  return program
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
    .action(async (dir: string, { strict }: { strict: boolean }) => exit(await check(dir, strict, out, err)))
  config
    .command('explain')
    .description('Say which grants and roles a person has on a target, with scope and masks.')
    .argument('<person>', 'email or subject')
    .argument('<target>', 'the name of the target')
    .requiredOption('--config <dir>', 'the configuration directory')
    .option('--groups <names>', 'groups of the token, with commas')
    .action(async (person: string, target: string, options: { config: string; groups?: string }) => {
      const groups = options.groups?.split(',') ?? []
      exit(await explain(options.config, { person, target, groups, now: Date.now() }, out))
    })
  config
    .command('schema')
    .description('Write the JSON Schema of the configuration files, for editors.')
    .requiredOption('--out <dir>', 'the directory to write to')
    .action(({ out: dir }: { out: string }) => writeSchema(dir))
}

function addAudit(program: Command, out: Print, exit: (code: number) => void): void {
  const audit = program.command('audit').description('Read and verify the audit log.')
  audit
    .command('tail')
    .description('Print the last records, one a line.')
    .argument('<file>', 'the audit log')
    .option('-n, --lines <count>', 'how many', '20')
    .option('--json', 'print the records as they are', false)
    .action(async (file: string, { lines, json }: { lines: string; json: boolean }) => {
      exit(await tail(file, Number(lines), json, out))
    })
  audit
    .command('verify-chain')
    .description('Check that each line follows the one before. Exit code 1: tampered, 2: could not check.')
    .argument('<file>', 'the audit log')
    .action(async (file: string) => exit(await verifyChain(file, out)))
}

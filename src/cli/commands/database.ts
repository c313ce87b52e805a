import type { Command } from 'commander'
import { listArgument, spanArgument } from '../api/arguments.ts'
import type { CliContext } from '../context.ts'
import type { BootstrapOptions } from '../operator/bootstrap.ts'
import type { DoctorOptions } from '../operator/doctor.ts'

const WATCH_EVERY_MS = 300_000

export function addDatabase(program: Command, context: CliContext): void {
  const database = program
    .command('db')
    .description('Prepare the databases behind Sallyport, and look at their posture.')
  database
    .command('bootstrap')
    .description('Print the least that the admin account of a target needs, and what for; with --apply, do it.')
    .argument('<target>', 'the name of the target')
    .requiredOption('--config <dir>', 'the configuration directory')
    .option('--apply', 'run it, as the login of --admin', false)
    .option('--admin <user>', 'a login that may grant all of it; used for this once and kept nowhere')
    .option('--password-ref <reference>', 'where its password is, such as env:PGPASSWORD; default: a prompt')
    .option('--database <names>', 'databases that people may be let into; default: that of the target', listArgument)
    .option('--defines', 'MySQL: grants may change definitions', false)
    .option('--event-trigger', 'PostgreSQL: tell the proxy of changed definitions at once', false)
    .action(async (target: string, options: BootstrapOptions) => {
      const { bootstrap } = await import('../operator/bootstrap.ts')
      context.exit(await bootstrap(context, target, options))
    })
  database
    .command('doctor')
    .description('What is amiss with a database, and how to mend it. Exit code 1: something of high severity.')
    .argument('<target>', 'the name of the target')
    .requiredOption('--config <dir>', 'the configuration directory')
    .option('--json', 'print it as JSON; with --watch one object a line', false)
    .option('--watch', 'print what changes past Sallyport until Ctrl-C: logins, roles, grants, comments', false)
    .option('--every <time>', 'how often --watch looks', spanArgument, WATCH_EVERY_MS)
    .action(async (target: string, options: DoctorOptions) => {
      const { doctor } = await import('../operator/doctor.ts')
      context.exit(await doctor(context, target, options, interrupted(options.watch)))
    })
}

function interrupted(watch: boolean): Promise<void> {
  if (!watch) return Promise.resolve()
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
  })
}

import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

interface Configured {
  readonly config: string
}

const CONFIG = ['--config <dir>', 'the configuration directory'] as const

/** `audit sinks`, `audit sink test` and `audit dead-letters`: on the machine of a node, whether it runs or not. */
export function addSinks(audit: Command, context: CliContext): void {
  const load = async () => await import('../operator/sinks.ts')
  audit
    .command('sinks')
    .description('Print how far each sink of this node is.')
    .requiredOption(...CONFIG)
    .action(async ({ config }: Configured) => (await load()).printSinks(config, context))
  audit
    .command('sink')
    .description('Try a sink.')
    .command('test')
    .description('Send one test record to a sink from this machine, and say what came of it.')
    .argument('<name>', 'the name of the sink')
    .requiredOption(...CONFIG)
    .action(async (name: string, { config }: Configured) => (await load()).printSinkTest(config, name, context))
  audit
    .command('dead-letters')
    .description('Print what a sink refused for good, one a line.')
    .argument('<name>', 'the name of the sink')
    .requiredOption(...CONFIG)
    .option('--retry', 'send them again, from the log', false)
    .action(async (name: string, { config, retry }: Configured & { readonly retry: boolean }) => {
      const { printDeadLetters, retryDeadLetters } = await load()
      await (retry ? retryDeadLetters : printDeadLetters)(config, name, context)
    })
}

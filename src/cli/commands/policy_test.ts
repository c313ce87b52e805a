import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import type { CatalogOptions, PolicyTestOptions } from '../operator/policy_test.ts'

export function addPolicyTests(policy: Command, context: CliContext): void {
  policy
    .command('test')
    .description(
      'Check expectations against the policy of the files, without a server or database. Exit code 1: one fails.',
    )
    .argument('<file>', 'the expectations, YAML; - reads standard input')
    .requiredOption('--config <dir>', 'the configuration directory')
    .option('--json', 'print the outcomes as JSON', false)
    .option('--junit <file>', 'write a report for CI systems')
    .action(async (file: string, options: PolicyTestOptions) => {
      context.exit(await (await import('../operator/policy_test.ts')).testPolicy(context, file, options))
    })
  policy
    .command('catalog')
    .description('Write what is known of the tables of a database to a file, for policy test. It holds no row.')
    .argument('<target>', 'the name of the target')
    .requiredOption('--config <dir>', 'the configuration directory')
    .requiredOption('--out <file>', 'the file to write')
    .option('--database <name>', 'PostgreSQL: default that of the target; MySQL: default all')
    .action(async (target: string, options: CatalogOptions) => {
      context.exit(await (await import('../operator/policy_test.ts')).writeCatalog(context, target, options))
    })
}

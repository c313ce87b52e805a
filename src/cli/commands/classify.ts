import type { Command } from 'commander'
import { countArgument } from '../api/arguments.ts'
import type { CliContext } from '../context.ts'
import type { DriftOptions, ScanOptions } from '../operator/classify.ts'

const SAMPLED_ROWS = 200

export function addClassify(program: Command, context: CliContext): void {
  const classify = program.command('classify').description('Say what columns hold, and notice those that nobody has.')
  const on = (name: string, about: string) =>
    classify
      .command(name)
      .description(about)
      .argument('<target>', 'the name of the target')
      .requiredOption('--config <dir>', 'the configuration directory')
      .option('--database <name>', 'PostgreSQL: default that of the target; MySQL: default all')
      .option('--json', 'print it as JSON', false)
  on('scan', 'Propose classes for columns from their names, types and some values, as a section of a policy file.')
    .option(
      '--samples <rows>',
      'rows of each table to look at; they leave neither this process nor the server',
      countArgument,
      SAMPLED_ROWS,
    )
    .action(async (target: string, options: ScanOptions) => {
      context.exit(await (await import('../operator/classify.ts')).scan(context, target, options))
    })
  on(
    'drift',
    'Columns that came without a class since a snapshot, or lost theirs. Exit code 1: there are such columns.',
  )
    .requiredOption('--snapshot <file>', 'the snapshot to compare with')
    .option('--update', 'write the snapshot anew, and take what there is as known', false)
    .action(async (target: string, options: DriftOptions) => {
      context.exit(await (await import('../operator/classify.ts')).drift(context, target, options))
    })
}

import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import type { BackupOptions, RestoreOptions } from '../operator/backup.ts'

export function addBackup(program: Command, context: CliContext): void {
  program
    .command('backup')
    .description('Copy the store as it is at one moment, while the server runs; with the position of the audit log.')
    .requiredOption('--config <dir>', 'the configuration directory')
    .requiredOption('--out <file>', 'the file to write; it is readable by its owner alone')
    .action(async (options: BackupOptions) => {
      context.exit(await (await import('../operator/backup.ts')).takeBackup(context, options))
    })
  program
    .command('restore')
    .description('Fill an empty store from a backup. What had ended, or may have, does not come back to life.')
    .requiredOption('--config <dir>', 'the configuration directory')
    .requiredOption('--from <file>', 'the backup')
    .action(async (options: RestoreOptions) => {
      context.exit(await (await import('../operator/backup.ts')).restoreBackup(context, options))
    })
}

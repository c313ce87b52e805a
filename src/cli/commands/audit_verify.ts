import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import type { KeyNewOptions, KeyRotateOptions, NewLogOptions } from '../operator/audit_keys.ts'
import type { VerifyOptions } from '../operator/verify_audit.ts'
import type { WatchOptions } from '../operator/watch_audit.ts'

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

export function addVerify(audit: Command, context: CliContext): void {
  audit
    .command('verify')
    .description(
      'Check every line, the tree over them and each checkpoint, by the public key alone. Exit code 1: tampered, and ' +
        'where; 2: could not check.',
    )
    .requiredOption('--log <path...>', 'the directory of the log, or files of segments')
    .option(
      '--vkey <key>',
      'the public key, as it was noted when the log was begun; more than once for more',
      collect,
      [],
    )
    .option('--key <file>', 'a file with public keys, one a line')
    .option(
      '--against <file...>',
      'checkpoints that were kept elsewhere: notes, or records from the SIEM that hold them',
    )
    .option('--since-checkpoint <file>', 'what was verified up to this checkpoint is not read again')
    .option('--chain-only', 'look at no checkpoint: only at whether the lines follow one another', false)
    .option('--json', 'print the report as JSON', false)
    .action(async (options: VerifyOptions) => {
      context.exit(await (await import('../operator/verify_audit.ts')).verifyAudit(context, options))
    })
}

export function addAuditKeys(audit: Command, context: CliContext): void {
  const key = audit.command('key').description('The keys that checkpoints are signed with.')
  key
    .command('new')
    .description('Make a key: write the private one to a file, and print the public one.')
    .requiredOption('--out <file>', 'the file for the private key; it is readable by its owner alone')
    .requiredOption(
      '--name <name>',
      'its name: the origin of the log, such as sallyport/node-1, or that of the watcher',
    )
    .option('--watcher', 'a key that cosigns checkpoints for `audit watch`', false)
    .action(async (options: KeyNewOptions) => {
      await (await import('../operator/audit_keys.ts')).writeNewKey(context, options)
    })
  key
    .command('rotate')
    .description('Go on with another key: a checkpoint is signed by both. The proxy must not be running.')
    .requiredOption('--log <dir>', 'the directory of the log')
    .requiredOption('--key <file>', 'the private key that signs now')
    .requiredOption('--new <file>', 'the private key that signs from now on, as `audit key new` wrote it')
    .action(async (options: KeyRotateOptions) => {
      await (await import('../operator/audit_keys.ts')).rotate(context, options)
    })
  audit
    .command('new-log')
    .description(
      'After a break: set the log aside, and have the proxy begin a new one, whose first record names the break. ' +
        'Nothing is deleted. The proxy must not be running.',
    )
    .requiredOption('--config <dir>', 'the configuration directory')
    .requiredOption('--reason <text>', 'why; it is put on record')
    .action(async (options: NewLogOptions) => {
      await (await import('../operator/audit_keys.ts')).newLog(context, options)
    })
}

export function addWatch(audit: Command, context: CliContext): void {
  audit
    .command('watch')
    .description(
      'Follow the checkpoints of a log, and cosign each that continues what was seen before. Exit code 1: the log is ' +
        'broken; 2: could not check.',
    )
    .option('--log <dir>', 'the directory of the log, or a copy that is kept up: its lines are read')
    .option('--url <url>', 'the admin API instead, as an auditor: checkpoints and proofs, no lines')
    .requiredOption('--vkey <key>', 'the public key of the log; more than once for more', collect, [])
    .requiredOption('--key <file>', 'the private key of the watcher, as `audit key new --watcher` wrote it')
    .requiredOption('--state <file>', 'where the last cosigned checkpoint is kept')
    .option('--every <seconds>', 'how often it looks', '10')
    .option('--once', 'look once', false)
    .option('--exec <command>', 'a program that is run when the log is broken, with the reason on its standard input')
    .action(async (options: WatchOptions) => {
      context.exit(await (await import('../operator/watch_audit.ts')).watchAudit(context, options))
    })
}

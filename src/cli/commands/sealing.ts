import type { Command } from 'commander'
import type { CliContext } from '../context.ts'

export function addSealing(audit: Command, context: CliContext): void {
  audit
    .command('seal-key')
    .description('Make a key pair for node.audit.sealTo: print the public key, and write the secret one to a file.')
    .requiredOption('--out <file>', 'the file for the secret key; it is readable by its owner alone')
    .action(async ({ out }: { out: string }) => {
      await (await import('../operator/sealed_texts.ts')).writeSealKey(context, out)
    })
  audit
    .command('unseal')
    .description('Print lines with what is sealed in them opened. Exit code 1: something could not be opened.')
    .argument('[file]', 'a file of the audit log, or any text; - for standard input', '-')
    .requiredOption('--key <file>', 'the secret key, as `audit seal-key` wrote it')
    .action(async (file: string, { key }: { key: string }) => {
      context.exit(await (await import('../operator/sealed_texts.ts')).unseal(context, key, file))
    })
}

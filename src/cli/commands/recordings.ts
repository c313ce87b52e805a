import { type Command, InvalidArgumentError, Option } from 'commander'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { asks, everything } from '../api/command.ts'
import { table, when } from '../api/print.ts'
import type { CliContext, SignedIn } from '../context.ts'

const WHICH = 'the id of a recording, or a file'
const KEY = 'the secret key, as `audit seal-key` wrote it'

/** What is opened is opened here: neither the server nor the API has the key. */
export function addRecordings(program: Command, context: CliContext): void {
  const recording = program.command('recording').description('List, verify, export and play recordings of sessions.')
  const list = recording
    .command('list')
    .description('List the recordings of the node that answers, the newest first.')
    .option('--target <name>', 'only those on this target')
    .option('--person <name>', 'only those of this email or subject')
  asks(list, context, async ({ api }: SignedIn, options: { target?: string; person?: string }) => {
    const { target, person } = options
    const items = await everything((cursor) => api.call('listRecordings', { query: { target, person, cursor } }))
    return { answer: items, text: recordingsText(items) }
  })
  recording
    .command('verify')
    .description(
      'Compare recordings with the audit log. Exit code 1: one was changed, is missing or unknown; 2: could not check.',
    )
    .requiredOption('--directory <dir>', 'the directory of recordings')
    .requiredOption('--log <dir>', 'the directory of the audit log')
    .option('--key <file>', `${KEY}: opens each frame of each file too`)
    .option('--json', 'print the findings as JSON', false)
    .action(async (options: { directory: string; log: string; key?: string; json: boolean }) => {
      context.exit(await (await import('../operator/recordings.ts')).verify(context, options))
    })
  recording
    .command('export')
    .description('Open a recording and write it as asciicast (version 2) or as one HTML page.')
    .argument('<recording>', WHICH)
    .requiredOption('--key <file>', KEY)
    .addOption(new Option('--format <format>', 'as what').choices(['asciicast', 'html']).makeOptionMandatory())
    .option('--out <file>', 'where to write it; default: standard output')
    .action(async (which: string, options: { key: string; format: 'asciicast' | 'html'; out?: string }) => {
      context.exit(await (await import('../operator/recordings.ts')).exportRecording(context, which, options))
    })
  recording
    .command('play')
    .description(
      'Play a recording in the terminal: space pauses, q quits, arrows go to the next and previous statement.',
    )
    .argument('<recording>', WHICH)
    .requiredOption('--key <file>', KEY)
    .option('--speed <factor>', 'how much faster', positive, 1)
    .option('--idle-limit <seconds>', 'pauses are no longer than this', positive, 2)
    .action(async (which: string, options: { key: string; speed: number; idleLimit: number }) => {
      context.exit(await (await import('../operator/recordings.ts')).play(context, which, options))
    })
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('must be a number above 0')
  return value
}

function recordingsText(items: WireAnswer<'listRecordings'>['items']): string {
  return table(
    ['ID', 'WHO', 'TARGET', 'ROLE', 'INCIDENT', 'SINCE', 'UNTIL', 'BYTES', 'KEY'],
    items.map((one) => [
      one.id,
      one.person.email ?? one.person.subject,
      one.database === null ? one.target : `${one.target}/${one.database}`,
      one.role,
      one.incident,
      when(one.started_at),
      one.open ? 'open' : when(one.written_at),
      String(one.bytes),
      one.sealed_to,
    ]),
  )
}

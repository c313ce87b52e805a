import { type Command, InvalidArgumentError, Option } from 'commander'
import { QUESTIONS, type QuestionName } from '../../search/questions.ts'
import { countArgument, timeArgument } from '../api/arguments.ts'
import type { CliContext } from '../context.ts'

/** `audit search` and `audit ask`: of a log at hand (`--log`, `--config`), else over the API as the person logged in. */

export interface Where {
  readonly log?: string
  readonly config?: string
  readonly temp?: string
  readonly memory: number
}

export interface SearchFlags extends Where {
  readonly from?: string
  readonly to?: string
  readonly limit: number
  readonly cursor?: string
  readonly rowsOver?: number
  readonly severity?: number
  readonly json: boolean
  readonly csv?: string
  readonly ndjson?: string
  readonly parquet?: string
  readonly [filter: string]: unknown
}

export interface AskFlags extends Where {
  readonly days?: number
  readonly from?: string
  readonly to?: string
  readonly targets?: string
  readonly columns?: string
  readonly json: boolean
}

/** Options that are handed on as they are. */
export const TEXT_FILTERS = [
  ['person <who>', 'subject, address or name: who did it, or whom it concerns'],
  ['target <name>', 'the target'],
  ['database <name>', 'the database'],
  ['role <name>', 'the role'],
  ['table <name>', '`table` or `schema.table`'],
  ['column <name>', '`column`, `table.column` or `schema.table.column`'],
  ['kind <kind>', 'the kind of statement: select, delete...'],
  ['verb <verb>', 'read, insert, update, delete, ddl, call, export...'],
  ['code <code>', 'of a refusal: SP-MASKED...'],
  ['rule <name>', 'the rule that decided'],
  ['incident <provider:id>', 'also what was done under its grants'],
  ['grant <id>', 'the grant'],
  ['request <id>', 'the request'],
  ['session <id>', 'the session'],
  ['statement <id>', 'the statement'],
  ['event <code>', 'db.decision, grant.revoked, grant.*...'],
  ['application <name>', 'as the client claims'],
  ['client <address>', "the client's address"],
  ['contains <text>', 'a part of the statement, message, reason or detail'],
] as const

const CHOICES = [
  ['seen <how>', 'how the column, or any, was used', ['clear', 'lifted', 'masked', 'written']],
  ['decision <effect>', 'what was decided', ['allow', 'deny']],
  ['outcome <how>', 'how the statement ended', ['ok', 'error', 'cancelled', 'withheld']],
] as const

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const DEFAULT_MEMORY_MIB = 1024

export function addAuditSearch(audit: Command, context: CliContext): void {
  const search = audit.command('search').description('Search the audit log, the newest first.')
  for (const [flags, about] of TEXT_FILTERS) search.option(`--${flags}`, about)
  for (const [flags, about, choices] of CHOICES) search.addOption(new Option(`--${flags}`, about).choices(choices))
  search
    .option('--from <time>', 'from this time on', timeArgument)
    .option('--to <time>', 'before this time', timeArgument)
    .option('--rows-over <count>', 'more rows than this', countArgument)
    .option('--severity <least>', 'at least this: 1 to 5', countArgument)
    .option('--limit <count>', 'how many', limitArgument, DEFAULT_LIMIT)
    .option('--cursor <text>', 'go on behind a page')
    .option('--json', 'print the entries as JSON', false)
    .option('--csv <file>', 'write all that matches to a file')
    .option('--ndjson <file>', 'write all that matches to a file, one JSON object a line')
    .option('--parquet <file>', 'write all that matches to a file')
  withPlace(search).action(async (flags: SearchFlags) => {
    const { runSearch } = await import('../operator/audit_search.ts')
    context.exit(await runSearch(context, flags))
  })
  const ask = audit
    .command('ask')
    .description(
      'Ask a ready-made question: who read PII, what was exported, did a migration run as approved, who deleted.',
    )
    .argument('<question>', QUESTIONS.join(', '), questionArgument)
    .argument('[id]', 'of migration: the grant or its request')
    .option('--days <count>', 'the last days; default: 90', countArgument)
    .option('--from <time>', 'begin of the period', timeArgument)
    .option('--to <time>', 'end of the period', timeArgument)
    .option('--targets <names>', 'with commas; default: all, for deletions those with the label environment=production')
    .option('--columns <names>', 'of pii-readers, with commas; default: what the policy masks or classifies')
    .option('--json', 'print the answer as JSON', false)
  withPlace(ask).action(async (name: QuestionName, id: string | undefined, flags: AskFlags) => {
    const { runQuestion } = await import('../operator/audit_search.ts')
    context.exit(await runQuestion(context, name, id, flags))
  })
}

function withPlace(command: Command): Command {
  return command
    .option('--log <dir>', 'the folder of a log at hand, instead of the API')
    .option('--config <dir>', 'the configuration directory: its log, and what its policy masks')
    .option('--temp <dir>', 'where to put aside what does not fit in memory; default: the folder for temporary files')
    .option('--memory <mib>', 'how much memory the search may take', countArgument, DEFAULT_MEMORY_MIB)
}

function limitArgument(text: string): number {
  const limit = countArgument(text)
  if (limit < 1 || limit > MAX_LIMIT) throw new InvalidArgumentError(`must be 1 to ${MAX_LIMIT}`)
  return limit
}

function questionArgument(text: string): QuestionName {
  const found = QUESTIONS.find((name) => name === text)
  if (found === undefined) throw new InvalidArgumentError(`must be one of ${QUESTIONS.join(', ')}`)
  return found
}

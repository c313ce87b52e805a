import type { Command } from 'commander'
import { SallyportError } from '../../errors.ts'
import type { WireAnswer, WireInput } from '../../http/contract/operations.ts'
import { listArgument, parameterArgument, timeArgument, type Values } from '../api/arguments.ts'
import { asks, everything } from '../api/command.ts'
import { facts, table, when, who } from '../api/print.ts'
import type { CliContext, Reasoned, SignedIn } from '../context.ts'

type Policy = WireAnswer<'getPolicy'>
type Kind = Policy['kind']
type Body = WireInput<'putPolicy'>['body']['body']

export function addPolicies(policy: Command, context: CliContext): void {
  const list = policy
    .command('ls')
    .description('List the pieces of policy in force.')
    .option('--kind <kind>', 'role, mask, approval, project, classification or grant')
    .option('--state <state>', 'proposed, in_force, superseded or refused')
  asks(list, context, async ({ api }: SignedIn, options: { kind?: Kind; state?: Policy['state'] }) => {
    const { kind, state } = options
    const items = await everything((cursor) => api.call('listPolicies', { query: { kind, state, cursor } }))
    return { answer: items, text: listText(items) }
  })
  const named = (name: string, about: string) =>
    policy.command(name).description(about).argument('<kind>', 'such as role').argument('<name>', 'its name')
  const show = named('show', 'Show a piece of policy.').option('--at <time>', 'as it was then', timeArgument)
  asks(show, context, async ({ api }: SignedIn, kind: Kind, name: string, { at }: { at?: string }) => {
    const answer = await api.call('getPolicy', { params: { kind, name }, query: { at } })
    return { answer, text: await policyText(answer) }
  })
  asks(
    named('versions', 'All versions of a piece of policy.'),
    context,
    async ({ api }: SignedIn, kind: Kind, name: string) => {
      const params = { kind, name }
      const items = await everything((cursor) => api.call('listPolicyVersions', { params, query: { cursor } }))
      return { answer: items, text: listText(items) }
    },
  )
  addChanges(named, context)
  addQuestions(policy, context)
}

function addChanges(named: (name: string, about: string) => Command, context: CliContext): void {
  const put = named('put', 'Write a piece of policy from a file, as it would stand in one.')
    .argument('<file>', 'YAML or JSON; - reads standard input')
    .requiredOption('--reason <text>', 'why')
  asks(put, context, async ({ api }: SignedIn, kind: Kind, name: string, file: string, { reason }: Reasoned) => {
    const body = await bodyOf(await context.read(file), file)
    const headers = await precondition(api, kind, name)
    const answer = await api.call('putPolicy', { params: { kind, name }, body: { body, reason } }, headers)
    return { answer, text: await policyText(answer) }
  })
  const remove = named('delete', 'Delete a piece of policy; its versions stay.').requiredOption(
    '--reason <text>',
    'why',
  )
  asks(remove, context, async ({ api }: SignedIn, kind: Kind, name: string, { reason }: Reasoned) => {
    const headers = await precondition(api, kind, name)
    const answer = await api.call('deletePolicy', { params: { kind, name }, query: { reason } }, headers)
    return { answer, text: await policyText(answer) }
  })
  for (const decision of ['approve', 'refuse'] as const) {
    const command = named(
      decision,
      `${decision === 'approve' ? 'Approve' : 'Refuse'} a proposed version of somebody else.`,
    )
      .argument('<number>', 'the version', Number)
      .requiredOption('--reason <text>', 'why')
    asks(
      command,
      context,
      async ({ api }: SignedIn, kind: Kind, name: string, number: number, { reason }: Reasoned) => {
        const answer = await api.call('decidePolicy', { params: { kind, name, number }, body: { decision, reason } })
        return { answer, text: await policyText(answer) }
      },
    )
  }
}

/** What is there now is what is changed: a change in between is refused by the server. */
async function precondition(api: SignedIn['api'], kind: Kind, name: string): Promise<Record<string, string>> {
  try {
    const { etag } = await api.tagged('getPolicy', { params: { kind, name }, query: {} })
    return { 'if-match': etag ?? '*' }
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 404) return { 'if-none-match': '*' }
    throw error
  }
}

async function bodyOf(text: string, file: string): Promise<Body> {
  const read: unknown = (await import('yaml')).parse(text)
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Body
  throw new SallyportError('SP-INPUT', `${file} holds no piece of policy`)
}

interface EvaluateOptions {
  readonly database?: string
  readonly person?: string
  readonly group?: readonly string[]
  readonly role?: string
  readonly param?: Values
}

function addQuestions(policy: Command, context: CliContext): void {
  const evaluate = policy
    .command('eval')
    .description('Would this statement be allowed, and how would it be rewritten? Nothing runs.')
    .argument('<target>', 'the name of the target')
    .argument('<statement>', 'SQL; - reads standard input')
    .option('--database <name>', 'default: that of the target')
    .option('--person <email>', 'default: you')
    .option('--group <names>', 'groups of that person; default: as last seen', listArgument)
    .option('--role <role>', 'as if this role were granted')
    .option('--param <name=value>', 'with --role: a parameter of it; several times', parameterArgument)
  asks(evaluate, context, async ({ api }: SignedIn, target: string, statement: string, options: EvaluateOptions) => {
    const answer = await api.call('evaluatePolicy', {
      body: {
        target,
        statement: statement === '-' ? await context.read('-') : statement,
        database: options.database ?? null,
        person: options.person ?? null,
        groups: options.group === undefined ? null : [...options.group],
        role: options.role ?? null,
        parameters: options.param ?? {},
      },
    })
    if (!answer.allowed) context.exit(1)
    return { answer, text: evaluationText(answer) }
  })
  const impact = policy
    .command('impact')
    .description('What would this policy have changed in the last 30 days?')
    .argument('<kind>', 'such as role')
    .argument('<name>', 'its name')
    .argument('[file]', 'YAML or JSON; without one: deleting it')
  asks(impact, context, async ({ api }: SignedIn, kind: Kind, name: string, file: string | undefined) => {
    const body = file === undefined ? null : await bodyOf(await context.read(file), file)
    const answer = await api.call('impactOfPolicy', { body: { kind, name, body } })
    return { answer, text: impactText(answer) }
  })
}

function listText(items: readonly Policy[]): string {
  return table(
    ['KIND', 'NAME', 'VERSION', 'STATE', 'FROM', 'BY', 'SINCE', 'REASON'],
    items.map((one) => [
      one.kind,
      one.name,
      one.number,
      one.state,
      one.source,
      who(one.author),
      when(one.at),
      one.reason,
    ]),
  )
}

async function policyText(one: Policy): Promise<string> {
  const head = facts([
    ['kind', one.kind],
    ['name', one.name],
    ['version', one.number],
    ['state', one.state],
    ['from', one.source],
    ['author', who(one.author)],
    ['approver', who(one.approver)],
    ['since', when(one.at)],
    ['until', one.superseded_at && when(one.superseded_at)],
    ['reason', one.reason],
    ['digest', one.digest],
  ])
  return one.body === null ? head : `${head}\n${(await import('yaml')).stringify(one.body)}`
}

function evaluationText(one: WireAnswer<'evaluatePolicy'>): string {
  const head = facts([
    ['allowed', one.allowed ? 'yes' : 'no'],
    ['code', one.code],
    ['reason', one.reason],
    ['role', one.role],
    ['grant', one.grant_id],
    ['sent as', one.rewritten],
    ['masks', one.masks.map(({ field, strategy }) => `${field}: ${strategy}`).join(', ')],
  ])
  const rows = one.columns.map(({ schema, table: of, column, seen }) => [`${schema}.${of}.${column}`, seen])
  return rows.length === 0 ? head : `${head}\n${table(['COLUMN', 'SEEN'], rows)}`
}

function impactText(one: WireAnswer<'impactOfPolicy'>): string {
  const head = facts([
    ['from', when(one.from)],
    ['to', when(one.to)],
    ['statements', one.statements],
    ['could not be judged', one.unknown],
    ['newly denied', one.newly_denied],
    ['newly allowed', one.newly_allowed],
    ['newly masked', one.newly_masked],
    ['newly in clear', one.newly_clear],
  ])
  const rows = one.examples.map(({ person, target, before, after, statement }) => [
    person,
    target,
    before,
    after,
    statement,
  ])
  return `${head}\n${table(['WHO', 'TARGET', 'BEFORE', 'AFTER', 'STATEMENT'], rows)}`
}

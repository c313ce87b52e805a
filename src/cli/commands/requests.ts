import type { Command } from 'commander'
import type { WireAnswer, WireInput } from '../../http/contract/operations.ts'
import { parameterArgument, spanArgument, timeArgument, type Values } from '../api/arguments.ts'
import { asks, everything, type Shown } from '../api/command.ts'
import { requestId } from '../api/ids.ts'
import { facts, plain, span, table, when, who } from '../api/print.ts'
import { waiting } from '../api/progress.ts'
import { shortIds } from '../api/short_id.ts'
import type { CliContext, SignedIn } from '../context.ts'
import { completeTerms } from './request_terms.ts'
import { narrowingOf, type ScopeOptions, scopeOptions } from './scope_options.ts'

type Request = WireAnswer<'getRequest'>
type Outcome = WireAnswer<'createRequest'>

interface AskOptions extends ScopeOptions {
  readonly role?: string
  readonly for?: number
  readonly start?: string
  readonly reason?: string
  readonly ticket?: string
  readonly param: Values
  readonly script?: string
  readonly from?: string
  readonly wait: boolean
  readonly json: boolean
}

const POLL_MS = 2000

export function addRequests(program: Command, context: CliContext): void {
  const request = program
    .command('request')
    .description('Ask for access, and follow what becomes of it.')
    .argument('[target]', 'the name of the target')
    .option('--role <role>', 'the role asked for')
    .option('--for <time>', 'for how long, such as 90m or 2h; default: that of the role', spanArgument)
    .option('--start <time>', 'from when; default: from the approval on', timeArgument)
    .option('--reason <text>', 'why')
    .option('--ticket <id>', 'the ticket that it belongs to')
    .option('--param <name=value>', 'a parameter of the role; may be repeated', parameterArgument, {})
    .option('--script <file>', 'a migration: the grant runs these statements and no others; - reads standard input')
    .option('--from <id>', 'the id of a refusal: the least that would have let it through is asked for')
    .option('--wait', 'wait until it is decided', false)
  scopeOptions(request)
  asks(request, context, async (signed: SignedIn, target: string | undefined, options: AskOptions) => {
    const asked = await ask(signed, context, target, options)
    const outcome = options.wait ? await decided(signed, context, asked) : asked
    if (['denied', 'expired', 'cancelled'].includes(outcome.request.state)) context.exit(1)
    return { answer: outcome, text: outcomeText(outcome) }
  })
  addFollowing(request, context)
  addAnswers(program, context)
}

async function ask(
  { api }: SignedIn,
  context: CliContext,
  target: string | undefined,
  options: AskOptions,
): Promise<Outcome> {
  const terms = await completeTerms(api, options.json ? null : context.ask, context.err, { ...options, target })
  const { reason, role, parameters } = terms
  const common = { parameters, duration_ms: options.for ?? null, reason, ticket: terms.ticket }
  if (options.from !== undefined) {
    return api.call('createRequestFromRefusal', { body: { refusal: options.from, role, ...common } })
  }
  return api.call('createRequest', {
    body: {
      target: terms.target ?? '',
      role: role ?? '',
      narrowing: narrowingOf(options),
      start: options.start ?? null,
      script: options.script === undefined ? null : await context.read(options.script),
      ...common,
    },
  })
}

async function decided({ api }: SignedIn, context: CliContext, asked: Outcome): Promise<Outcome> {
  return waiting(context, `waiting for an answer to ${asked.request.id}`, async () => {
    let request: Request = asked.request
    while (request.state === 'pending') {
      await new Promise((done) => setTimeout(done, POLL_MS))
      request = await api.call('getRequest', { params: { id: asked.request.id } })
    }
    const grant = request.grant_id === null ? null : await api.call('getGrant', { params: { id: request.grant_id } })
    return { request, grant }
  })
}

function addFollowing(request: Command, context: CliContext): void {
  const list = request
    .command('ls')
    .description('List requests: own ones, those that wait for an answer, or all.')
    .option('--to-answer', 'those that wait for your answer', false)
    .option('--all', 'those of everybody, for approvers and auditors', false)
    .option('--state <state>', 'only those in this state')
    .option('--target <name>', 'only those for this target')
  asks(list, context, async ({ api }: SignedIn, options: ListOptions) => {
    const view: View = options.all ? 'all' : options.toAnswer ? 'to_answer' : 'mine'
    const { state, target } = options
    const items = await everything((cursor) => api.call('listRequests', { query: { view, state, target, cursor } }))
    return { answer: items, text: listText(items) }
  })
  const id = (name: string, about: string) => request.command(name).description(about).argument('<id>', 'the request')
  asks(id('show', 'Show a request with its stages and votes.'), context, async ({ api }: SignedIn, given: string) => {
    const params = { id: await requestId(api, given) }
    const [answer, approvers] = await Promise.all([
      api.call('getRequest', { params }),
      api.call('listApprovers', { params }),
    ])
    return { answer: { ...answer, approvers: approvers.items }, text: requestText(answer, approvers.items) }
  })
  const cancel = id('cancel', "Take back a request of one's own.").requiredOption('--reason <text>', 'why')
  asks(cancel, context, async ({ api }: SignedIn, given: string, { reason }: { reason: string }) =>
    one(await api.call('cancelRequest', { params: { id: await requestId(api, given) }, body: { reason } })),
  )
  const amend = id('amend', 'Answer "changes requested" with new terms.')
    .option('--for <time>', 'for how long', spanArgument)
    .option('--reason <text>', 'why')
    .option('--ticket <id>', 'the ticket')
    .option('--script <file>', 'another script')
  scopeOptions(amend)
  asks(amend, context, async ({ api }: SignedIn, given: string, options: Partial<AskOptions> & ScopeOptions) => {
    const outcome = await api.call('amendRequest', {
      params: { id: await requestId(api, given) },
      body: {
        duration_ms: options.for ?? null,
        reason: options.reason ?? null,
        ticket: options.ticket ?? null,
        narrowing: narrowingOf(options),
        script: options.script === undefined ? null : await context.read(options.script),
      },
    })
    return { answer: outcome, text: outcomeText(outcome) }
  })
}

type View = NonNullable<WireInput<'listRequests'>['query']['view']>
interface ListOptions {
  readonly toAnswer: boolean
  readonly all: boolean
  readonly state?: Request['state']
  readonly target?: string
}

function addAnswers(program: Command, context: CliContext): void {
  const answers = [
    ['approve', 'approve', 'Approve a request, or less than it asks for.'],
    ['deny', 'deny', 'Deny a request.'],
    ['request-changes', 'changes', 'Send a request back for changes.'],
  ] as const
  for (const [name, decision, about] of answers) {
    const command = program
      .command(name)
      .description(about)
      .argument('<id>', 'the request')
      .requiredOption('--reason <text>', 'why')
      .option('--behalf <email>', 'whose delegated vote it is')
    if (decision === 'approve') scopeOptions(command.option('--for <time>', 'a shorter time', spanArgument))
    asks(command, context, async ({ api }: SignedIn, id: string, options: AnswerOptions) => {
      const outcome = await api.call('voteOnRequest', {
        params: { id: await requestId(api, id) },
        body: {
          decision,
          reason: options.reason,
          narrowing: narrowingOf(options),
          duration_ms: options.for ?? null,
          on_behalf_of: options.behalf ?? null,
        },
      })
      return { answer: outcome, text: outcomeText(outcome) }
    })
  }
}

interface AnswerOptions extends ScopeOptions {
  readonly reason: string
  readonly for?: number
  readonly behalf?: string
}

function one(request: Request): Shown<Request> {
  return { answer: request, text: requestText(request, []) }
}

export function outcomeText({ request, grant }: Outcome): string {
  const open = request.stages.find(({ completed_at: completed }) => completed === null)
  const next =
    grant === null
      ? open && request.state === 'pending'
        ? `waits for ${stillNeeded(open)} of ${open.groups.join(', ')}\n`
        : ''
      : `grant ${grant.id}: ${grant.state}, until ${when(grant.grant.end)}\nconnect: sallyport connect ${request.target}/${request.role}\n`
  return `request ${request.id}: ${request.state}\n${next}`
}

function listText(items: readonly Request[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'STATE', 'WHO', 'TARGET', 'ROLE', 'FOR', 'ASKED', 'REASON'],
    items.map((r) => [
      short(r.id),
      r.state,
      who(r.requester),
      r.target,
      r.role,
      span(r.duration_ms),
      when(r.created_at),
      r.reason,
    ]),
  )
}

type Approvers = WireAnswer<'listApprovers'>['items']

function requestText(r: Request, approvers: Approvers): string {
  const head = facts([
    ['id', r.id],
    ['state', r.state],
    ['kind', r.kind],
    ['who', who(r.requester)],
    ['target', r.target],
    ['role', r.role],
    ['for', span(r.duration_ms)],
    ['start', when(r.start)],
    ['reason', r.reason],
    ['ticket', r.ticket],
    ['incident', r.incident && `${r.incident.provider}:${r.incident.id}`],
    ['rule', r.rule.name],
    ['asked', when(r.created_at)],
    ['open until', when(r.expires_at)],
    ['grant', r.grant_id],
  ])
  return head + r.stages.map((stage) => stageText(stage, approvers)).join('') + risksText(r)
}

function stageText(stage: Request['stages'][number], approvers: Approvers): string {
  const votes = stage.votes.map(
    (vote) => `  ${when(vote.at)}  ${who(vote.by)}  ${vote.decision}  ${plain(vote.reason)}\n`,
  )
  const can = approvers.find((one) => one.stage === stage.name)?.eligible.map(who) ?? []
  const open = stage.completed_at === null && can.length > 0 ? `  may answer: ${can.join(', ')}\n` : ''
  return `stage ${stage.name}: ${stage.quorum} of ${stage.groups.join(', ')}\n${votes.join('')}${open}`
}

function risksText({ plan, risks }: Request): string {
  if (plan === null) return ''
  const lines = plan.statements.map((statement, index) => {
    const found = risks.filter((risk) => risk.statement === index)
    return `${index + 1}. ${plain(statement.text)}\n${found.map((risk) => `   ${risk.severity}: ${risk.text}\n`).join('')}`
  })
  return `script ${plan.digest}\n${lines.join('')}`
}

function stillNeeded({ quorum, votes }: Request['stages'][number]): number {
  return Math.max(1, quorum - votes.filter(({ decision }) => decision === 'approve').length)
}

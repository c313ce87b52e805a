import type { Command } from 'commander'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { incidentArgument, parameterArgument, spanArgument, type Values } from '../api/arguments.ts'
import { type ApiClient, ApiProblem } from '../api/client.ts'
import { asks, everything } from '../api/command.ts'
import { grantId } from '../api/ids.ts'
import { facts, table, when, who } from '../api/print.ts'
import { shortIds } from '../api/short_id.ts'
import type { CliContext, Reasoned, SignedIn } from '../context.ts'
import { outcomeText } from './requests.ts'

type GrantRecord = WireAnswer<'getGrant'>

type Standing = WireAnswer<'listStandingGrants'>['items'][number]
type Use = WireAnswer<'getGrantUse'>['items'] | null

interface ListOptions {
  readonly all: boolean
  readonly state?: GrantRecord['state']
  readonly target?: string
}

export function addGrants(program: Command, context: CliContext): void {
  const grant = program.command('grant').description('Show, end and prolong grants.')
  const list = grant
    .command('ls')
    .description('List grants, those that are active first: own ones, or all.')
    .option('--all', 'those of everybody, and those that stand in policy files', false)
    .option('--state <state>', 'scheduled, active, expired, revoked or completed')
    .option('--target <name>', 'only those on this target')
  asks(list, context, async ({ api }: SignedIn, { all, state, target }: ListOptions) => {
    const view = all ? 'all' : 'mine'
    const found = await everything((cursor) => api.call('listGrants', { query: { view, state, target, cursor } }))
    const items = found.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
    const standing = all ? await standingOf(api, { state, target }) : []
    return { answer: [...standing, ...items], text: listText(items, standing) }
  })
  const id = (name: string, about: string) => grant.command(name).description(about).argument('<id>', 'the grant')
  asks(
    id('show', 'Show a grant with its approvals and its use.'),
    context,
    async ({ api }: SignedIn, given: string) => {
      const params = { id: await grantId(api, given) }
      const [answer, use] = await Promise.all([api.call('getGrant', { params }), useOf(api, params)])
      return { answer: { ...answer, use }, text: grantText(answer) + useText(use) }
    },
  )
  for (const [name, operation, about] of ENDINGS) {
    const command = id(name, about).requiredOption('--reason <text>', 'why')
    asks(command, context, async ({ api }: SignedIn, given: string, { reason }: Reasoned) => {
      const answer = await api.call(operation, { params: { id: await grantId(api, given) }, body: { reason } })
      return { answer, text: grantText(answer) }
    })
  }
  const extend = id('extend', 'Ask for more time: a new request, which becomes a new grant.')
    .option('--for <time>', 'for how long', spanArgument)
    .option('--ticket <id>', 'the ticket')
    .requiredOption('--reason <text>', 'why')
  asks(
    extend,
    context,
    async ({ api }: SignedIn, given: string, options: Reasoned & { for?: number; ticket?: string }) => {
      const body = { duration_ms: options.for ?? null, reason: options.reason, ticket: options.ticket ?? null }
      const answer = await api.call('extendGrant', { params: { id: await grantId(api, given) }, body })
      return { answer, text: outcomeText(answer) }
    },
  )
}

/** Null where the program counts no use: that is no reason to show nothing. */
async function useOf(api: ApiClient, params: { readonly id: string }): Promise<Use> {
  try {
    return (await api.call('getGrantUse', { params })).items
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'SP-NOT-CONFIGURED') return null
    throw error
  }
}

/** What stands in policy files. Leads and reviewers see some grants of others, and none of these. */
async function standingOf(
  api: ApiClient,
  { state, target }: { state: string | undefined; target: string | undefined },
): Promise<readonly Standing[]> {
  try {
    const { items } = await api.call('listStandingGrants', {})
    return items.filter(
      (one) => (state ?? one.state) === one.state && (target ?? one.grant.target) === one.grant.target,
    )
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'SP-FORBIDDEN') return []
    throw error
  }
}

/** What can be used stands above what is over. */
const ORDER: readonly GrantRecord['state'][] = ['active', 'scheduled', 'completed', 'revoked', 'expired']

const ENDINGS = [
  ['revoke', 'revokeGrant', 'End a grant now, with every session under it.'],
  ['hand-back', 'handBackGrant', "Give back a grant of one's own before its end."],
] as const

interface BreakGlassOptions extends Reasoned {
  readonly incident: { provider: string; id: string }
  readonly role?: string
  readonly param: Values
}

export function addBreakGlass(program: Command, context: CliContext): void {
  const breakGlass = program
    .command('break-glass')
    .description('Open access at once, for an incident that is open and yours. It is reviewed afterwards.')
    .argument('<target>', 'the name of the target')
    .requiredOption('--incident <provider:id>', 'the incident', incidentArgument)
    .requiredOption('--reason <text>', 'why')
    .option('--role <role>', 'default: the one role that is meant for it')
    .option('--param <name=value>', 'a parameter of the role; may be repeated', parameterArgument, {})
  asks(breakGlass, context, async ({ api }: SignedIn, target: string, options: BreakGlassOptions) => {
    const { incident, reason, role, param } = options
    const body = { target, incident, reason, role: role ?? null, parameters: param }
    const answer = await api.call('startBreakGlass', { body })
    return { answer, text: outcomeText(answer) }
  })
  const reviews = program.command('break-glass-review').description('Review break-glass access after the fact.')
  asks(
    reviews.command('ls').description('What waits for a review, or is overdue.'),
    context,
    async ({ api }: SignedIn) => {
      const states = ['awaiting_review', 'overdue', 'open'] as const
      const lists = states.map((review) =>
        everything((cursor) => api.call('listGrants', { query: { view: 'all', review, cursor } })),
      )
      const items = (await Promise.all(lists)).flat()
      return { answer: items, text: reviewsText(items) }
    },
  )
  const answer = reviews
    .command('answer')
    .description('Judge a break-glass grant of somebody else.')
    .argument('<id>', 'the grant')
    .argument('<judgment>', 'justified or unjustified')
    .requiredOption('--reason <text>', 'why')
  asks(
    answer,
    context,
    async ({ api }: SignedIn, id: string, judgment: 'justified' | 'unjustified', { reason }: Reasoned) => {
      const params = { id: await grantId(api, id) }
      const judged = await api.call('reviewBreakGlass', { params, body: { judgment, reason } })
      return { answer: judged, text: grantText(judged) }
    },
  )
}

function listText(items: readonly GrantRecord[], standing: readonly Standing[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'STATE', 'KIND', 'WHO', 'TARGET', 'ROLE', 'UNTIL', 'LAST USED'],
    [
      ...standing.map(({ state, grant }) => [
        grant.id,
        state,
        grant.kind,
        principalText(grant.principal),
        grant.target,
        grant.role,
        when(grant.end),
        '',
      ]),
      ...items.map(({ grant, ...record }) => [
        short(record.id),
        record.state,
        grant.kind,
        who(record.holder),
        grant.target,
        grant.role,
        when(grant.end),
        when(record.last_used_at),
      ]),
    ],
  )
}

function principalText(principal: Standing['grant']['principal']): string {
  if ('email' in principal) return principal.email
  return 'group' in principal ? `the group ${principal.group}` : principal.subject
}

function reviewsText(items: readonly GrantRecord[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'REVIEW', 'DUE', 'WHO', 'TARGET', 'INCIDENT', 'REASON'],
    items.map(({ id, grant, holder, review }) => [
      short(id),
      review?.state,
      when(review?.due_at),
      who(holder),
      grant.target,
      grant.incident && `${grant.incident.provider}:${grant.incident.id}`,
      grant.reason,
    ]),
  )
}

function grantText({ grant, ...record }: GrantRecord): string {
  const { review, progress } = record
  return facts([
    ['id', record.id],
    ['state', record.state],
    ['kind', grant.kind],
    ['who', who(record.holder)],
    ['target', grant.target],
    ['role', grant.role],
    ['from', when(grant.start)],
    ['until', when(grant.end)],
    ['reason', grant.reason],
    ['ticket', grant.ticket],
    ['incident', grant.incident && `${grant.incident.provider}:${grant.incident.id}`],
    ['request', grant.request_id],
    ['approved by', record.approvals.map(({ by }) => who(by)).join(', ')],
    ['ended', record.ended_at && `${when(record.ended_at)} by ${who(record.ended_by)}: ${record.end_reason}`],
    ['last used', when(record.last_used_at)],
    ['review', review && `${review.state}${review.due_at ? `, due ${when(review.due_at)}` : ''}`],
    ['script', progress && `${progress.outcome}, ${progress.done} statements done`],
  ])
}

function useText(items: Use): string {
  if (items === null) return 'its use is not known here\n'
  if (items.length === 0) return 'not used\n'
  return table(
    ['TABLE', 'VERB', 'STATEMENTS', 'ROWS', 'IN CLEAR', 'LAST'],
    items.map((use) => [
      `${use.schema}.${use.table}`,
      use.verb,
      use.statements,
      use.rows,
      use.clear,
      when(use.last_at),
    ]),
  )
}

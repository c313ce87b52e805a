import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { WireAnswer } from '../../http/contract/operations.ts'
import { listArgument, timeArgument } from '../api/arguments.ts'
import { asks, everything } from '../api/command.ts'
import { reviewId, reviewLineId } from '../api/ids.ts'
import { facts, span, table, when, who } from '../api/print.ts'
import { waiting } from '../api/progress.ts'
import { shortIds } from '../api/short_id.ts'
import { type CliContext, type SignedIn, signedIn } from '../context.ts'
import { addGrantFindings, unitsText } from './grant_findings.ts'

type Review = WireAnswer<'getReview'>

interface OpenOptions {
  readonly from: string
  readonly to: string
  readonly reviewers: readonly string[]
  readonly due: string
  readonly unanswered: Review['on_unanswered']
}

export function addReviews(program: Command, context: CliContext): void {
  const review = program.command('access-review').description('Review who had what, and what of it was used.')
  const open = review
    .command('open')
    .description('Open a review of a period.')
    .argument('<name>', 'such as 2030-Q1')
    .requiredOption('--from <time>', 'begin of the period', timeArgument)
    .requiredOption('--to <time>', 'end of the period', timeArgument)
    .requiredOption('--reviewers <groups>', 'who answers', listArgument)
    .requiredOption('--due <time>', 'by when', timeArgument)
    .option('--unanswered <what>', 'what then becomes of a line: revoke or escalate', 'revoke')
  asks(open, context, async ({ api }: SignedIn, name: string, options: OpenOptions) => {
    const { from, to, reviewers, due, unanswered } = options
    const body = { name, from, to, reviewer_groups: [...reviewers], due_at: due, on_unanswered: unanswered }
    const answer = await api.call('openReview', { body })
    return { answer, text: reviewsText([answer]) }
  })
  asks(review.command('ls').description('List access reviews.'), context, async ({ api }: SignedIn) => {
    const items = await everything((cursor) => api.call('listReviews', { query: { cursor } }))
    return { answer: items, text: reviewsText(items) }
  })
  const items = review
    .command('show')
    .description('The lines of a review, with real use.')
    .argument('<id>', 'the review')
  asks(items, context, async ({ api }: SignedIn, given: string) => {
    const id = await reviewId(api, given)
    const lines = await everything((cursor) => api.call('listReviewItems', { params: { id }, query: { cursor } }))
    return { answer: lines, text: `${linesText(lines)}\n${besideText(lines)}` }
  })
  const answer = review
    .command('answer')
    .description('Keep or revoke one line.')
    .argument('<id>', 'the review')
    .argument('<line>', 'the line')
    .argument('<decision>', 'keep or revoke')
    .requiredOption('--reason <text>', 'why')
  asks(
    answer,
    context,
    async (
      { api }: SignedIn,
      givenReview: string,
      givenLine: string,
      decision: 'keep' | 'revoke',
      { reason }: { reason: string },
    ) => {
      const id = await reviewId(api, givenReview)
      const item = await reviewLineId(api, id, givenLine)
      const line = await api.call('answerReviewItem', { params: { id, item }, body: { decision, reason } })
      return { answer: line, text: linesText([line]) }
    },
  )
  const complete = review
    .command('complete')
    .description('Close a review that is answered.')
    .argument('<id>', 'the review')
  asks(complete, context, async ({ api }: SignedIn, id: string) => {
    const done = await api.call('completeReview', { params: { id: await reviewId(api, id) } })
    return { answer: done, text: reviewsText([done]) }
  })
}

function reviewsText(items: readonly Review[]): string {
  const short = shortIds(items)
  return table(
    ['ID', 'NAME', 'STATE', 'FROM', 'TO', 'DUE', 'REVIEWERS'],
    items.map((one) => [
      short(one.id),
      one.name,
      one.state,
      when(one.from),
      when(one.to),
      when(one.due_at),
      one.reviewer_groups.join(', '),
    ]),
  )
}

function linesText(items: readonly WireAnswer<'answerReviewItem'>[]): string {
  const short = shortIds(items)
  return table(
    ['LINE', 'WHO', 'TARGET', 'ROLE', 'USE', 'STATEMENTS', 'LAST USED', 'DECISION', 'BY', 'REASON'],
    items.map((one) => [
      short(one.id),
      who(one.holder),
      one.target,
      one.role,
      one.use,
      one.statements,
      when(one.last_used_at),
      one.decision,
      who(one.by),
      one.reason,
    ]),
  )
}

/** Granted beside used. */
function besideText(items: WireAnswer<'listReviewItems'>['items']): string {
  const short = shortIds(items)
  return table(
    ['LINE', 'GRANTED', 'USED'],
    items.map(({ id, granted, used }) => [
      short(id),
      granted === null ? 'not known' : unitsText(granted),
      used === null
        ? 'not known'
        : used.map((use) => `${use.verb} ${use.schema}.${use.table}: ${use.statements}`).join('; '),
    ]),
  )
}

interface PackOptions {
  readonly from: string
  readonly to: string
  readonly format: 'json' | 'csv' | 'pdf'
  readonly out: string
}

export function addEvidence(program: Command, context: CliContext): void {
  const evidence = program.command('evidence').description('Evidence for auditors, by control.')
  asks(
    evidence.command('controls').description('The controls that there is evidence for.'),
    context,
    async ({ api }: SignedIn) => {
      const { items } = await api.call('listControls', {})
      const rows = items.map((one) => [one.id, one.standard, one.title, one.holds.join(', ')])
      return { answer: items, text: table(['ID', 'STANDARD', 'CONTROL', 'HOLDS'], rows) }
    },
  )
  evidence
    .command('pack')
    .description('Build the evidence of a period and write it to a file.')
    .argument('<controls...>', 'as `evidence controls` names them')
    .requiredOption('--from <time>', 'begin of the period', timeArgument)
    .requiredOption('--to <time>', 'end of the period', timeArgument)
    .requiredOption('--out <file>', 'where to write')
    .option('--format <format>', 'pdf, csv or json', 'pdf')
    .action(async (controls: string[], { from, to, format, out }: PackOptions) => {
      const { api } = await signedIn(context)
      const body = { controls, from, to, format }
      const bytes = await waiting(context, 'building the evidence', () => api.download('buildEvidence', { body }))
      await writeFile(out, bytes)
      context.out(`${out}: ${bytes.length} bytes\n`)
    })
  addGrantFindings(evidence, context)
  const figures = program
    .command('figures')
    .description('The figures that show whether privilege shrinks.')
    .option('--from <time>', 'default: 30 days ago', timeArgument)
    .option('--to <time>', 'default: now', timeArgument)
  asks(figures, context, async ({ api }: SignedIn, { from, to }: { from?: string; to?: string }) => {
    const answer = await api.call('getFigures', { query: { from, to } })
    return { answer, text: figuresText(answer) }
  })
}

function figuresText(one: WireAnswer<'getFigures'>): string {
  return facts([
    ['from', when(one.from)],
    ['to', when(one.to)],
    ['standing credentials of people', one.standing_credentials],
    ['  accounts in the configuration', one.standing.accounts],
    ['  grants of policy files', one.standing.grants],
    ['  logins of people on databases', one.standing.logins],
    ['  targets not checked for logins', one.standing.targets_unchecked],
    ['mean duration of access', span(one.mean_access_ms)],
    ['over-privileged sessions', `${one.over_privileged_sessions} of ${one.sessions}`],
    ['from request to first query', span(one.request_to_first_query_ms)],
    ['break-glass', one.break_glass],
    ['revocation, p99', one.revocation_p99_ms === null ? '-' : `${one.revocation_p99_ms} ms`],
    ['idle grants', one.idle_grants],
  ])
}

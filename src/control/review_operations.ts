import type { AccessControl, Caller, NewReview } from '../access/control.ts'
import type { GrantRecord } from '../access/model.ts'
import type { AccessPolicy } from '../access/policy.ts'
import type { ReadTx } from '../access/ports.ts'
import type { AccessReview, ReviewItem, UsageRecord } from '../access/records.ts'
import { answerReview, completeReview, type Line, lineOf, openReview, type Use } from '../access/reviews.ts'
import type { Act } from '../access/transition.ts'
import type { Grant } from '../policy/grant.ts'
import { all, page } from './listing.ts'
import { acting, type ControlDeps, notFound, transact } from './running.ts'

type ReviewOperations = Pick<
  AccessControl,
  'openReview' | 'review' | 'reviews' | 'reviewItems' | 'answerReview' | 'completeReview'
>

export function reviewOperations(deps: ControlDeps): ReviewOperations {
  return {
    openReview: (caller, input) =>
      acting(deps, caller, 'review.open', input.name, (act, policy) =>
        openPlanned(deps, act, policy, input, deps.ids.uuid()),
      ),
    review: (caller, id) => acting(deps, caller, 'review.read', id, () => deps.store.read((tx) => reviewOf(tx, id))),
    reviews: (caller, query) =>
      acting(deps, caller, 'review.read', 'reviews', () => deps.store.read((tx) => page(tx.reviews, {}, query))),
    reviewItems: (caller, id, query) =>
      acting(deps, caller, 'review.read', id, () =>
        deps.store.read(async (tx) => {
          const { id: reviewId } = await reviewOf(tx, id)
          return page(tx.reviewItems, { reviewId }, query)
        }),
      ),
    answerReview: (caller, itemId, input) =>
      acting(deps, caller, 'review.answer', itemId, (act) =>
        transact(deps, async (tx, apply) => {
          const item = await tx.reviewItems.get(itemId)
          if (item === undefined) throw notFound('line', itemId)
          const review = await reviewOf(tx, item.reviewId)
          const record = (await tx.grants.get(item.grantId)) ?? null
          const answered = answerReview(act, review, item, input, caller.identity, record)
          return (await apply(answered)).of('reviewItems', itemId)
        }),
      ),
    completeReview: (caller, id) => acting(deps, caller, 'review.answer', id, (act) => complete(deps, caller, act, id)),
  }
}

/** Rejects with `SP-CONFLICT` where the id is taken. */
export function openPlanned(
  deps: ControlDeps,
  act: Act,
  policy: AccessPolicy,
  input: NewReview,
  id: string,
): Promise<AccessReview> {
  return transact(deps, async (tx, apply) => {
    const lines = await linesOf(deps, tx, policy, input)
    const { transition } = openReview(act, input, lines, id, () => deps.ids.uuid())
    return (await apply(transition)).of('reviews', id)
  })
}

/** Every grant that stood in the period, those of policy files too. */
async function linesOf(
  deps: ControlDeps,
  tx: ReadTx,
  policy: AccessPolicy,
  { from, to }: NewReview,
): Promise<readonly Line[]> {
  const since = deps.usageKnownSince()
  const stored = await all(tx.grants, { start: { to }, end: { from } })
  const files = policy.fileGrants.filter((grant) => grant.start < to && grant.end >= from).map(fileRecord)
  const lines: Line[] = []
  for (const record of [...stored.filter(({ endedAt }) => endedAt === null || endedAt >= from), ...files]) {
    // All that may have been done under it in the period is counted.
    const known = since !== null && since <= Math.max(from, record.grant.start)
    lines.push(lineOf(record, await useOf(tx, record.id, known, from, to)))
  }
  return lines
}

async function useOf(tx: ReadTx, grantId: string, known: boolean, from: number, to: number): Promise<Use> {
  const usage = await all(tx.usage, { grantId })
  const inPeriod = usage.filter(({ firstAt, lastAt }) => firstAt < to && lastAt >= from)
  return {
    known,
    statements: inPeriod.reduce((sum, { statements }) => sum + statements, 0),
    lastUsedAt: latest(inPeriod, to),
  }
}

function latest(usage: readonly UsageRecord[], to: number): number | null {
  return usage.length === 0 ? null : Math.max(...usage.map(({ lastAt }) => Math.min(lastAt, to)))
}

/** A grant of a file as the store would have it. Of a group, its members hold it. */
function fileRecord(grant: Grant): GrantRecord {
  const { principal } = grant
  const holder =
    'subject' in principal
      ? { issuer: principal.issuer ?? '', subject: principal.subject, email: null, name: null }
      : 'email' in principal
        ? { issuer: '', subject: principal.email, email: principal.email, name: null }
        : { issuer: '', subject: `group ${principal.group}`, email: null, name: `group ${principal.group}` }
  return {
    id: grant.id,
    version: 0,
    state: 'active',
    grant,
    holder,
    approvals: [],
    createdAt: grant.start,
    endedAt: null,
    endedBy: null,
    endReason: null,
    firstUsedAt: null,
    lastUsedAt: null,
    idleAfterMs: 0,
    idleWarnedAt: null,
    review: null,
    progress: null,
  }
}

function complete(deps: ControlDeps, { identity }: Caller, act: Act, id: string): Promise<AccessReview> {
  return transact(deps, async (tx, apply) => {
    const review = await reviewOf(tx, id)
    if (!review.reviewerGroups.some((group) => identity.groups.includes(group))) throw notFound('review', id)
    const items = await all(tx.reviewItems, { reviewId: id })
    return (await apply(completion(act, review, items))).of('reviews', id)
  })
}

export function completion(act: Act, review: AccessReview, items: readonly ReviewItem[]) {
  const decided = (decision: 'keep' | 'revoke') => items.filter((item) => item.decision === decision).length
  const [keep, revoke] = [decided('keep'), decided('revoke')]
  return completeReview(act, review, items.length - keep - revoke, { keep, revoke })
}

async function reviewOf(tx: ReadTx, id: string): Promise<AccessReview> {
  const review = await tx.reviews.get(id)
  if (review === undefined) throw notFound('review', id)
  return review
}

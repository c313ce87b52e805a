import { isRenewalDue } from '../access/break_glass_follow.ts'
import { tickReview } from '../access/break_glass_review.ts'
import { tickGrant, tickIdle } from '../access/grants.ts'
import type { GrantRecord } from '../access/model.ts'
import type { ReadTx } from '../access/ports.ts'
import { expireRequest } from '../access/requests.ts'
import { remind, settleUnanswered } from '../access/reviews.ts'
import type { Act, Transition } from '../access/transition.ts'
import { tickWaiting } from '../access/waiting.ts'
import { asSallyportError } from '../errors.ts'
import { followIncidents } from './break_glass_operations.ts'
import { all } from './listing.ts'
import { openScheduledReviews } from './review_calendar.ts'
import { completion } from './review_operations.ts'
import { actOf, type ControlDeps, transact } from './running.ts'

/** How often grants are looked at that may not be used: all of them have to be read for that. */
const IDLE_CHECK_MS = 30_000
const FORGET_EVERY_MS = 600_000

/**
 * What time does to the records. Every node may run it at once: each change is of the version that was read, so that one
 * of them makes it, and what was done is not due again.
 */
export class Timers {
  readonly #deps: ControlDeps
  #incidentsAt = Number.NEGATIVE_INFINITY
  #idleAt = Number.NEGATIVE_INFINITY
  #forgottenAt = Number.NEGATIVE_INFINITY
  #running = false

  constructor(deps: ControlDeps) {
    this.#deps = deps
  }

  /** Run every second or so; a run that is under way is not joined by another. */
  async tick(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      await this.#guarded('requests', () => this.#requests())
      await this.#guarded('incidents', () => this.#incidents())
      await this.#guarded('grants', () => this.#grants())
      await this.#guarded('idle grants', () => this.#idleGrants())
      await this.#guarded('reviews of break-glass', () => this.#breakGlassReviews())
      await this.#guarded('access reviews', () => this.#reviews())
      await this.#guarded('the calendar of reviews', () => openScheduledReviews(this.#deps))
      await this.#guarded('old refusals', () => this.#forgetRefusals())
    } finally {
      this.#running = false
    }
  }

  /** One kind that fails keeps no other from its time. */
  async #guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#deps.failed(what, asSallyportError(error))
    }
  }

  async #requests(): Promise<void> {
    const waiting = await this.#deps.store.read((tx) => all(tx.requests, { state: ['pending', 'changes_requested'] }))
    const act = actOf(this.#deps, null)
    for (const { id } of waiting.filter((one) => expireRequest(act, one) !== null || tickWaiting(act, one) !== null)) {
      await this.#step(`request ${id}`, async (tx) => {
        const request = await tx.requests.get(id)
        return request === undefined ? null : (expireRequest(act, request) ?? tickWaiting(act, request))
      })
    }
  }

  /** Only those whose time has come are read: there may be many. */
  async #grants(): Promise<void> {
    const act = actOf(this.#deps, null)
    const come = { to: act.now + 1 }
    const due = await this.#deps.store.read(async (tx) => [
      ...(await all(tx.grants, { state: 'scheduled', start: come })),
      ...(await all(tx.grants, { state: ['scheduled', 'active'], end: come })),
    ])
    for (const { id } of due) {
      await this.#step(`grant ${id}`, async (tx) => {
        const stored = await tx.grants.get(id)
        return stored === undefined ? null : tickGrant(act, stored)
      })
    }
  }

  async #idleGrants(): Promise<void> {
    const act = actOf(this.#deps, null)
    if (act.now - this.#idleAt < IDLE_CHECK_MS) return
    this.#idleAt = act.now
    const active = await this.#deps.store.read((tx) => all(tx.grants, { state: 'active' }))
    for (const record of active) {
      if (!(await this.#isIdle(act, record))) continue
      await this.#step(`grant ${record.id}`, async (tx) => {
        const stored = await tx.grants.get(record.id)
        return stored === undefined ? null : tickIdle(act, stored, await lastUse(tx, stored, act.now))
      })
    }
  }

  async #isIdle(act: Act, record: GrantRecord): Promise<boolean> {
    if (tickIdle(act, record, record.lastUsedAt) === null) return false
    return this.#deps.store.read(async (tx) => tickIdle(act, record, await lastUse(tx, record, act.now)) !== null)
  }

  /** Grants that end soon are looked at with every tick, the others now and then. */
  async #incidents(): Promise<void> {
    const now = this.#deps.clock.now()
    const { incidentCheckMs } = this.#deps.policy().settings
    if (now - this.#incidentsAt >= incidentCheckMs) {
      this.#incidentsAt = now
      await followIncidents(this.#deps, null)
      return
    }
    const active = await this.#deps.store.read((tx) => all(tx.grants, { kind: 'break_glass', state: 'active' }))
    const ending = active.filter((record) => record.review !== null && isLastMoment(record, now))
    for (const { grant } of ending) if (grant.incident !== null) await followIncidents(this.#deps, grant.incident)
  }

  async #breakGlassReviews(): Promise<void> {
    const act = actOf(this.#deps, null)
    const policy = this.#deps.policy()
    const waiting = await this.#deps.store.read((tx) => all(tx.grants, { review: ['open', 'awaiting_review'] }))
    for (const { id } of waiting.filter((record) => tickReview(act, record, policy) !== null)) {
      await this.#step(`grant ${id}`, async (tx) => {
        const record = await tx.grants.get(id)
        return record === undefined ? null : tickReview(act, record, policy)
      })
    }
  }

  async #reviews(): Promise<void> {
    const open = await this.#deps.store.read((tx) => all(tx.reviews, { state: 'open' }))
    for (const { id } of open) await this.#review(id)
  }

  async #review(id: string): Promise<void> {
    const act = actOf(this.#deps, null)
    const { reviewReminderMs } = this.#deps.policy().settings
    const unanswered = await this.#deps.store.read((tx) => all(tx.reviewItems, { reviewId: id, decision: null }))
    for (const { id: itemId } of unanswered) {
      await this.#step(`line ${itemId}`, async (tx) => {
        const [review, item] = [await tx.reviews.get(id), await tx.reviewItems.get(itemId)]
        if (review === undefined || item === undefined) return null
        return settleUnanswered(act, review, item, (await tx.grants.get(item.grantId)) ?? null)
      })
    }
    await this.#step(`review ${id}`, async (tx) => {
      const review = await tx.reviews.get(id)
      if (review === undefined || review.state !== 'open') return null
      const items = await all(tx.reviewItems, { reviewId: id })
      const settled = items.every(({ decision }) => decision === 'keep' || decision === 'revoke')
      if (settled && act.now >= review.dueAt) return completion(act, review, items)
      return remind(act, review, items.filter(({ decision }) => decision === null).length, reviewReminderMs)
    })
  }

  /** They are notes and no history: that somebody was refused stands in the audit log. */
  async #forgetRefusals(): Promise<void> {
    const now = this.#deps.clock.now()
    if (now - this.#forgottenAt < FORGET_EVERY_MS) return
    this.#forgottenAt = now
    for (;;) {
      const old = await this.#deps.store.read((tx) => tx.refusals.list({ where: { expiresAt: { to: now } } }))
      if (old.length === 0) return
      await this.#deps.store.write(async (tx) => {
        for (const { id } of old) await tx.refusals.remove(id)
      })
    }
  }

  /** One record, one transaction: a conflict means that another node was first. */
  async #step(what: string, next: (tx: ReadTx) => Promise<Transition | null>): Promise<void> {
    try {
      await transact(this.#deps, async (tx, apply) => {
        const transition = await next(tx)
        if (transition !== null) await apply(transition)
      })
    } catch (error) {
      const known = asSallyportError(error)
      if (known.code !== 'SP-CONFLICT') this.#deps.failed(what, known)
    }
  }
}

/** Asked for in the last moments of a grant even where the last look was a short while ago. */
const LAST_MOMENT_MS = 10_000

function isLastMoment(record: GrantRecord, now: number): boolean {
  return isRenewalDue(record, now) && now >= record.grant.end - LAST_MOMENT_MS
}

/** A session that is open is use, though nothing of it was written yet. */
async function lastUse(tx: ReadTx, record: GrantRecord, now: number): Promise<number | null> {
  const usage = await all(tx.usage, { grantId: record.id })
  const sessions = await all(tx.sessions, { grantId: record.id, endedAt: null })
  const times = [record.lastUsedAt ?? 0, ...usage.map(({ lastAt }) => lastAt), sessions.length > 0 ? now : 0]
  const latest = Math.max(...times)
  return latest === 0 ? null : latest
}

import type { Operation } from '../../access/api_roles.ts'
import type { policyOperations } from '../contract/policies.ts'
import type { reviewOperations } from '../contract/reviews.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { given } from './given.ts'

const EVALUATE: Operation = 'policy.evaluate'
const NOT_KNOWN = { granted: null, used: null }

export function policyHandlers({ control, questions }: ApiDeps): Handlers<keyof typeof policyOperations> {
  return {
    listPolicies: async ({ caller, input: { query } }) => {
      const { kind, state } = query
      const { items, next } = await control.policies(caller, { ...pageOf(query), ...given({ kind, state }) })
      return { items, nextCursor: cursorOf(next) }
    },
    getPolicy: ({ caller, input: { params, query } }) => control.policy(caller, params.kind, params.name, query.at),
    listPolicyVersions: async ({ caller, input: { params, query } }) => {
      const { items, next } = await control.policyVersions(caller, params.kind, params.name, pageOf(query))
      return { items, nextCursor: cursorOf(next) }
    },
    putPolicy: ({ caller, ifMatch, input: { params, body } }) =>
      control.putPolicy(caller, { ...params, body: body.body, reason: body.reason, replaces: ifMatch ?? null }),
    deletePolicy: ({ caller, ifMatch, input: { params, query } }) =>
      control.putPolicy(caller, { ...params, body: null, reason: query.reason, replaces: ifMatch ?? null }),
    decidePolicy: ({ caller, input: { params, body } }) =>
      control.decidePolicy(caller, params.kind, params.name, params.number, body),
    evaluatePolicy: async ({ caller, input: { body } }) => {
      // What one may do oneself is no secret; what others may is.
      const own = body.person === null && body.groups === null && body.role === null
      await control.require(caller, own ? 'self.read' : EVALUATE)
      return configured(questions, 'asking what policy would do').evaluate(caller, body)
    },
    impactOfPolicy: async ({ caller, input }) => {
      await control.require(caller, EVALUATE)
      return configured(questions, 'asking what policy would do').impact(caller, input.body)
    },
  }
}

export function reviewHandlers({ control, usage }: ApiDeps): Handlers<keyof typeof reviewOperations> {
  return {
    openReview: ({ caller, input }) => control.openReview(caller, input.body),
    listReviews: async ({ caller, input }) => {
      const { items, next } = await control.reviews(caller, pageOf(input.query))
      return { items, nextCursor: cursorOf(next) }
    },
    getReview: ({ caller, input }) => control.review(caller, input.params.id),
    listReviewItems: async ({ caller, input }) => {
      const { items, next } = await control.reviewItems(caller, input.params.id, pageOf(input.query))
      const withUse = items.map(async (item) => ({ ...item, ...((await usage?.beside(item)) ?? NOT_KNOWN) }))
      return { items: await Promise.all(withUse), nextCursor: cursorOf(next) }
    },
    answerReviewItem: ({ caller, input }) => control.answerReview(caller, input.params.item, input.body),
    completeReview: ({ caller, input }) => control.completeReview(caller, input.params.id),
  }
}

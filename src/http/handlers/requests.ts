import type { requestOperations } from '../contract/requests.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import type { Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { given } from './given.ts'

export function requestHandlers({ control }: ApiDeps): Handlers<keyof typeof requestOperations> {
  return {
    createRequest: ({ caller, input }) => control.createRequest(caller, input.body),
    createRequestFromRefusal: ({ caller, input: { body } }) => control.createFromRefusal(caller, body.refusal, body),
    listRequests: async ({ caller, input: { query } }) => {
      const { view, state, target } = query
      const { items, next } = await control.requests(caller, { ...pageOf(query), view, ...given({ state, target }) })
      return { items, nextCursor: cursorOf(next) }
    },
    getRequest: ({ caller, input }) => control.request(caller, input.params.id),
    amendRequest: ({ caller, input }) => control.amendRequest(caller, input.params.id, input.body),
    voteOnRequest: ({ caller, input: { params, body } }) => {
      const { version, ...vote } = body
      return control.vote(caller, params.id, { ...vote, ...given({ version }) })
    },
    cancelRequest: ({ caller, input }) => control.cancelRequest(caller, input.params.id, input.body.reason),
    listApprovers: async ({ caller, input }) => ({ items: await control.approvers(caller, input.params.id) }),
  }
}

import type { Grant } from '../../policy/grant.ts'
import type { grantOperations } from '../contract/grants.ts'
import { cursorOf, pageOf } from '../cursor.ts'
import { configured, type Handlers } from '../handler.ts'
import type { ApiDeps } from '../ports.ts'
import { given } from './given.ts'

export function grantHandlers({ control, usage, fileGrants, clock }: ApiDeps): Handlers<keyof typeof grantOperations> {
  return {
    listGrants: async ({ caller, input: { query } }) => {
      const { view, state, target, person, review } = query
      const wanted = { ...pageOf(query), view, ...given({ state, target, person, review }) }
      const { items, next } = await control.grants(caller, wanted)
      return { items, nextCursor: cursorOf(next) }
    },
    listStandingGrants: async ({ caller }) => {
      await control.require(caller, 'grant.read_all')
      const now = clock.now()
      return { items: fileGrants().map((grant) => ({ state: stateOf(grant, now), grant })) }
    },
    getGrant: ({ caller, input }) => control.grant(caller, input.params.id),
    revokeGrant: ({ caller, input }) => control.revokeGrant(caller, input.params.id, input.body.reason),
    handBackGrant: ({ caller, input }) => control.handBack(caller, input.params.id, input.body.reason),
    extendGrant: ({ caller, input }) => control.extendGrant(caller, input.params.id, input.body),
    getGrantProgress: async ({ caller, input }) => {
      const { progress, grant } = await control.grant(caller, input.params.id)
      return { progress, statements: grant.plan?.statements.length ?? 0 }
    },
    getGrantUse: async ({ caller, input }) => {
      // Who may not see the grant may not see its use.
      const { id } = await control.grant(caller, input.params.id)
      return { items: await configured(usage, 'the use of grants').of(id) }
    },
    startBreakGlass: ({ caller, input: { body } }) => {
      const { target, role, parameters, incident, reason } = body
      const { provider, id } = incident
      return control.breakGlass(caller, { target, role, parameters, provider, incident: id, reason })
    },
    reviewBreakGlass: ({ caller, input }) => control.reviewBreakGlass(caller, input.params.id, input.body),
  }
}

function stateOf({ start, end }: Grant, now: number): 'scheduled' | 'active' | 'expired' {
  if (now >= end) return 'expired'
  return now < start ? 'scheduled' : 'active'
}

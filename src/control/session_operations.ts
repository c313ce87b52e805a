import type { AccessControl, Caller } from '../access/control.ts'
import { isSelf, nameOf } from '../access/person.ts'
import { ledProjects } from '../access/policy.ts'
import type { SessionRecord } from '../access/records.ts'
import { happened } from '../access/transition.ts'
import { checkedReason } from '../access/validate.ts'
import { SallyportError } from '../errors.ts'
import { personKey } from '../identity/identity.ts'
import { given, page } from './listing.ts'
import { acting, type ControlDeps, isAllowed, notFound, transact } from './running.ts'

type SessionOperations = Pick<AccessControl, 'session' | 'sessions' | 'endSession'>

export function sessionOperations(deps: ControlDeps): SessionOperations {
  return {
    session: (caller, id) => acting(deps, caller, 'self.read', id, () => sessionOf(deps, caller, id)),
    sessions: (caller, query) =>
      acting(deps, caller, query.view === 'all' ? 'session.read_all' : 'self.read', 'sessions', () =>
        deps.store.read((tx) => {
          const person = query.view === 'mine' ? personKey(caller.identity) : undefined
          const { target, grantId, ended } = query
          // The store asks for null, and not for what is not null.
          const where = given({ person, target, grantId, endedAt: ended ? { from: 0 } : null })
          return page(tx.sessions, where, query)
        }),
      ),
    endSession: (caller, id, reason) =>
      acting(deps, caller, 'self.read', id, async (act) => {
        const session = await sessionOf(deps, caller, id)
        if (session.endedAt !== null) throw new SallyportError('SP-STATE', 'the session has ended')
        const why = checkedReason(reason)
        const event = happened(act, 'session.ended_by', {
          entity: { type: 'session', id },
          person: session.person,
          target: session.target,
          role: session.role,
          grantId: session.grantId,
          reason: why,
          severity: 'medium',
        })
        await transact(deps, (_tx, apply) => apply({ writes: [], events: [event] }))
        await deps.endSession(session, nameOf(caller.identity), why)
        return session
      }),
  }
}

/** One's own, those of the targets that one leads, and for security all. */
async function sessionOf(deps: ControlDeps, caller: Caller, id: string): Promise<SessionRecord> {
  const session = await deps.store.read((tx) => tx.sessions.get(id))
  if (session === undefined) throw notFound('session', id)
  const { identity } = caller
  const mine =
    isSelf(identity, session.person) || ledProjects(deps.policy().projects, identity, session.target).length > 0
  if (mine || isAllowed(deps, caller, 'session.end')) return session
  throw notFound('session', id)
}

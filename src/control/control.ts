import type { AccessControl } from '../access/control.ts'
import type { Change } from '../access/policy_versions.ts'
import type { Identity } from '../identity/identity.ts'
import type { Refusals } from '../session/ports.ts'
import { breakGlassOperations } from './break_glass_operations.ts'
import { credentialOperations } from './credential_operations.ts'
import { delegationOperations } from './delegation_operations.ts'
import { grantOperations } from './grant_operations.ts'
import { lockOperations } from './lock_operations.ts'
import { endCredentials, type LoggedOutPerson } from './logouts.ts'
import { peopleOperations } from './people_operations.ts'
import { noteFilePolicies, policyOperations } from './policy_operations.ts'
import { RefusalNotes, refusalOperations } from './refusal_operations.ts'
import { requestOperations } from './request_operations.ts'
import { reviewOperations } from './review_operations.ts'
import { type ControlDeps, noteSeen } from './running.ts'
import { sessionOperations } from './session_operations.ts'
import { Timers } from './tick.ts'

/** What composition asks of the control plane beside the operations of people. */
export interface ControlPlane extends AccessControl {
  /** To be called every second or so; never rejects. */
  tick(): Promise<void>
  /** A person came with a good token, by whichever way. */
  seen(identity: Identity): Promise<void>
  /** The identity provider says that a person has logged out there: what was issued to them ends. */
  loggedOut(who: LoggedOutPerson): Promise<void>
  /** To be called with the policy files' content each time that they are read. */
  noteFilePolicies(entries: readonly Pick<Change, 'kind' | 'name' | 'body' | 'digest'>[]): Promise<void>
  readonly refusals: Refusals
  /** Resolves when the notes of refusals are stored: at the end of the process. */
  settled(): Promise<void>
}

export function createControl(deps: ControlDeps): ControlPlane {
  const timers = new Timers(deps)
  const notes = new RefusalNotes(deps)
  return {
    ...peopleOperations(deps),
    ...requestOperations(deps),
    ...refusalOperations(deps),
    ...grantOperations(deps),
    ...breakGlassOperations(deps),
    ...lockOperations(deps),
    ...delegationOperations(deps),
    ...credentialOperations(deps),
    ...sessionOperations(deps),
    ...policyOperations(deps),
    ...reviewOperations(deps),
    tick: () => timers.tick(),
    seen: (identity) => noteSeen(deps, identity),
    loggedOut: (who) => endCredentials(deps, who),
    noteFilePolicies: (entries) => noteFilePolicies(deps, entries),
    refusals: { note: (refused) => notes.note(refused) },
    settled: () => notes.settled(),
  }
}

import type { Identity } from '../identity/identity.ts'
import { isNamedBy } from './person.ts'
import type { TargetFacts } from './policy.ts'
import type { IncidentAnswer } from './ports.ts'

/** What an incident says of a person on a target. */
export type Standing =
  | { readonly kind: 'open'; readonly title: string; readonly flagged: boolean }
  | { readonly kind: 'closed'; readonly at: number | null }
  /** Not an answer that anything could be built on. */
  | { readonly kind: 'doubtful'; readonly why: string }
  | { readonly kind: 'not_yours'; readonly why: string }

/** `onUnverified` is what to do where the provider can't be reached; an incident that it doesn't know is never open. */
export function standingOf(
  answer: IncidentAnswer,
  person: Identity,
  target: TargetFacts,
  onUnverified: 'deny' | 'allow_and_flag',
): Standing {
  if (answer.kind === 'unknown') return { kind: 'doubtful', why: `the provider doesn't know it: ${answer.detail}` }
  if (answer.kind === 'unreachable') {
    if (onUnverified === 'allow_and_flag') return { kind: 'open', title: '', flagged: true }
    return { kind: 'doubtful', why: `the provider can't be asked: ${answer.detail}` }
  }
  if (!answer.open) return { kind: 'closed', at: answer.closedAt }
  if (!isNamedBy(person, [...answer.assignees, ...answer.onCall])) {
    return { kind: 'not_yours', why: 'it is neither assigned to you nor are you on call for it' }
  }
  const service = Object.hasOwn(target.labels, 'service') ? target.labels.service : undefined
  if (service === undefined || !answer.services.includes(service)) {
    return { kind: 'not_yours', why: `it does not affect the service of ${target.name} (${service ?? 'it has none'})` }
  }
  return { kind: 'open', title: answer.title, flagged: false }
}

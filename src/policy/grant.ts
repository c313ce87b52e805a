import type { ParameterValue } from './role.ts'

/** What an approved request becomes. Never edited, only ended. */
export interface Grant {
  readonly id: string
  /** Exactly one of the three names who holds it. */
  readonly principal: { readonly subject: string } | { readonly email: string } | { readonly group: string }
  readonly target: string
  readonly role: string
  readonly parameters: ReadonlyMap<string, ParameterValue>
  /** Milliseconds since the epoch; start inclusive, end exclusive. */
  readonly start: number
  readonly end: number
  readonly reason: string
  readonly ticket: string | null
}

/** A serialisable view of every grant, with the version that it was taken at. */
export interface GrantsSnapshot {
  readonly version: number
  readonly grants: readonly Grant[]
}

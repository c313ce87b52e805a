import type { ClientMessage } from '../../../src/wire/postgres/client.ts'
import type { YardRole } from './yard.ts'

/** SQL as a simple query, or messages of the protocol as they are; those end in a Sync or Query each. */
export type CaseStep = string | readonly ClientMessage[]

/**
 * What has to come out, where the twins differ in nothing but hidden values:
 * - `hidden`: it tells the twins apart when nothing is hidden, and gives the same bytes for both under the role;
 * - `closed`: the same bytes for both under the role, and the last step is refused;
 * - `probe`: the same bytes for both under the role; the server itself has nothing to tell, or refuses it;
 * - `allowed`: no error, and the same answer as when nothing is hidden.
 */
export type Expectation = 'hidden' | 'closed' | 'probe' | 'allowed'

export interface Case {
  readonly of: string
  readonly expect: Expectation
  readonly by: YardRole
  readonly steps: readonly CaseStep[]
}

export type Listed = string | readonly CaseStep[]

/** Cases of one class; a single text is a single step. */
export function cases(of: string, expect: Expectation, listed: readonly Listed[], by: YardRole = 'reader'): Case[] {
  return listed.map((steps) => ({ of, expect, by, steps: typeof steps === 'string' ? [steps] : steps }))
}

/** What runs in a transaction that is rolled back. */
export function undone(...steps: readonly CaseStep[]): readonly CaseStep[] {
  return ['BEGIN', ...steps, 'ROLLBACK']
}

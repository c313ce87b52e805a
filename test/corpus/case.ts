/**
 * What has to come out, where the twins differ in nothing but hidden values:
 * - `hidden`: it tells the twins apart when nothing is hidden, and gives the same bytes for both under the role;
 * - `closed`: the same bytes for both under the role, and the last step is refused;
 * - `probe`: the same bytes for both under the role; the server itself has nothing to tell, or refuses it;
 * - `allowed`: no error, and the same answer as when nothing is hidden.
 */
export type Expectation = 'hidden' | 'closed' | 'probe' | 'allowed'

/** Steps of one session, in order; it goes on after an error. */
export interface CorpusCase<Step, Role> {
  readonly of: string
  readonly expect: Expectation
  readonly by: Role
  readonly steps: readonly Step[]
}

/** Cases of one class; a single step stands for itself. */
export function casesOf<Step, Role>(
  of: string,
  expect: Expectation,
  listed: readonly (Step | readonly Step[])[],
  by: Role,
): CorpusCase<Step, Role>[] {
  return listed.map((steps) => ({ of, expect, by, steps: isList(steps) ? steps : [steps] }))
}

function isList<Step>(steps: Step | readonly Step[]): steps is readonly Step[] {
  return Array.isArray(steps)
}

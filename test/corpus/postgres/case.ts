import type { ClientMessage } from '../../../src/wire/postgres/client.ts'
import { type CorpusCase, casesOf, type Expectation } from '../case.ts'
import type { YardRole } from './yard.ts'

/** SQL as a simple query, or messages of the protocol as they are; those end in a Sync or Query each. */
export type CaseStep = string | readonly ClientMessage[]

export type Case = CorpusCase<CaseStep, YardRole>

type Listed = string | readonly CaseStep[]

/** Cases of one class; a single text is a single step. */
export function cases(of: string, expect: Expectation, listed: readonly Listed[], by: YardRole = 'reader'): Case[] {
  return casesOf<CaseStep, YardRole>(of, expect, listed, by)
}

/** What runs in a transaction that is rolled back. */
export function undone(...steps: readonly CaseStep[]): readonly CaseStep[] {
  return ['BEGIN', ...steps, 'ROLLBACK']
}

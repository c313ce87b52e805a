import type { Command } from '../../../src/wire/mysql/command.ts'
import { type CorpusCase, casesOf, type Expectation } from '../case.ts'
import type { YardRole } from './yard.ts'

/** What follows a command: a result or several, a prepared statement, the rows of a cursor, columns, a text, or nothing. */
export type Answered = 'result' | 'prepared' | 'rows' | 'text' | 'nothing'

/** A command of the protocol. `statement` is the number that the server gave to what was prepared last. */
export interface Part {
  readonly answered: Answered
  readonly command: (statement: number) => Command | Uint8Array
  /** For the test's name. */
  readonly shown: string
}

/** SQL as a query, or commands one after the other. */
export type CaseStep = string | readonly Part[]

export interface Case extends CorpusCase<CaseStep, YardRole> {
  /** Where only one of the servers has the words for it. */
  readonly only?: 'MySQL' | 'MariaDB'
}

type Listed = CaseStep | readonly CaseStep[]

/** Cases of one class; a single text is a single step. */
export function cases(of: string, expect: Expectation, listed: readonly Listed[], by: YardRole = 'reader'): Case[] {
  return casesOf<CaseStep, YardRole>(of, expect, listed.map(stepsOf), by)
}

/** The same for words that one server alone has. */
export function casesOn(
  only: 'MySQL' | 'MariaDB',
  ...[of, expect, listed, by]: Parameters<typeof cases>
): readonly Case[] {
  return cases(of, expect, listed, by).map((one) => ({ ...one, only }))
}

/** What runs in a transaction that is rolled back. */
export function undone(...steps: readonly CaseStep[]): readonly CaseStep[] {
  return ['BEGIN', ...steps, 'ROLLBACK']
}

function stepsOf(listed: Listed): readonly CaseStep[] {
  return typeof listed === 'string' || isParts(listed) ? [listed] : listed
}

function isParts(listed: readonly CaseStep[] | readonly Part[]): listed is readonly Part[] {
  const first = listed[0]
  return typeof first === 'object' && 'answered' in first
}

import type { Statement } from './statement_facts.ts'

/**
 * The words of a statement, one space apart: equal for two statements only where the server reads the same from both.
 * White space, plain comments and the case of reserved words are left out of it. The case of names is kept, since that of
 * tables can matter; literals are in it as written.
 */
export function comparedTokens({ tokens }: Statement): string {
  const words = tokens.filter(({ kind }) => kind !== 'end')
  return words.map(({ kind, name, upper, text }) => (kind === 'word' && !name && upper !== '' ? upper : text)).join(' ')
}

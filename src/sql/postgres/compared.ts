import type { Span } from '../facts.ts'
import type { Token } from './tokens.ts'

/**
 * The words of a statement, one space apart: equal for two statements only where the server reads the same from both.
 * White space, comments and the case of keywords and of unquoted names are left out of it; literals are in it as written.
 */
export function comparedTokens(text: string, tokens: readonly Token[], span: Span): string {
  const own = tokens.filter(({ start }) => start >= span.start && start < span.end)
  return own.map(({ kind, start, end }) => written(text.slice(start, end), kind)).join(' ')
}

/** The server folds ASCII letters; whether others too is a matter of its locale (downcase_identifier, scansup.c). */
function written(word: string, kind: Token['kind']): string {
  return kind === 'word' ? word.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : word
}

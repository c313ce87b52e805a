import type { Span } from '../facts.ts'
import { type Token, tokenize } from './tokens.ts'

/**
 * The text with each string and number replaced by `?` and without comments: what the audit keeps of a statement.
 * It works on tokens alone, so that a text that does not parse loses its literals too. Never throws.
 */
export function normalizePostgres(text: string): string {
  return normalizeTokens(text, tokenize(text), { start: 0, end: text.length })
}

/** As `normalizePostgres`, of one statement of a text whose tokens are at hand. */
export function normalizeTokens(text: string, tokens: readonly Token[], span: Span): string {
  let normalized = ''
  let end = span.start
  for (const token of tokens) {
    if (token.start < span.start) continue
    if (token.start >= span.end) break
    if (token.start > end && normalized !== '') normalized += ' '
    const literal = token.kind === 'string' || token.kind === 'number'
    normalized += literal ? '?' : text.slice(token.start, token.end)
    end = token.end
  }
  return normalized
}
